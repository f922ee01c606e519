"""Pseudonyms on entry, the keys they are made with, and the proof that a text stands nowhere."""
