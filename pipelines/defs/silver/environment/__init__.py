"""Residues in water: what is measured where, and the parameters by which concentrations are predicted."""
