"""Decisions, readings, verdicts on duplicates, saved queries, audit: rows of the store of the setting `workbench`.

The store is where people write; the lake holds what stood in it at the last run, and asks it for nothing else.
"""
