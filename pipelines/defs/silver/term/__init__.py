"""Dictionaries of clinical terms."""
