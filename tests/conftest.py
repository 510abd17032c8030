"""What the tests of the site share."""

from reader import browser as browser
from reader import visit as visit
