"""What the handbook tells users of R runs in R, on a file that `gerland sql` writes."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from tests.conftest import ROOT
from tests.workbench.conftest import write

HANDBOOK = ROOT / "infra" / "docs" / "how-to" / "r-and-excel.md"
MONTH = dt.date(2024, 2, 29)
PAIRS = [  # population, substance, term, reports, IC025 and whether it is flagged
    ("human", "GEFALIX", 'Rash, "itchy"', 7, 0.25, True),
    ("human", "ÉTHANOL; 70 %", "Cardiac oedema", 4, 1.5, True),
    ("human", "BELUBIL", "Fever", 1, -1.5, False),
    ("human", "LUMORA", "Fever", 1, None, None),
    ("veterinary", "GEFALIX", "Rash", 9, 3.0, True),
]
PRINT = """
cat(sprintf("%s|%s|%d|%.2f|%s\\n", strongest$substance_name, strongest$term_name, strongest$a, strongest$ic025,
            format(strongest$month)), sep = "")
stopifnot(is.logical(signals$is_ic_signal), is.numeric(signals$ic025), sum(is.na(signals$ic025)) == 1)
"""


@pytest.mark.skipif(not shutil.which("Rscript"), reason="no R is installed here: Rscript is not on the path")
def test_r_alone_reads_a_file_of_signals_as_the_handbook_says(tmp_path):
    names = ("population", "substance_name", "term_name", "a", "ic025", "is_ic_signal")
    rows = [dict(zip(names, pair, strict=True)) for pair in PAIRS]
    told = [row | {"is_latest": True, "month": MONTH, "substance_key": row["substance_name"]} for row in rows]
    write(tmp_path / "lake", "gold.signal", [row | {"term_key": row["term_name"]} for row in told])
    sql, out = "SELECT * FROM gold.signal WHERE is_latest", str(tmp_path / "signals.csv")
    done = CliRunner().invoke(app, ["sql", sql, "--lake", str(tmp_path / "lake"), "--out", out])
    assert done.exit_code == 0, done.output
    (script,) = re.search(r"## R alone.*?```r\n(.*?)```", HANDBOOK.read_text(encoding="utf-8"), re.DOTALL).groups()
    ended = subprocess.run(
        ["Rscript", "--vanilla", "-e", script + PRINT], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    flagged = sorted((r for r in told if r["population"] == "human" and r["is_ic_signal"]), key=lambda r: -r["ic025"])
    expected = [f"{r['substance_name']}|{r['term_name']}|{r['a']}|{r['ic025']:.2f}|{MONTH}" for r in flagged]
    assert ended.stdout.splitlines()[-2:] == expected
