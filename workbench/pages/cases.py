"""Which cases are behind a number, and one case with its versions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from workbench import charts, duplicates
from workbench.asked import Asked
from workbench.pages.ranking import populations_of
from workbench.visit import Missing, Visit, visiting

router = APIRouter()
ROWS_OF_A_PAGE = 50
# Cell of the two-by-two table: whether a case has the substance, and the event; None for either.
CELLS: dict[str, tuple[bool | None, bool | None]] = {
    "a": (True, True),
    "b": (True, False),
    "c": (False, True),
    "d": (False, False),
    "substance": (True, None),
    "term": (None, True),
    "all": (None, None),
}
SORTS = {
    "received": "received_first_date DESC",
    "oldest": "received_first_date",
    "completeness": "completeness DESC NULLS LAST",
    "serious": "is_serious DESC NULLS LAST, is_death DESC NULLS LAST",
}
FIELDS = (
    *("received_first_date", "received_latest_date", "report_type", "reporter", "country", "species", "breed", "sex"),
    *("age_years", "weight_kg", "onset_date", "is_serious", "is_death", "is_life_threatening", "is_hospitalisation"),
    *("is_disability", "is_congenital_anomaly", "is_other_serious", "n_animals_affected", "n_animals_treated"),
    *("n_animals_died", "is_retracted"),
)


@dataclass(frozen=True)
class State:
    """What the address of a line list says; without a pair, all cases of the population."""

    population: str
    substance: str
    term: str
    month: dt.date | None
    cell: str
    serious: bool
    sort: str
    page: int

    @classmethod
    def of(cls, asked: Asked) -> State:
        """Read it. Raises `BadAddress`."""
        substance, term = asked.text("substance"), asked.text("term")
        default = "a" if substance and term else "substance" if substance else "term" if term else "all"
        return cls(
            population=asked.needed("population"),
            substance=substance,
            term=term,
            month=asked.date("month"),
            cell=asked.choice("cell", CELLS, default),
            serious=asked.flag("serious"),
            sort=asked.choice("sort", SORTS, "received"),
            page=asked.number("page", 1, 1_000_000, 1),
        )

    def address(self, **changed: Any) -> dict[str, Any]:
        """Parameters of the address; a change other than of the page goes back to the first."""
        said = {**vars(self), "page": 1, **changed}
        return {k: v for k, v in said.items() if v != {"page": 1, "sort": "received"}.get(k, "")}

    def chosen(self) -> str:
        """SQL of the keys and versions of the cases, as they counted at the end of month `$at`."""
        substance, term = CELLS[self.cell]
        code = "(SELECT code FROM silver.code WHERE kind = '{kind}' AND key_coded = ${kind})"
        parts = ["month_from <= $at AND (month_to IS NULL OR month_to > $at)", "domain = $domain"]
        parts += ["species = $species"] if ":" in self.population else []
        for has, column, kind in ((substance, "substances", "substance"), (term, "terms", "term")):
            if has is not None:
                held = f"coalesce(list_contains({column}, {code.format(kind=kind)}), false)"
                parts.append(held if has else f"NOT {held}")
        return (
            "SELECT report_key, report_version FROM silver.coded_report JOIN silver.stratum USING (stratum)\n    WHERE "
            + "\n        AND ".join(parts)
        )

    def listing(self) -> str:
        """SQL of the cases, with what a line list tells of each."""
        where = "\nWHERE h.is_serious" if self.serious else ""
        return f"""WITH chosen AS ({self.chosen()})
SELECT h.report_key, h.report_version, h.received_first_date, h.country, h.reporter, h.report_type, h.species, h.sex,
    h.age_years, h.is_serious, h.is_death, r.completeness, r.duplicate_cluster, r.report_version AS latest_version,
    r.is_retracted
FROM chosen JOIN silver.report_history h USING (report_key, report_version)
    LEFT JOIN silver.report r USING (report_key){where}"""


def known(visit: Visit, state: State) -> dict[str, Any]:
    """Values of the SQL of a line list, with its month: that of the address, else the last.

    Raises `Missing` for a population that the reader has none of.
    """
    months = {p["population"]: p["month"] for p in populations_of(visit)}
    if state.population not in months:
        raise Missing
    month = state.month or months[state.population]
    domain, _, species = state.population.partition(":")
    at = (month.year - 1900) * 12 + month.month - 1
    return {**vars(state), "month": month, "domain": domain, "species": species, "at": at}


@router.get("/cases")
def line_list(visit: Annotated[Visit, Depends(visiting("cases"))]) -> Response:
    """The line list."""
    state = State.of(visit.asked)
    at = known(visit, state)
    found = state.listing()
    curve = visit.rows(
        f"SELECT date_trunc('month', received_first_date)::DATE AS month, count(*) AS n, "
        f"count(*) FILTER (WHERE is_serious) AS n_serious FROM ({found}) GROUP BY 1 ORDER BY 1",
        at,
    )
    listed = visit.rows(
        f"{found}\nORDER BY {SORTS[state.sort]}, report_key\n"
        f"LIMIT {ROWS_OF_A_PAGE} OFFSET {(state.page - 1) * ROWS_OF_A_PAGE}",
        at,
        title=visit.words("The cases"),
    )
    total = sum(point["n"] for point in curve)
    said = {"month": visit.words("Month"), "n": visit.words("Cases"), "serious": visit.words("serious ones")}
    return visit.page(
        "cases.html",
        state=state,
        month=at["month"],
        rows=listed,
        told=_told(visit, listed),
        total=total,
        pages=max(1, -(-total // ROWS_OF_A_PAGE)),
        first=(state.page - 1) * ROWS_OF_A_PAGE,
        curve=curve,
        chart=charts.curve(curve, said),
        names=_names(visit, state),
        linked=duplicates.linked(visit, [row["report_key"] for row in listed]),
        sorts=SORTS,
    )


def _names(visit: Visit, state: State) -> dict[str, Any]:
    """Names of the substance and event that the list is of."""
    found = visit.rows(
        """SELECT any_value(substance_name) FILTER (WHERE substance_key = $substance) AS substance,
    any_value(term_name) FILTER (WHERE term_key = $term) AS term
FROM gold.signal WHERE population = $population AND (substance_key = $substance OR term_key = $term)""",
        vars(state),
    )[0]
    if (state.substance and not found["substance"]) or (state.term and not found["term"]):
        raise Missing
    return found


def _told(visit: Visit, listed: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Products under suspicion and events of each case, as reported, at the version that is listed."""
    keys = {"keys": [f"{r['report_key']}@{r['report_version']}" for r in listed]}
    products = visit.rows(
        """SELECT report_key, list(DISTINCT coalesce(reported_name, reported_substance)) AS names
FROM silver.report_product
WHERE list_contains($keys, report_key || '@' || report_version) AND coded_to IS NULL
    AND role IN ('primary_suspect', 'secondary_suspect', 'suspect', 'interacting', 'unknown') GROUP BY 1""",
        keys,
    )
    events = visit.rows(
        """SELECT report_key, list(DISTINCT reported_term) AS names FROM silver.report_event
WHERE list_contains($keys, report_key || '@' || report_version) AND coded_to IS NULL GROUP BY 1""",
        keys,
    )
    told: dict[str, dict[str, Any]] = {r["report_key"]: {"products": [], "events": []} for r in listed}
    for kind, found in (("products", products), ("events", events)):
        for row in found:
            told[row["report_key"]][kind] = sorted(name for name in row["names"] if name)
    return told


@router.get("/case")
def case(visit: Annotated[Visit, Depends(visiting("cases"))]) -> Response:
    """One case."""
    key = visit.asked.needed("key")
    versions = visit.rows(
        "SELECT * FROM silver.report_history WHERE report_key = $key ORDER BY report_version",
        {"key": key},
        title=visit.words("Versions of the case"),
    )
    if not versions:
        raise Missing
    number = visit.asked.number("version", 1, 1_000_000, versions[-1]["report_version"])
    shown = next((v for v in versions if v["report_version"] == number), None)
    if shown is None:
        raise Missing
    at = {"key": key, "version": number}
    now = visit.rows(
        "SELECT completeness, duplicate_cluster, is_cluster_head FROM silver.report WHERE report_key = $key", at
    )
    return visit.page(
        "case.html",
        key=key,
        versions=versions,
        shown=shown,
        now=now[0] if now else None,
        changes=[_changes(a, b) for a, b in pairwise(versions)],
        products=_children(visit, "silver.report_product", "product_seq", at),
        events=_children(visit, "silver.report_event", "event_seq", at),
        background=_children(visit, "silver.report_background", "background_seq", at),
        narrative=_narrative(visit, at),
        links=duplicates.of_case(visit, key),
        fields=[f for f in FIELDS if f in shown],
    )


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """What differs between two versions, by field."""
    differing = {f: (before[f], after[f]) for f in FIELDS if f in before and before[f] != after[f]}
    return {"version": after["report_version"], "known_from": after["known_from"], "fields": differing}


def _children(visit: Visit, address: str, order: str, at: dict[str, Any]) -> list[dict[str, Any]]:
    if not visit.reader.has(address):
        return []
    current = " AND coded_to IS NULL" if address != "silver.report_background" else ""
    return visit.rows(
        f"SELECT * FROM {address} WHERE report_key = $key AND report_version = $version{current} ORDER BY {order}", at
    )


def _narrative(visit: Visit, at: dict[str, Any]) -> dict[str, Any] | None:
    """The story, for roles that may read it."""
    if not visit.policy.may("narratives") or not visit.reader.has("silver.report_narrative"):
        return None
    found = visit.rows(
        "SELECT narrative, reporter_comments, sender_comments FROM silver.report_narrative "
        "WHERE report_key = $key AND report_version = $version",
        at,
    )
    return found[0] if found else None
