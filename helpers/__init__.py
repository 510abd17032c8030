"""The small package behind *A Gentle Introduction to Partial Pooling*."""
