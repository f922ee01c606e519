"""The bridge between the dictionaries of events."""
