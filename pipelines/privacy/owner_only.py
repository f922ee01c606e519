"""What this process and those that it starts write is readable by their owner only."""

from __future__ import annotations

import os

OTHERS = 0o077


def owner_only() -> None:
    """Take every right from group and others on files made from now on: said once where a process begins."""
    os.umask(OTHERS)
