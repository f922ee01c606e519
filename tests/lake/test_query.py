"""SQL without a JVM: the same rows as Spark sees, and clear words where it can't."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest

from pipelines.core.catalog import tables
from pipelines.defs.silver.product.tables import Shortage
from pipelines.lake.lake import Lake
from pipelines.lake.query import QueryError, query

NOTICE = {"notice_id": "", "notice_seq": 1, "episode_key": "bdpm|CIS:1", "country": "FR"}

D = dt.date

THREADS_AT_ONCE = """
import threading
from pipelines.lake.query import connect

together, answers = threading.Barrier(8), []

def ask(i):
    together.wait()
    answers.append(connect("nowhere", "").execute(f"SELECT {i}").fetchone()[0])

threads = [threading.Thread(target=ask, args=(i,)) for i in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(sorted(answers))
"""


def test_threads_that_ask_the_first_question_at_once_share_one_engine():
    done = subprocess.run([sys.executable, "-c", THREADS_AT_ONCE], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout == "[0, 1, 2, 3, 4, 5, 6, 7]\n"


@pytest.fixture
def lake(spark, tmp_path):
    lake = Lake(spark, str(tmp_path), tables())
    base = {"source": "bdpm", "product_key": "CIS:1", "pack_key": "", "status": "shortage", **NOTICE}
    rows = [
        {
            **base,
            "start_date": D(2024, 1, 1),
            "valid_from": D(2024, 1, 1),
            "valid_to": D(2024, 3, 1),
            "is_current": False,
        },
        {**base, "start_date": D(2024, 2, 1), "valid_from": D(2024, 3, 1), "valid_to": None, "is_current": True},
    ]
    data = [tuple(r.get(c) for c in Shortage.columns) for r in rows]
    lake.upsert(Shortage, spark.createDataFrame(data, Shortage.spark_schema()), {})
    return lake


@pytest.mark.spark
def test_partitions_dates_and_counts_come_back(lake):
    rows = query(
        lake.root, "SELECT source, count(*) AS n, max(start_date) AS d FROM silver.shortage GROUP BY 1"
    ).to_pylist()
    assert rows == [{"source": "bdpm", "n": 2, "d": D(2024, 2, 1)}]


@pytest.mark.spark
def test_a_past_date_is_seen_as_spark_sees_it(lake):
    day = D(2024, 2, 15)
    past = Lake(lake.spark, lake.root, tables(), as_of=day)["silver.shortage"].collect()
    seen = query(lake.root, "SELECT valid_from, valid_to, is_current FROM silver.shortage", day.isoformat()).to_pylist()
    assert [tuple(r.values()) for r in seen] == [(r["valid_from"], r["valid_to"], r["is_current"]) for r in past]
    assert seen == [{"valid_from": D(2024, 1, 1), "valid_to": None, "is_current": True}]


@pytest.mark.spark
@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM silver.shortages", "did you mean silver.shortage"),
        ("SELECT * FROM silver.pack", "has not been built"),
        ("SELECT nothing FROM silver.shortage", "nothing"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
        ("SELECT start FROM silver.shortage", "Candidate bindings.*start_date"),
        ("DROP TABLE silver.shortage", "queries only read: DROP"),
        ("COPY silver.shortage TO 'x.csv'", "queries only read: COPY"),
        ("SELECT 1; DELETE FROM silver.shortage", "queries only read: DELETE"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        (" -- nothing", "no statement"),
    ],
)
def test_what_can_t_be_answered_is_said_in_a_sentence(lake, sql, said):
    with pytest.raises(QueryError, match=said):
        query(lake.root, sql)


@pytest.mark.spark
def test_a_table_with_deletion_vectors_is_refused_rather_than_misread(lake):
    path = lake.path("silver.shortage")
    lake.spark.sql(f"ALTER TABLE delta.`{path}` SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')")
    with pytest.raises(QueryError, match="deletionVectors"):
        query(lake.root, "SELECT * FROM silver.shortage")
