"""Residues of medicines in water and soil: predicted from use, measured, and held against what has no effect."""
