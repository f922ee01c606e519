"""What the embedded engine forks its Python workers from: Spark's daemon, with what the tasks need already there.

Spark puts archives of itself before the installed packages, one of them a jar of thousands of classes, and has a worker
read the directories of all of them again before each task, and look through all its objects for garbage after it. Here
workers import the installed packages, which hold the same, and what is imported before the fork is not looked through.
"""

from __future__ import annotations

import gc
import importlib
import sys

ARCHIVES = (".zip", ".jar")
SHARED = (  # by most tasks; nothing that starts threads when it is imported, for threads are not forked
    "numpy",
    "pandas",
    "pyarrow.compute",
    "pyarrow.fs",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.special",
    "pyspark.worker",
)


def main() -> None:
    """Fork workers until the engine ends."""
    sys.path[:] = [place for place in sys.path if not place.endswith(ARCHIVES)]
    for place in [p for p in sys.path_importer_cache if p.endswith(ARCHIVES)]:
        del sys.path_importer_cache[place]
    from pyspark.daemon import manager

    for name in SHARED:
        importlib.import_module(name)
    gc.freeze()
    manager()


if __name__ == "__main__":
    main()
