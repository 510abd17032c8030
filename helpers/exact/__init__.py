"""The exact posterior of the partially pooled model: `exact_posterior` is the door."""

from helpers.exact.posterior import ExactPosterior as ExactPosterior
from helpers.exact.posterior import exact_posterior as exact_posterior
