"""Reimbursement data at size: flattening against DuckDB, a month of flow against a rebuild, exposure in bounded memory.

`python -m tests.benchmarks.dcir [--prestations N] [--lines N]`. Flows of two years, of one size; a line or two to most
prestations, some taken back by the next flow, some faulty. DuckDB reads the same files and gives the same rows.
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
import pyarrow.compute as pc

from tests.benchmarks.measure import ROUNDS, Line, Turns, measured, say, target_at

if TYPE_CHECKING:
    from pipelines.lake.platform import Platform

FLOWS, FIRST = 24, 2022 * 12
WHOLE, MONTH = {1_000_000: 1.5, 10_000_000: 1.0}, {10_000_000: 0.03}  # targets by prestations
CARE_BEFORE = 6  # months of care that a flow tells of
CHUNK = 1_000_000
PACKS = 3_000
DEPARTMENTS = ["001", "013", "031", "033", "035", "044", "059", "067", "069", "075", "092", "093"]


def month(number: int) -> dt.date:
    """First day of a number of months since the year 0."""
    return dt.date(number // 12, number % 12 + 1, 1)


def words(values: Any) -> pa.Array:
    """Numbers as texts."""
    return pa.array(values).cast(pa.string())


def same(value: str, n: int) -> pa.Array:
    """One text many times."""
    return pa.repeat(pa.scalar(value), n)


def days(random: np.random.Generator, flow: int, n: int) -> pa.Array:
    """Days of care before a flow, written DD/MM/YYYY."""
    lag = 1 + np.minimum(random.geometric(0.7, n) - 1, CARE_BEFORE - 1)
    first = np.array([month(flow - k).isoformat() for k in range(1, CARE_BEFORE + 1)], "datetime64[D]")[lag - 1]
    return pc.strftime(pa.array(first + random.integers(0, 28, n)).cast(pa.date32()), "%d/%m/%Y")


def flow_of(flow: int, n: int, persons: int) -> tuple[dict[str, pa.Array], dict[str, pa.Array]]:
    """Prestations of a flow and its pharmacy lines, as columns."""
    random = np.random.default_rng([7, flow, n])
    date = month(flow).strftime("%d/%m/%Y")
    number = np.arange(n)
    keys = {
        "dct_ord_num": words(number // 5000),
        "flx_dis_dtd": same(date, n),
        "flx_emt_num": words(random.integers(1, 90, n)),
        "flx_emt_ord": same("1", n),
        "flx_emt_typ": words(random.integers(1, 4, n)),
        "flx_trt_dtd": same(date, n),
        "org_cle_num": words(random.integers(100, 250, n)),
        "prs_ord_num": words(number),
        "rem_typ_aff": same("0", n),
    }
    department = pa.array(DEPARTMENTS).take(pa.array(random.integers(0, len(DEPARTMENTS), n)))
    prestations = keys | {
        "ben_nir_psa": words(random.integers(10**11, 10**11 + persons, n)),
        "ben_rng_gem": words(random.integers(1, 3, n)),
        "ben_nai_ann": words(random.integers(1930, 2015, n)),
        "ben_sex_cod": words(random.integers(1, 3, n)),
        "ben_res_dpt": department,
        "exe_soi_dtd": days(random, flow, n),
        "prs_nat_ref": same("3313", n),
        "dpn_qlf": words(np.where(random.random(n) < 0.01, 71, 0)),
        "prs_dpn_qlp": same("0", n),
        "cpl_maj_top": words(np.where(random.random(n) < 0.01, 2, 0)),
        "psp_spe_cod": words(random.integers(1, 60, n)),
        "pfs_exe_num": words(random.integers(10**8, 10**8 + 20_000, n)),
    }
    lines = np.sort(np.concatenate([number[random.random(n) < 0.95], number[random.random(n) < 0.35]]))
    m = lines.size
    quantity = random.integers(1, 4, m)
    quantity[random.random(m) < 0.02] *= -1
    taken = pa.array(lines)
    own = {name: column.take(taken) for name, column in keys.items()} | {
        "pha_ord_num": words(np.arange(m) % 7),
        "pha_prs_c13": words(3_400_930_000_000 + random.integers(0, PACKS, m)),
        "pha_act_qsn": words(quantity),
    }
    return prestations, own


def land(platform: Platform, flow: int, n: int, persons: int) -> None:
    """Put one flow into the bronze tables as ingestion does: a delivery of its own."""
    from pipelines.defs.sources.snds.tables import SndsErPhaF, SndsErPrsF
    from pipelines.lake import file_output

    for table, columns in zip((SndsErPrsF, SndsErPhaF), flow_of(flow, n, persons), strict=True):
        root, schema = platform.lake.prepared(table), table.arrow_schema()
        size = len(next(iter(columns.values())))
        place = {"file": same(f"{month(flow)}.csv", size), "line_number": pa.array(np.arange(size) + 2)}
        known = {"known_date": pa.repeat(pa.scalar(month(flow)), size)}
        told = place | known | {c: columns.get(c, pa.nulls(size, pa.string())) for c in table.source_columns()}
        rows = pa.table(told).cast(pa.schema([schema.field(c) for c in told]))
        output = file_output.Output(root, {"delivery_id": f"{month(flow)}"}, is_text=True, told=table.in_log())
        for first in range(0, size, CHUNK):
            output.write(rows.slice(first, CHUNK))
        platform.lake.commit_files(table, [output.added() or {}], {}, replacing={})


def platform_of(folder: Path, memory: str = "3g") -> Platform:
    """A platform with an empty lake."""
    from pipelines.lake.platform import Platform
    from pipelines.settings import load

    conf = {"spark.driver.memory": memory}
    return Platform(load(lake=folder / "lake", tracking=f"sqlite:///{folder}/mlflow.db", spark_conf=conf))


def flatten(platform: Platform) -> None:
    """Bring `silver.dispensing` up to date, as its asset does."""
    from pipelines.defs.silver.dispensing.conform import dispensing
    from pipelines.orchestration.assets import inputs_of, written

    written(platform, dispensing, inputs_of(dispensing, platform))


KEYS = (
    *("dct_ord_num", "flx_dis_dtd", "flx_emt_num", "flx_emt_ord", "flx_emt_typ", "flx_trt_dtd"),
    *("org_cle_num", "prs_ord_num", "rem_typ_aff"),
)


def flatten_duckdb(platform: Platform, out: Path) -> None:
    """The same in DuckDB, of the same files, on two threads."""
    import duckdb

    from pipelines.formats.departments import REGIONS

    files = {t: [f for f, _ in platform.lake.files(f"bronze.snds_er_{t}_f")] for t in ("prs", "pha")}
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute(f"SET temp_directory = '{out}.tmp'")
    connection.execute("SET memory_limit = '6GB'")
    connection.execute("CREATE TABLE place (department VARCHAR, region VARCHAR)")
    connection.executemany("INSERT INTO place VALUES (?, ?)", [(d.zfill(3), r) for d, r in REGIONS.items()])
    trimmed = ", ".join(f"trim({k}) AS {k}" for k in KEYS)
    connection.execute(f"""
        COPY (
        WITH prs AS (
            SELECT {trimmed}, concat_ws('/', trim(ben_nir_psa), trim(ben_rng_gem)) AS insured,
                try_strptime(trim(exe_soi_dtd), '%d/%m/%Y')::DATE AS dispensed_date, trim(pfs_exe_num) AS pharmacy,
                trim(psp_spe_cod) AS speciality, region, try_cast(ben_nai_ann AS INT) AS birth_year,
                CASE trim(ben_sex_cod) WHEN '1' THEN 'male' WHEN '2' THEN 'female' END AS sex,
                NOT (trim(dpn_qlf) = '71' OR trim(prs_dpn_qlp) = '71' OR coalesce(try_cast(cpl_maj_top AS INT), 0) >= 2)
                    AS is_care
            FROM read_parquet({files["prs"]}) LEFT JOIN place ON trim(ben_res_dpt) = department),
        lines AS (
            SELECT {trimmed}, 'CIP13:' || trim(pha_prs_c13) AS pack_key, try_cast(pha_act_qsn AS INT) AS quantity
            FROM read_parquet({files["pha"]})),
        sound AS (
            SELECT *, try_strptime(flx_dis_dtd, '%d/%m/%Y')::DATE AS flow_date
            FROM lines JOIN prs USING ({", ".join(KEYS)})
            WHERE is_care AND quantity IS NOT NULL AND {" AND ".join(f"{k} <> ''" for k in KEYS)})
        SELECT
            flow_date, insured, 'town' AS kind, pack_key, dispensed_date, pharmacy, sum(quantity)::INT AS n_units,
            count(*)::INT AS n_lines, count(*) FILTER (WHERE quantity < 0)::INT AS n_regularisations,
            max(speciality) AS prescriber_speciality, max(region) AS region, max(birth_year) AS birth_year,
            max(sex) AS sex
        FROM sound WHERE dispensed_date BETWEEN DATE '1990-01-01' AND flow_date
        GROUP BY flow_date, insured, pack_key, dispensed_date, pharmacy
        ) TO '{out}' (FORMAT parquet)""")


def checked(platform: Platform, out: Path) -> str:
    """Rows, units and lines of both; raises where they differ."""
    import duckdb

    from pipelines.lake.query import query

    sums = "count(*) AS n, sum(n_units)::BIGINT AS units, sum(n_lines)::BIGINT AS lines, sum(hash(insured, dispensed_date, pharmacy))"
    ours = query(str(platform.settings.lake), f"SELECT {sums} FROM silver.dispensing").to_pylist()
    theirs = duckdb.sql(f"SELECT {sums} FROM '{out}'").to_arrow_table().to_pylist()
    if [str(r) for r in ours] != [str(r) for r in theirs]:
        raise SystemExit(f"the two differ: {ours} and {theirs}")
    return f"{ours[0]['n']:,} rows"


def flattening(n: int, folder: Path, rounds: int = ROUNDS) -> tuple[Line, Line]:
    """Flatten prestations of two years, against DuckDB; then a month more of flow, against the flattening before it.

    Each round is of the same files for both, and leaves one month more to the next.
    """
    platform, out = platform_of(folder), folder / "duckdb.parquet"
    for flow in range(FLOWS):
        land(platform, FIRST + flow, n // FLOWS, max(1000, n // 20))
    platform.spark.range(1).count()
    turns, more, said = Turns([], []), [], ""
    for month in range(rounds):
        shutil.rmtree(platform.lake.path("silver.dispensing"), ignore_errors=True)
        turns.ours.append(measured(lambda: flatten(platform), with_memory=True)[1])
        turns.theirs.append(measured(lambda: flatten_duckdb(platform, out))[1])
        said = checked(platform, out)
        land(platform, FIRST + FLOWS + month, n // FLOWS, max(1000, n // 20))
        more.append(measured(lambda: flatten(platform))[1].processor)
    whole = Line(
        f"flatten {n:,} prestations",
        "DuckDB, same files",
        *turns.seconds,
        target_at(WHOLE, n),
        f"{said}; {turns.told()}",
    )
    job, peer = f"one month more of flow ({n // FLOWS:,})", f"rebuild of {FLOWS} months and more"
    return whole, Line(job, peer, more, turns.seconds[0], target_at(MONTH, n))


def main() -> None:
    """Print a line a comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prestations", type=int, default=10_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for line in flattening(given.prestations, Path(folder)):
            say(line)


if __name__ == "__main__":
    main()
