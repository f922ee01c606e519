"""Batches: where they were made, where they went, what was tested and complained of."""
