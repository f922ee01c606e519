"""What one file may ask of this machine: every limit on size, expansion and time, in one place.

Constants alone: readers and counters, which share no code, must mean the same limits.
"""

from __future__ import annotations

TEXT_BYTES = 4 << 20
"""Longest line of a text, and longest quoted field of a CSV.

A longer line is one record, quarantined. A quoted field that does not end in so many bytes, or whose closing quote is
on a later line and followed by neither delimiter nor line end, or in which the file ends, is none: the record ends with
the line that the field begins in, is quarantined, and the next line is read.
"""
LOOKED_AT_BYTES = 64 << 10
"""Of a text whose line ends they tell: a carriage return is one where more of them stand alone than line feeds do."""

WHOLE_BYTES = 1 << 30
"""Largest file that is held whole while it is read: a workbook, or Parquet inside an archive."""
WORKBOOK_BYTES = 256 << 20
"""Largest workbook, expanded."""
EXPANSION = 200
"""How many times its size a packed file may expand to, once it is more than `EXPANSION_FREE_BYTES`."""
EXPANSION_FREE_BYTES = 50_000_000

EXPANDED_BYTES = 64 << 30
"""Largest file, and largest sum of an archive's files, expanded."""
MEMBERS = 100_000
"""Most files of an archive."""
SECONDS, BYTES_A_SECOND = 120, 50_000
"""Time to read a file, as it lies there: so many seconds, and one more for so many bytes."""

RECORD_BYTES = 32 << 20
"""Longest record of JSON."""
MESSAGE_BYTES = 64 << 20
"""Longest message of XML, and most that may stand between two."""
HEAD_BYTES = 1 << 20
"""Most that may stand before the first message of XML."""
COUNTED_BYTES = 1 << 24  # of a file that a counter takes at a time
