"""Bacteria tested, and those that resist: who counted what by which criterion; antibiotics and days in hospital."""
