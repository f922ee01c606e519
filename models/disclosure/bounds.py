"""What can be worked out of a table that left: the range of each hidden cell, by a solver of its own.

Takes what a reader has: the shown cells, that margins are sums, how cells are rounded, that nothing is below 0. Shares
nothing with the hiding but the solver.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.sparse import csr_array

from models.disclosure.programme import Floats
from models.disclosure.programme import least as whole
from models.disclosure.table import Ints

ENDLESS = 10_000_000  # stands for no end: solvers tell no end badly


def ranges(shown: Ints, rounded_to: int = 1) -> dict[tuple[int, ...], tuple[int, float]]:
    """Least and greatest whole number that each hidden cell (-1) can hold; infinite where nothing holds it back.

    Raises:
        ValueError: no table has these cells: what is shown contradicts itself.
    """
    shape = shown.shape
    names = {at: i for i, at in enumerate(product(*map(range, shape)))}
    least, most = np.zeros(len(names)), np.full(len(names), float(ENDLESS))
    for at, i in names.items():
        if shown[at] >= 0:
            below, above = rounded_to // 2, (rounded_to - 1) // 2
            least[i], most[i] = max(0, shown[at] - below), shown[at] + above
    equations = []
    for axis, size in enumerate(shape):
        for rest in product(*(range(n) for j, n in enumerate(shape) if j != axis)):
            row = np.zeros(len(names))
            for level in range(size):
                row[names[(*rest[:axis], level, *rest[axis:])]] = 1 if level < size - 1 else -1
            equations.append(row)
    sums = np.array(equations)
    hidden = [at for at in names if shown[at] < 0]
    return {at: (int(_end(names[at], 1, sums, least, most)), _end(names[at], -1, sums, least, most)) for at in hidden}


def _end(cell: int, sign: int, sums: Floats, least: Floats, most: Floats) -> float:
    """Least (`sign` 1) or greatest (-1) value of a cell."""
    aim = np.zeros(sums.shape[1])
    aim[cell] = sign
    found = whole(aim, csr_array(sums), least, most)
    if found is None:
        raise ValueError("no table of whole numbers has these cells")
    end = float(found[cell])
    return end if end < ENDLESS else float("inf")
