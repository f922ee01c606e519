"""Medicines prescribed and supplied for animals, farm by farm."""
