"""Confounding by co-medication: all substances of a report explain its events together."""
