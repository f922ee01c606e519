"""Rates of counted events over an exposure: exact intervals, comparison with siblings, classes of incidence."""
