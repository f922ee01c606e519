"""Who was exposed to what, when and where."""
