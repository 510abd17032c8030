"""The checks of the exercises: `from checks import check`."""

from checks.checking import check as check
from checks.checking import solved as solved
