"""Multiplicity: how many of the pairs that a ranking puts first are there by chance?"""
