"""Contracts: what a table, a step, a source, a rule is, and how they are found. Nothing here names a source."""
