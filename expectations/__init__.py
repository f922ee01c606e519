"""Data quality: rules compiled from the table classes, run by Great Expectations, told with counts and advice."""
