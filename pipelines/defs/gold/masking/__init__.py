"""Masking: which substance hides which signals of other substances."""
