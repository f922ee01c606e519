"""A small real lake of two agencies, written without an engine, and the workbench on it."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from starlette.testclient import TestClient

from pipelines.core.catalog import tables
from workbench.app import create
from workbench.lake import OpenLake
from workbench.people import DEMONSTRATION
from workbench.store import Store

MONTHS = [dt.date(2024, 1, 31), dt.date(2024, 2, 29), dt.date(2024, 3, 31)]
PLAIN = {
    "string": "x", "int": 1, "bigint": 1, "double": 1.0, "boolean": False, "date": dt.date(2024, 1, 1),
    "timestamp": dt.datetime(2024, 1, 1, tzinfo=dt.UTC), "array<string>": [], "array<int>": [],
}  # fmt: skip
# Every name of a domain carries its mark, so that a page that tells of the other agency's cases shows it.
MARKS = {"human": "HUMONLY", "veterinary": "VETONLY"}
SHARED_SUBSTANCE = "SHAREDMOIETY"


def write(root: Path, address: str, rows: list[dict[str, Any]]) -> None:
    """Write a table of a lake: columns that a row leaves out are null, or something plain where they are required."""
    table = tables()[address]
    filled = [
        {name: row.get(name, PLAIN[c.type] if c.required else None) for name, c in table.columns.items()}
        for row in rows
    ]
    schema = table.arrow_schema()
    write_deltalake(
        str(root / address.replace(".", "/")),
        pa.Table.from_pylist(filled, schema=schema),
        mode="overwrite",
        partition_by=list(table.partitioned_by) or None,
    )


def reports_of(domain: str, n: int, seed: int) -> list[dict[str, Any]]:
    """Cases of one domain: each with its substances and terms, by key."""
    rng, mark = random.Random(f"{domain}{seed}"), MARKS[domain]
    substances = [SHARED_SUBSTANCE, f"reported:{mark}", f"KEY{mark}"]
    terms = [f"veddra:{k}" for k in (1, 2)] if domain == "veterinary" else [f"preferred_term:{mark} {k}" for k in "AB"]
    return [
        {
            "report_key": f"src:{mark}-{seed}-{i}",
            "report_version": 2 if i == 2 else 1,  # the second case had a version before
            "source": "evvet" if domain == "veterinary" else "faers",
            "source_case_id": f"{mark}-{seed}-{i}",
            "known_from": MONTHS[0] + dt.timedelta(days=i % 60),
            "received_first_date": MONTHS[0] + dt.timedelta(days=i % 60),
            "received_latest_date": MONTHS[0] + dt.timedelta(days=i % 60),
            "is_latest": True,
            "domain": domain,
            "agency": "ANSES" if domain == "veterinary" else "ANSM",
            "species": rng.choice(["dog", "cat"]) if domain == "veterinary" else "human",
            "country": "FR",
            "sex": rng.choice(["female", "male", None]),
            "is_serious": rng.choice([True, False, None]),
            "age_years": rng.choice([None, 3.0, 40.0]),
            "worldwide_case_id": f"WW-{mark}-{seed}-{i}",
            "completeness": rng.random(),
            "duplicate_cluster": f"src:{mark}-{seed}-{i}",
            "is_cluster_head": True,
            "n_products": 1,
            "n_events": 1,
            "substances": sorted(rng.sample(substances, rng.choice([1, 1, 2]))),
            "terms": sorted(rng.sample(terms, rng.choice([1, 2]))),
        }
        for i in range(n)
    ]


def signals_of(reports: list[dict[str, Any]], population: str, first: int) -> list[dict[str, Any]]:
    """Pairs of a population at each month end, counted as the lake counts; scores are plain numbers."""
    found = []
    for month in MONTHS:
        known = [r for r in reports if r["known_from"] <= month]
        keys = (sorted({k for r in known for k in r[c]}) for c in ("substances", "terms"))
        for place, (substance, term) in enumerate(product(*keys)):
            cells = [0, 0, 0, 0]
            for r in known:
                cells[(substance not in r["substances"]) * 2 + (term not in r["terms"])] += 1
            a, b, c, d = cells
            if a:
                expected = (a + b) * (a + c) / (a + b + c + d)
                ic = 1.0 if place % 2 else -1.0
                found.append(
                    {"population": population, "domain": population.split(":")[0], "month": month}
                    | {"is_latest": month == MONTHS[-1], "substance_key": substance, "term_key": term}
                    | {"substance_name": substance.upper(), "term_name": f"{term} name", "soc_name": f"soc {place % 2}"}
                    | {"a": a, "b": b, "c": c, "d": d, "n_new": 1, "expected": expected, "is_new": place == 0}
                    | {"ic": ic, "ic025": ic - 0.5, "ic975": ic + 0.5, "is_ic_signal": ic > 0}
                    | {"ebgm": first + place, "eb05": place / 2, "eb95": place + 4.0, "is_ebgm_signal": place >= 4}
                    | {"ror": 2.0, "ror_lower": 1.1, "ror_upper": 4.0, "is_ror_signal": a >= 3, "is_prr_signal": None}
                    | {"first_ic_month": MONTHS[1] if ic > 0 else None, "prior_month": MONTHS[0]}
                    | {"event_key": "event HUMONLY A"}
                )
    return found


def build(root: Path, human: int = 1, veterinary: int = 1) -> None:
    """Write the lake. The seeds make the cases of either agency: another one makes others, in another number."""
    by_domain = {"human": reports_of("human", 30 + human, human)}
    by_domain["veterinary"] = reports_of("veterinary", 20 + 7 * veterinary, veterinary)
    everything = [r for found in by_domain.values() for r in found]
    signals = [s for domain, found in by_domain.items() for s in signals_of(found, domain, 1)]
    signals += signals_of([r for r in by_domain["veterinary"] if r["species"] == "dog"], "veterinary:dog", 2)
    keys = {
        kind: {key: code for code, key in enumerate(sorted({k for r in everything for k in r[plural]}), 1)}
        for kind, plural in (("substance", "substances"), ("term", "terms"))
    }
    strata = {s: i for i, s in enumerate(sorted({(r["domain"], r["species"]) for r in everything}))}
    write(root, "gold.signal", signals)
    for address in ("gold.signal_by_method", "gold.subgroup_signal"):
        part = ":female" if address.endswith("subgroup_signal") else ""
        write(
            root,
            address,
            [{**s, "population": s["population"] + part, "method": "ic"} for s in signals if s["is_latest"]],
        )
    write(root, "gold.prior", [{"population": d, "month": MONTHS[0], "run_id": f"run{MARKS[d]}"} for d in MARKS])
    changed = [r for r in everything if r["report_version"] == 2]
    former = [
        {**r, "report_version": 1, "is_latest": False, "country": "DE", "known_to": r["known_from"]} for r in changed
    ]
    write(root, "silver.report_history", everything + former)
    write(root, "silver.report", everything)
    write(
        root,
        "silver.coded_report",
        [
            {**{c: r[c] for c in ("report_key", "report_version")}, "stratum": strata[r["domain"], r["species"]]}
            | {"month_from": (r["known_from"].year - 1900) * 12 + r["known_from"].month - 1, "month_to": None}
            | {"substances": (codes := sorted(keys["substance"][k] for k in r["substances"])), "taken": codes}
            | {"terms": sorted(keys["term"][k] for k in r["terms"])}
            for r in everything
        ],
    )
    write(root, "silver.stratum", [{"stratum": i, "domain": d, "species": s} for (d, s), i in strata.items()])
    write(
        root,
        "silver.code",
        [{"kind": kind, "code": code, "key_coded": key} for kind, found in keys.items() for key, code in found.items()],
    )
    _write_children(root, everything, keys)
    _write_registers(root, everything)
    write(
        root,
        "bronze.delivery",
        [
            {
                "delivery_id": f"d{source}",
                "source": source,
                "file": f"{source}/{mark}.csv",
                "status": "refused",
                "reason": mark,
            }
            for source, mark in (("faers", "HUMONLY"), ("evvet", "VETONLY"))
        ],
    )
    write(
        root,
        "bronze.quarantine",
        [{"delivery_id": "d", "source": s, "reason": m} for s, m in (("faers", "HUMONLY"), ("evvet", "VETONLY"))],
    )


def _write_registers(root: Path, everything: list[dict[str, Any]]) -> None:
    """What registers, exposure and the evaluation tell, of each domain with its mark."""
    agency = {"human": "ANSM", "veterinary": "ANSES"}
    same = {"link_kind": "of", "basis": "declared", "sensitivity": "internal", "source": "register", "confidence": 1.0}
    links = [
        {**same, "from_kind": "batch", "from_key": f"B-{mark}", "from_name": f"{mark} batch", "agency": agency[domain]}
        | {"to_kind": "site", "to_key": "SITE", "to_name": "Shared site"}
        for domain, mark in MARKS.items()
    ]
    links += [
        {**same, "from_kind": "report", "from_key": r["report_key"], "link_kind": "names", "sensitivity": "personal"}
        | {"to_kind": "site", "to_key": "SITE", "to_name": "Shared site"}
        for r in everything
    ]
    links += [
        {**same, "from_kind": "signal", "from_key": f"{domain}|{SHARED_SUBSTANCE}|x", "from_name": f"{mark} event"}
        | {"to_kind": "substance", "to_key": SHARED_SUBSTANCE, "to_name": "Shared"}
        for domain, mark in MARKS.items()
    ]
    for name, more in (("one", "another"), ("HUMONLY and VETONLY", "matched")):
        guess = {"from_kind": "site", "from_key": name, "to_kind": "site", "to_key": more}
        links.append({**same, **guess, "source": "silver.establishment_match"})
    write(root, "gold.link", links)
    n = len(everything)  # figures over both agencies' cases
    write(
        root,
        "gold.site_risk",
        [{"establishment_key": "SITE", "is_current": True, "n_reports": n, "city": "HUMONLY VETONLY"}],
    )
    write(root, "gold.plant_view", [{"plant": "HUMONLY VETONLY", "n_reports_medicine": n}])
    write(
        root,
        "gold.batch_watch",
        [{"batch_key": f"B-{m}", "domain": d, "is_latest": True, "family_key": m} for d, m in MARKS.items()],
    )
    whole = {"region": "all", "sex": "all", "age_group": "all", "substance_key": SHARED_SUBSTANCE, "n_packs": 5.0}
    uses = [
        {**whole, "source": MARKS[d], "species": s, "month": MONTHS[0]}
        for d, s in (("human", "human"), ("veterinary", "dog"))
    ]
    write(root, "gold.exposure", uses)
    write(
        root,
        "gold.exposure_reconciliation",
        [
            {**whole, "source": u["source"], "other_source": u["source"], "species": u["species"], "ratio": 2.0}
            for u in uses
        ],
    )
    rated = {"substance_key": SHARED_SUBSTANCE, "brand": "all", "dating": "receipt", "per": "pack", "n_counted": 3}
    rates = [
        {**rated, "domain": d, "term_key": m, "term_name": f"{m} term", "exposure_source": m} for d, m in MARKS.items()
    ]
    write(root, "gold.reporting_rate", rates)
    write(root, "gold.rate_comparison", [{**rate, "sibling": "class", "ratio_lower": 1.5} for rate in rates])
    judged = {"family": "all", "stratum": "all", "burden_k": 5.0, "metric": "ppv", "against": "none", "value": 0.5}
    write(
        root,
        "evaluation.league",
        [
            {**judged, "domain": domain, "method": f"{mark}{extra}", "lower": 0.1, "upper": 0.9, "source": "truth"}
            for domain, mark in {**MARKS, "all": "HUMONLY VETONLY"}.items()
            for extra in ("", " too")
        ],
    )


def _write_children(root: Path, everything: list[dict[str, Any]], keys: dict[str, dict[str, int]]) -> None:
    mark = {r["report_key"]: MARKS[r["domain"]] for r in everything}
    named = ("report_key", "report_version", "source")
    write(
        root,
        "silver.report_product",
        [
            {**{c: r[c] for c in named}, "product_seq": i, "role": "suspect", "substance_keys": [k], "is_current": True}
            | {"reported_name": f"{mark[r['report_key']]} product", "batch": f"B-{mark[r['report_key']]}"}
            for r in everything
            for i, k in enumerate(r["substances"], 1)
        ],
    )
    write(
        root,
        "silver.report_event",
        [
            {**{c: r[c] for c in named}, "event_seq": i, "term_key": k, "reported_term": k, "is_current": True}
            for r in everything
            for i, k in enumerate(r["terms"], 1)
        ],
    )
    write(
        root,
        "silver.report_narrative",
        [{**{c: r[c] for c in named}, "narrative": f"<b>{mark[r['report_key']]}</b> told"} for r in everything],
    )
    heads = [r for r in everything if r["report_key"].endswith(("-0", "-1"))]
    write(
        root,
        "silver.duplicate_link",
        [
            {"report_key": a["report_key"], "other_report_key": b["report_key"], "rule": "probabilistic"}
            | {"probability": 0.9, "match_weight": 8.0, "evidence": "sex: same (1.0)"}
            for a, b in zip(heads[::2], heads[1::2], strict=False)
        ],
    )
    write(
        root,
        "silver.substance",
        [
            {"substance_key": k, "substance_name": k, "french_name": f"{k} FR", "is_current": True}
            for k in keys["substance"]
        ],
    )
    terms = [
        {"term_key": k, "term_name": f"{k} name", "dictionary": k.split(":")[0], "is_current": True}
        for k in keys["term"]
    ]
    write(root, "silver.term", terms)
    m = "HUMONLY A"  # the event that all meet in has the name of a human term
    write(root, "silver.term_bridge", [{**t, "event_key": f"event {m}", "event_name": m} for t in terms])


Client = Callable[[str], TestClient]


def client(
    lake: Path, home: Path, is_demonstration: bool = True, address: str = "", beside: Path | None = None
) -> TestClient:
    """A browser that nobody has logged in with yet, on a workbench of its own."""
    store = Store(address or f"sqlite:///{home}/workbench.db")
    other = OpenLake(str(beside)) if beside else None
    app = create(OpenLake(str(lake)), store, home / "heads.tsv", lambda: is_demonstration, beside=other)
    found = TestClient(app, base_url="http://localhost", follow_redirects=False)
    found.app_store = store  # type: ignore[attr-defined]
    return found


def log_in(browser: TestClient, user: str) -> TestClient:
    """Log a demonstration user in."""
    assert user in DEMONSTRATION
    answered = browser.post("/login", data={"user": user, "purpose": "regulatory"})
    assert (answered.status_code, "gerland_session" in browser.cookies) == (303, True)
    return browser


def token(page: str) -> str:
    """Token that the forms of a page carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.fixture(scope="package")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small lake."""
    root = tmp_path_factory.mktemp("lake")
    build(root)
    return root


@pytest.fixture
def browser(lake: Path, tmp_path: Path) -> Iterator[TestClient]:
    """A browser that nobody has logged in with yet."""
    with client(lake, tmp_path) as found:
        yield found
