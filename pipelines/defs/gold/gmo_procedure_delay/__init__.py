"""How long files on genetically modified organisms lie in each step, open ones among them."""
