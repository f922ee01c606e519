"""Nutrivigilance declarations to rows: the reading that all declaration forms share."""

from pipelines.formats.declarations import count, read

__all__ = ["count", "read"]
