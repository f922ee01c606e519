"""Disclosure control: which cells are hidden in what leaves, and what can be worked out of the others."""
