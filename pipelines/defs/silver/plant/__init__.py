"""Plants by their botanical name, and the herbal drugs made of them."""
