"""Denominators: who could have been treated."""
