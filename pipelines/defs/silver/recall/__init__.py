"""Recalls of medicines, and the batches that they name."""
