"""How much is reported, by whom, about what."""
