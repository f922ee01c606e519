"""Interactions: two substances that together get more reports of an event than either explains."""
