"""Taiwan's recalls: eleven spellings of a class, batches out of texts, all batches as a scope."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter

import pytest

from pipelines.defs.silver.recall.conform import recall_batch
from pipelines.defs.sources.tfda_recalls import read
from pipelines.defs.sources.tfda_recalls.tables import TaiwanRecall
from tests.rows import united
from tests.sources.bronze import bronze_frame
from tests.sources.reading import is_balanced, rows_of

D = dt.date
SPELLINGS = {
    **dict.fromkeys(("第二級", "第二級 ", "2", "二", "第2級", "２"), "2"),
    **{"第一級": "1", "1": "1", "第三級": "3", "3": "3"},
    **{"疑似第一級": "suspected_1", "-": "not_stated", None: "not_stated", "第一、二級": "not_stated"},
}


def recall(spelled: str | None, batches: str | None = "A1、A2", product: str = "P", **told: str) -> dict:
    usual = {"回收分級": spelled, "文號": "105年FDA字 第1號", "日期": "2016/05/26", "產品": product}
    return usual | {"許可證字號": "L1", "批號": batches, "許可證持有者": "H", "原因": "R"} | told


def silver(spark, rows: list[dict], *later: list[dict]):
    files = {
        f"tfda_recalls/{i}.json": (json.dumps(state, ensure_ascii=False).encode(), D(2024 + i, 1, 1))
        for i, state in enumerate((rows, *later))
    }
    tables = {TaiwanRecall.address(): bronze_frame(spark, TaiwanRecall, read.read, files)}
    return united(tables, "silver.recall", "tfda_recalls")


def test_an_object_with_an_unknown_key_or_without_a_product_is_put_aside():
    data = json.dumps([recall("2"), {**recall("2"), "x": 1}, {**recall("2"), "產品": None}]).encode()
    assert [r["reason"] for r in rows_of(read, TaiwanRecall, data)] == [None, "unknown key 'x'", "has no 產品"]
    assert is_balanced(read, TaiwanRecall, data)


@pytest.mark.spark
def test_a_class_is_read_in_all_its_spellings_and_a_suspected_one_stays_suspected(spark):
    rows = silver(spark, [recall(s, product=str(i)) for i, s in enumerate(SPELLINGS)]).collect()
    assert {r["class_printed"]: r["recall_class"] for r in rows} == {
        **{(s.strip() if s and s != "-" else None): c for s, c in SPELLINGS.items()}
    }


@pytest.mark.spark
def test_a_product_that_stands_twice_in_an_act_is_two_and_more_batches_later_are_a_version(spark):
    first = [recall("2"), recall("2", "效期內全批號")]
    rows = silver(spark, first, [recall("2", "A1-A3"), first[1]]).collect()
    assert len({r["product_id"] for r in rows}) == 2 and len(rows) == 3
    assert {(r["scope"], r["is_current"], r["known_from"]) for r in rows} == {
        ("listed", False, D(2016, 5, 26)),
        ("listed", True, D(2016, 5, 26)),
        ("all", True, D(2016, 5, 26)),
    }
    assert {r["establishment_key"] for r in rows} == {"NAME:H||TAIWAN"}


@pytest.mark.samples
@pytest.mark.spark
def test_the_real_recalls(spark, shared):
    path = shared / "data/tfda_recalls/data.json"
    assert TaiwanRecall.files.owns("tfda_recalls/data.json") and is_balanced(read, TaiwanRecall, path.read_bytes())
    real = json.loads(path.read_text())
    files = {"tfda_recalls/data.json": (path.read_bytes(), D(2026, 7, 1))}
    bronze = {TaiwanRecall.address(): bronze_frame(spark, TaiwanRecall, read.read, files)}
    rows = united(bronze, "silver.recall", "tfda_recalls").cache()
    told = [(r["recall_class"], r["scope"]) for r in rows.collect()]
    assert len(told) == len(real)
    spelled = Counter(r["回收分級"] for r in real)
    assert len(spelled) >= 11 and Counter(c for c, _ in told)["suspected_1"] == spelled["疑似第一級"]
    assert Counter(c for c, _ in told)["not_stated"] == spelled[None] + spelled["-"]
    batches = recall_batch({"silver.recall": rows}).collect()
    ranges = {(r["event_id"], r["product_id"]) for r in batches if r["basis"] == "range"}
    assert abs(len(ranges) - 175 * len(real) / 1710) < 8  # 175 of all 1,710
    assert abs(Counter(s for _, s in told)["all"] - 231 * len(real) / 1710) < 25
    assert Counter(s for _, s in told)["unread"] <= 5
    assert not any("批" in r["batch_printed"] for r in batches)
