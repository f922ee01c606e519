"""How long things last of which some have not ended yet."""
