"""Exposure from dispensed lines at national size, against DuckDB on the same files, and the memory it takes.

`python -m tests.benchmarks.exposure [--lines N]`. Two years of flows; a person in five has two pseudonyms.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from tests.benchmarks.dcir import FIRST, FLOWS, month, platform_of, same, words
from tests.benchmarks.measure import ROUNDS, Line, in_turn, say, target_at

if TYPE_CHECKING:
    from pipelines.core.table import Table
    from pipelines.lake.platform import Platform

PACKS, SUBSTANCES = 3_000, 400
REGIONS = ["11", "24", "27", "28", "32", "44", "52", "53", "75", "76", "84", "93", "94"]
CHUNK = 1_000_000
TARGETS = {100_000_000: 1.5}  # by lines
MEMORY_LIMIT = 8 * 2**30


def put(platform: Platform, table: type[Table], parts: dict[str, str], columns: dict[str, Any]) -> None:
    """Write one file of a table, columns not given being null."""
    from pipelines.lake import file_output

    n = len(next(iter(columns.values())))
    schema = pa.schema([f for f in table.arrow_schema() if f.name not in parts])
    rows = pa.table({f.name: columns.get(f.name, pa.nulls(n, f.type)) for f in schema}).cast(schema)
    output = file_output.Output(platform.lake.prepared(table), parts, is_text=True)
    for first in range(0, n, CHUNK):
        output.write(rows.slice(first, CHUNK))
    platform.lake.commit_files(table, [output.added() or {}], {}, replacing={})


def write(platform: Platform, lines: int, persons: int) -> None:
    """Write dispensed lines of all flows, the insured, and the products that packs are of."""
    from pipelines.defs.silver.dispensing.tables import Dispensing, Insured
    from pipelines.defs.silver.product.tables import Pack, PackContent, ProductSubstance
    from pipelines.defs.silver.substance.tables import SubstanceName

    size = lines // FLOWS
    for flow in range(FLOWS):
        random = np.random.default_rng([11, flow])
        care = np.array(month(FIRST + flow - 1), "datetime64[D]") + random.integers(0, 28, size)
        columns = {
            "insured": words(10**11 + random.integers(0, persons * 6 // 5, size)),
            "kind": same("town", size),
            "pack_key": pa.array([f"CIP13:{3_400_930_000_000 + i}" for i in range(PACKS)]).take(
                pa.array(np.minimum(random.geometric(0.002, size), PACKS) - 1)
            ),
            "dispensed_date": pa.array(care).cast(pa.date32()),
            "pharmacy": same("P", size),
            "n_units": pa.array(random.integers(-1, 4, size).astype(np.int32)),
            "n_lines": pa.array(np.ones(size, np.int32)),
            "n_regularisations": pa.array(np.zeros(size, np.int32)),
            "sex": pa.array(["male", "female"]).take(pa.array(random.integers(0, 2, size))),
            "birth_year": pa.array(random.integers(1930, 2015, size).astype(np.int32)),
            "region": pa.array(REGIONS).take(pa.array(random.integers(0, len(REGIONS), size))),
        }
        put(platform, Dispensing, {"source": "snds", "flow_date": month(FIRST + flow).isoformat()}, columns)
    number = np.arange(persons * 6 // 5)
    person = np.where(number < persons, number, number - persons)
    people = {
        "insured": words(10**11 + number),
        "person": words(10**11 + person),
        "sex": pa.array(["male", "female"]).take(pa.array(person % 2)),
        "birth_year": pa.array((1930 + person % 85).astype(np.int32)),
    }
    put(platform, Insured, {"source": "snds"}, people)
    keys = [f"CIP13:{3_400_930_000_000 + i}" for i in range(PACKS)]
    names = [f"SUBSTANCE {chr(65 + i // 26)}{chr(65 + i % 26)}" for i in range(SUBSTANCES)]
    products = [f"CIS:{i}" for i in range(PACKS)]
    since = pa.array([dt.date(2020, 1, 1)] * PACKS)
    put(platform, Pack, {"source": "bdpm"}, {"pack_key": keys, "product_key": products, "valid_from": since})
    put(platform, PackContent, {"source": "snds"}, {"pack_key": keys, "mg_per_pack": [500.0] * PACKS})
    held = {"product_key": products, "source_substance_name": [names[i % SUBSTANCES] for i in range(PACKS)]}
    put(platform, ProductSubstance, {"source": "bdpm"}, held | {"ingredient_seq": [1] * PACKS, "valid_from": since})
    known = {"normalised_name": names, "substance_key": names, "kind": ["official"] * SUBSTANCES}
    put(platform, SubstanceName, {}, known)


def ours(platform: Platform) -> None:
    """Build `gold.exposure`, as its asset does."""
    from pipelines.defs.gold.exposure.build import exposure
    from pipelines.orchestration.assets import inputs_of, written

    written(platform, exposure, inputs_of(exposure, platform))


def theirs(platform: Platform, out: Path) -> None:
    """The same cells in DuckDB, on two threads and within six gigabytes."""
    import duckdb

    files = {
        a: [f for f, _ in platform.lake.files(f"silver.{a}")] for a in ("dispensing", "insured", "product_substance")
    }
    connection = duckdb.connect()
    for setting in ("threads = 2", "memory_limit = '6GB'", f"temp_directory = '{out}.tmp'"):
        connection.execute(f"SET {setting}")
    packs = [f for f, _ in platform.lake.files("silver.pack")]
    age = "year(period) - birth_year"
    connection.execute(f"""
        COPY (
        WITH lines AS (
            SELECT coalesce(person, insured) AS person, source_substance_name AS substance,
                last_day(dispensed_date) AS month, coalesce(region, 'unknown') AS region,
                coalesce(CASE WHEN person IS NULL THEN d.sex ELSE i.sex END, 'unknown') AS sex,
                coalesce(i.birth_year, d.birth_year) AS birth_year, n_units, n_units * 500.0 AS mg
            FROM read_parquet({files["dispensing"]}, hive_partitioning = false) d
            JOIN (SELECT pack_key, product_key FROM read_parquet({packs}, hive_partitioning = false)) USING (pack_key)
            JOIN read_parquet({files["product_substance"]}, hive_partitioning = false) USING (product_key)
            LEFT JOIN read_parquet({files["insured"]}, hive_partitioning = false) i USING (insured)),
        people AS (
            SELECT person, substance, month AS period, 1 AS n_months, max(region) AS region, max(sex) AS sex,
                max(birth_year) AS birth_year, sum(n_units) AS net, sum(mg) AS mg
            FROM lines GROUP BY ALL
            UNION ALL
            SELECT person, substance, make_date(year(month), 12, 31), 12, max(region), max(sex), max(birth_year),
                sum(n_units), sum(mg)
            FROM lines GROUP BY person, substance, year(month)),
        cells AS (
            SELECT substance, period, n_months, region, sex,
                CASE WHEN {age} < 2 THEN 'infant' WHEN {age} < 12 THEN 'child' WHEN {age} < 18 THEN 'adolescent'
                    WHEN {age} < 65 THEN 'adult' ELSE 'elderly' END AS age_group,
                count(*) FILTER (WHERE net > 0) AS n_treated, sum(net) AS n_packs, sum(mg) AS mg
            FROM people GROUP BY ALL)
        SELECT substance, period, n_months, coalesce(region, 'all') AS region, coalesce(sex, 'all') AS sex,
            coalesce(age_group, 'all') AS age_group, sum(n_treated) AS n_treated, sum(n_packs) AS n_packs, sum(mg) AS mg
        FROM cells
        GROUP BY GROUPING SETS ((substance, period, n_months), (substance, period, n_months, region),
            (substance, period, n_months, sex, age_group), (substance, period, n_months, region, sex, age_group))
        ) TO '{out}' (FORMAT parquet)""")


def checked(platform: Platform, out: Path) -> str:
    """Cells, persons, packs and mg of both; raises where they differ."""
    import duckdb

    from pipelines.lake.query import query

    sums = "count(*) AS n, sum(n_treated)::BIGINT AS treated, sum(n_packs)::BIGINT AS packs, sum(mg)::BIGINT AS mg"
    mine = query(str(platform.settings.lake), f"SELECT {sums} FROM gold.exposure").to_pylist()
    other = duckdb.sql(f"SELECT {sums} FROM '{out}'").to_arrow_table().to_pylist()
    if [str(r) for r in mine] != [str(r) for r in other]:
        raise SystemExit(f"the two differ: {mine} and {other}")
    return f"{mine[0]['n']:,} cells"


def exposure_of(lines: int, folder: Path, rounds: int = ROUNDS) -> Line:
    """Exposure from so many lines; ends the run where it took more memory than allowed."""
    platform = platform_of(folder)
    write(platform, lines, lines // 5)
    platform.spark.range(1).count()
    out = folder / "duckdb.parquet"

    def anew() -> None:
        shutil.rmtree(platform.lake.path("gold.exposure"), ignore_errors=True)
        ours(platform)

    turns = in_turn(anew, lambda: theirs(platform, out), rounds)
    if (peak := max(cost.peak for cost in turns.ours)) > MEMORY_LIMIT:
        raise SystemExit(f"exposure took {peak / 2**30:.1f} GiB")
    job, told = f"exposure from {lines:,} lines", f"{checked(platform, out)}; {turns.told()}"
    return Line(job, "DuckDB, same files", *turns.seconds, target_at(TARGETS, lines), told)


def main() -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000_000)
    with tempfile.TemporaryDirectory() as folder:
        say(exposure_of(parser.parse_args().lines, Path(folder)))


if __name__ == "__main__":
    main()
