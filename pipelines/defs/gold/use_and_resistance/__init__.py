"""Antibiotics used beside bacteria that resist, in people and animals, and how the two go together between places."""
