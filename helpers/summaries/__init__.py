"""Reduce pupils to three numbers a school: the doors of this room, and its checks."""

from helpers.summaries.engines import summarise_schools as summarise_schools
from helpers.summaries.rows import check_spreads as check_spreads
from helpers.summaries.rows import check_summaries as check_summaries
from helpers.summaries.rows import merge_summaries as merge_summaries
