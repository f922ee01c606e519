"""Figures that agencies published: what our own are held against."""
