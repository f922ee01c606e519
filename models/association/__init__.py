"""Associations between places: how a share of isolates goes with what is used there."""
