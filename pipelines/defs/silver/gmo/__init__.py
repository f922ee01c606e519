"""Medicines that are or hold genetically modified organisms: their files across both agencies."""
