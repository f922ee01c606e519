"""How often something is reported, for those exposed to it."""
