"""Batches that are reported more often than their siblings, doses considered."""
