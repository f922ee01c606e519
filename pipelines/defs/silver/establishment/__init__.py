"""Places where medicines are made and tested, and what authorities found and did there."""
