"""Folders to Dagster: assets, checks, the executor, what is recorded of a run."""
