"""Adverse-event reports of all vigilances in one language: the case, its products, its events."""
