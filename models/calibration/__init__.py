"""Calibration: what estimates of exposures known to have no effect say about the others."""
