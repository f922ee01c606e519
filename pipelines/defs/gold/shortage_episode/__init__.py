"""Shortages as episodes, and how much of the register is short."""
