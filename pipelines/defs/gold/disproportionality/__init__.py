"""Disproportionality signals: every pair of substance and event, at every month end, as known then."""
