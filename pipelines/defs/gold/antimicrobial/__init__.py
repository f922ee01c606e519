"""Antimicrobials of people and animals side by side, each over its denominators."""
