"""Quality defects of a product that fall together in place and time."""
