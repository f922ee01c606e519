"""One plant, ingredient or pigment in all its guises."""
