"""What is linked to a thing, as known on a date: chains from any of their ends, hubs, names, and the shortest way."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.commands.trace import COLUMNS, trace
from pipelines.defs.gold.link.tables import Link
from pipelines.lake.query import QueryError
from pipelines.output.graph import drawn

D = dt.date
NAMES = {"site:OMS:1": "Site of Lyon", "batch:P|L1": "L-1", "substance:S": "VELO", "product:C": "Velo 5 mg"}
CHAIN = [
    ("batch:P|L1", "made at", "site:OMS:1", D(2012, 11, 1)),
    ("batch:P|L1", "of", "pack:P", D(2012, 11, 1)),
    ("pack:P", "of", "product:C", D(2012, 1, 1)),
    ("product:C", "contains", "substance:S", D(2012, 1, 1)),
    ("report:r1", "names", "batch:P|L1", D(2012, 11, 20)),
    ("recall:s|e|p", "recalls", "batch:P|L1", D(2012, 11, 27)),
    ("inspection:s|I", "of", "site:OMS:1", D(2012, 12, 31)),
    ("batch:P|L1", "sent to", "place:69", D(2012, 11, 30)),
    ("batch:Q|M1", "sent to", "place:69", D(2012, 11, 30)),
    ("shortage:x", "of", "product:C", D(2012, 12, 11)),
    ("station:05", "measures", "substance:S", D(2012, 9, 1)),
    ("station:05", "lies in", "basin:06", D(2012, 9, 1)),
    ("plant:Velo vulgaris", "named as", "substance:S", D(2012, 1, 1)),
    ("access:s|d", "access to", "substance:S", D(2012, 1, 1)),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    crowd = [(f"batch:P|X{i}", "made at", "site:OMS:1", D(2012, 1, 1)) for i in range(100)]
    rows = []
    for start, kind, end, known in [*CHAIN, *crowd, ("batch:P|GONE", "made at", "site:OMS:1", D(2012, 1, 1))]:
        (from_kind, from_key), (to_kind, to_key) = (x.split(":", 1) for x in (start, end))
        told = {"from_kind": from_kind, "from_key": from_key, "from_name": NAMES.get(start), "to_kind": to_kind}
        told |= {"to_key": to_key, "to_name": NAMES.get(end), "link_kind": kind, "known_from": known, "n": 1.0}
        told |= {"basis": "declared", "confidence": 1.0, "source": "s", "sensitivity": "internal"}
        gone = "GONE" in start
        rows.append(dict.fromkeys(Link.columns) | told | {"valid_to": D(2012, 6, 1) if gone else None})
    rows.append(rows[0] | {"to_key": "OMS:9", "missing": "to"})
    root = tmp_path_factory.mktemp("lake")
    write_deltalake(str(root / "gold" / "link"), pa.Table.from_pylist(rows, schema=Link.arrow_schema()))
    return str(root)


def others(found: pa.Table) -> set[str]:
    return set(found["other"].to_pylist())


@pytest.mark.parametrize("start", ["VELO", "r1", "l-1", "batch:P|L1", "shortage:x", "recall:s|e|p", "s|I", "OMS:1"])
def test_the_chain_is_found_from_any_of_its_things(lake, start):
    beyond = 1000 if start == "s|I" else 60  # between an inspection and a batch there is only the site, a hub
    found = {t for t in others(trace(lake, start, depth=8, hub=beyond)) if "|X" not in t}
    chain = {end for a, _, b, _ in CHAIN for end in (a, b)} - {"batch:Q|M1"}
    assert len(chain - found) == 1, "all but the start"
    assert not any("OMS:9" in thing for thing in found)


def test_a_hub_is_listed_and_not_walked_through_unless_asked(lake):
    assert not any("|X" in thing for thing in others(trace(lake, "r1", depth=6)))
    assert any("|X" in thing for thing in others(trace(lake, "r1", depth=6, hub=1000)))
    site = others(trace(lake, "Site of Lyon", depth=1))
    assert len([thing for thing in site if thing.startswith("batch:")]) == 101 and "batch:P|GONE" not in site
    assert "batch:Q|M1" not in others(trace(lake, "r1", depth=6)), "a place links two batches to nothing"


def test_on_a_date_only_what_was_known_then_is_linked(lake):
    then = others(trace(lake, "l1", depth=6, as_of="2012-11-25"))
    assert "report:r1" in then and not {"recall:s|e|p", "inspection:s|I", "shortage:x"} & then
    assert "batch:P|GONE" in others(trace(lake, "OMS:1", depth=1, as_of="2012-05-01"))


def test_the_shortest_way_between_a_report_and_an_inspection(lake):
    rows = trace(lake, "r1", to="s|I").to_pylist()
    assert [(r["thing"], r["link"], r["other"]) for r in rows] == [
        ("report:r1", "names →", "batch:P|L1"),
        ("batch:P|L1", "made at →", "site:OMS:1"),
        ("site:OMS:1", "← of", "inspection:s|I"),
    ]
    assert list(rows[0]) == list(COLUMNS)
    with pytest.raises(QueryError, match="no way leads"):
        trace(lake, "r1", to="batch:Q|M1")


def test_unknown_and_ambiguous_names_say_so(lake):
    with pytest.raises(QueryError, match="did you mean 'VELO'"):
        trace(lake, "VELOO")
    with pytest.raises(QueryError, match="has not been built"):
        trace("/nonsuch", "VELO")


def test_a_drawing_holds_each_thing_once_and_escapes_names(lake):
    rows = trace(lake, "l1", depth=3).to_pylist()
    svg = drawn([*rows, rows[0] | {"other": "act:<b>", "other_name": "<b>"}])
    assert svg.count("<title>batch:P|L1</title>") == 1 and "&lt;b&gt;" in svg and "<b>" not in svg
    assert "and 62 more" in drawn(trace(lake, "OMS:1", depth=1).to_pylist())
    assert drawn([]).startswith("<svg")


def test_the_command_answers_in_less_than_two_seconds_of_the_processor(lake, tmp_path):
    begun = time.process_time()
    done = CliRunner().invoke(app, ["trace", "l1", "--kind", "report", "--lake", lake, "--format", "csv"])
    assert done.exit_code == 0 and "report:r1" in done.output and time.process_time() - begun < 2
    drawing = tmp_path / "x.svg"
    CliRunner().invoke(app, ["trace", "l1", "--lake", lake, "--drawing", str(drawing)])
    assert "Site of Lyon" in drawing.read_text()


def test_it_looks_for_no_other_table_and_compiles_nothing(lake):
    """What a fresh process loads is most of the time that it takes to answer."""
    asked = (
        "import sys; from pipelines.commands.trace import trace; trace(sys.argv[1], 'VELO'); "
        "print(*[m for m in ('numba', 'pipelines.core.catalog', 'pyspark') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked, lake], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
