"""A state of the open data: recalls of the country's products abroad, classes and batches in every way of writing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from pipelines.simulator.files import put
from pipelines.simulator.products import HOLDERS
from pipelines.simulator.world import World

DAY = dt.date(2012, 12, 31)
CLASSES = ("第二級", "2", "第二級 ", "1", None, "第一級", "3", "-", "第三級", "二", "疑似第一級", "第2級")
BATCHES = (
    "{0}、{1}",
    "{0}-{2}",
    "{0}~{2}，共3批",
    "效期內全批號",
    None,
    "250mL包裝：{0}、{1}；500mL包裝：{2}",
    "{0}及{1}",
)


def write(world: World, out: Path) -> None:
    """Write `tfda_recalls/<day>/data.json`."""
    rows = []
    for product in world.human_products.head(24).iter_rows(named=True):
        i = product["product_no"]
        text = BATCHES[i % len(BATCHES)]
        named = [f"{4_087_201 + 100 * i + j}" for j in range(3)]
        day = dt.date(2012, 1, 5) + dt.timedelta(days=13 * i)
        rows.append(
            {
                "回收分級": CLASSES[i % len(CLASSES)],
                "文號": f"101年{day.month}月{day.day}日FDA藥字第{1_011_402_000 + i // 2}號" if i % 9 else None,
                "日期": f"{day:%Y/%m/%d}",
                "產品": product["name"],
                "許可證字號": f"衛署藥輸字第{20_000 + i:06}號",
                "批號": None if text is None else text.format(*named),
                "許可證持有者": HOLDERS[i % len(HOLDERS)],
                "原因": "安定性試驗結果不符規格",
            }
        )
    put(out / "tfda_recalls" / DAY.isoformat() / "data.json", json.dumps(rows, ensure_ascii=False, indent=1).encode())
