"""Nutrivigilance declarations to rows: the reading that all declaration forms share."""

from pipelines.core.declarations import count, read

__all__ = ["count", "read"]
