"""The checks of the exercises: `from checks import check`."""

from checks.answers import check as check
