"""Which sites to inspect first, and why."""
