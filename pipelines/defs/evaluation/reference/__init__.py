"""Pairs that are true or not, found in the lake, and which substances train."""
