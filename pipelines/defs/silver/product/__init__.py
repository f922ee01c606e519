"""Medicinal products and packs, human and veterinary, with validity in time; shortages."""
