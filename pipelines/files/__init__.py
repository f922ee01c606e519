"""Bytes to rows: stores, encodings, delimited and quoted text, JSON, XML, workbooks, and their counters."""
