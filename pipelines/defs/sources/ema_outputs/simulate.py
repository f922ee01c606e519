"""The EMA's output tables in the simulated country: a state in CSV, and a later one in JSON."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.core.table import BronzeTable
from pipelines.defs.sources.ema_outputs import tables as t
from pipelines.formats.plants import PARTS
from pipelines.simulator.acts import Recognition, Shortage, recognitions, shortages
from pipelines.simulator.files import put
from pipelines.simulator.world import World

FIRST, LAST = dt.date(2013, 3, 25), dt.date(2024, 12, 31)
SITE = "https://www.ema.europa.eu/en"
NAMES: dict[type[BronzeTable], str] = {
    t.EmaReferral: "referrals",
    t.EmaDhpc: "dhpc",
    t.EmaPsusa: "periodic_safety_update_report_single_assessments",
    t.EmaShortage: "shortages",
    t.EmaPostAuthorisation: "post_authorisation",
    t.EmaOpinionOutsideEu: "opinions_outside_eu",
    t.EmaOrphan: "orphan_designations",
    t.EmaHerbal: "herbal_medicines",
}
HEADERS = {  # where a key in capitals and blanks is not the header
    "safety_referral": "Safety referral?",
    "class_of_substances": "Class",
    "associated_names_centrally_authorised_medicines": "Associated names (centrally authorised medicines)",
    "associated_names_non_centrally_authorised_medicines": "Associated names (non-centrally authorised medicines)",
    "non_prac_decision_making_model": "Non-PRAC decision making model",
    "prac_decision_making_model": "PRAC decision making model",
    "prac_recommendation": "PRAC recommendation",
    "prac_recommendation_date": "PRAC recommendation date",
    "chmp_cvmp_opinion_date": "CHMP/CVMP opinion date",
    "cmdh_position_date": "CMDh position date",
    "european_commission_decision_date": "European Commission decision date",
    "dhpc_type": "DHPC type",
    "atc_code_human": "ATC code (human)",
    "atcvet_code_veterinary": "ATCvet code (veterinary)",
    "therapeutic_area_mesh": "Therapeutic area (MeSH)",
    "other_related_medicines_nationally_authorised": "Other related medicines\n(nationally authorised)",
    "international_non_proprietary_name_inn_common_name": "International non-proprietary name (INN) / common name",
    "international_non_proprietary_name_inn_or_common_name": "International non-proprietary name (INN) or common name",
    "related_ema_product_number": "Related EMA product number",
    "date_of_designation_refusal": "Date of designation / refusal",
    "eu_designation_number": "EU designation number",
    "referral_url": "Referral URL",
    "dhpc_url": "DHPC URL",
    "psusa_url": "PSUSA URL",
    "shortage_url": "Shortage URL",
    "orphan_designation_url": "Orphan designation URL",
}
Rows = list[dict[str, Any]]


def write(world: World, out: Path) -> None:
    """Write the state of March 2013 in CSV, one record cut by a line feed, and that of December 2024 in JSON."""
    acts, lacks = recognitions(world), shortages(world)
    for table, name in NAMES.items():
        for day, folder in ((FIRST, "2013-03-25"), (LAST, "2024-12")):
            rows = WRITERS[table](world, acts, lacks, day)
            base = out / "ema_outputs" / folder / f"medicines_output_{name}_en"
            if day == LAST:
                put(base.with_suffix(".json"), _json(rows, table))
            elif table in CSV:
                put(base.with_suffix(".csv"), _csv(rows, table))


def _json(rows: Rows, table: type[BronzeTable]) -> bytes:
    keys = {column: "class" if column == "class_of_substances" else column for column in table.source_columns()}
    told = [{key: _text(row.get(column)) for column, key in keys.items()} for row in rows]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _csv(rows: Rows, table: type[BronzeTable]) -> bytes:
    """The CSV of a table; the last assessment stands on two records, as a line feed has cut one of the real ones."""
    columns = table.source_columns()
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(headers(table))
    lines = [[_text(row.get(c)) for c in columns] for row in rows]
    if table is t.EmaPsusa and lines:
        *lines, last = lines
        lines.append([*last[:1], f"{last[1]}\n", *[""] * (len(columns) - 2)])
        lines.append(['and related"', *last[2:], ""])
    writer.writerows(lines)
    return file.getvalue().encode()


def headers(table: type[BronzeTable]) -> list[str]:
    """Headers of a table's CSV."""
    return [HEADERS.get(c, c.replace("_", " ").capitalize()) for c in table.source_columns()]


def _text(value: Any) -> str:
    return value.strftime("%d/%m/%Y") if isinstance(value, dt.date) else "" if value is None else str(value)


def _until(day: dt.date | None, last: dt.date) -> dt.date | None:
    return day if day and day <= last else None


def _after(day: dt.date, days: int) -> dt.date:
    return day + dt.timedelta(days=days)


def _slug(act: Recognition | Shortage) -> str:
    return str(act.product["brand"]).lower().replace(" ", "-")


def _category(act: Recognition) -> str:
    return act.domain.capitalize()


def _referrals(world: World, acts: list[Recognition], lacks: list[Shortage], day: dt.date) -> Rows:
    """The strongest harms: start, recommendation, opinion, decision; of animals, opinion and decision alone."""
    rows = []
    for act in acts:
        if act.strength < 8 or act.acted is None or act.opened > day:
            continue
        opinion, decision = _until(_after(act.acted, 20), day), _until(_after(act.acted, 108), day)
        is_human = act.domain == "human"
        rows.append(
            {
                "category": _category(act),
                "referral_name": f"{act.product['brand']} and associated names",
                "international_non_proprietary_name_inn_common_name": act.substance["name"].lower(),
                "current_status": "European Commission final decision" if decision else "Under evaluation",
                "safety_referral": "Yes" if is_human else "No",
                "referral_type": "Article 31 referrals" if is_human else "",
                "associated_names_centrally_authorised_medicines": act.product["brand"],
                "reference_number": f"EMEA/{'H' if is_human else 'V'}/A/{act.number}",
                "prac_recommendation": "Variation" if is_human and _until(act.acted, day) else "",
                "procedure_start_date": _after(act.opened, 10) if is_human else None,
                "prac_recommendation_date": _until(act.acted, day) if is_human else None,
                "chmp_cvmp_opinion_date": opinion,
                "european_commission_decision_date": decision,
                "first_published_date": _after(act.opened, 12),
                "last_updated_date": decision or opinion,
                "referral_url": f"{SITE}/medicines/{act.domain}/referrals/{_slug(act)}-{act.number}",
            }
        )
    return rows


def _letters(world: World, acts: list[Recognition], lacks: list[Shortage], day: dt.date) -> Rows:
    """Harms of some strength once acted on, defective batches, and shortages."""
    rows: Rows = []
    for act in acts:
        sent = _until(act.acted and _after(act.acted, 15), day)
        is_defect = act.kind == "batch"
        if sent and (act.strength >= 4 or is_defect):
            rows.append(
                {
                    "category": _category(act),
                    "name_of_medicine": act.product["brand"],
                    "active_substances": act.substance["name"].lower(),
                    "dhpc_type": "Quality defect" if is_defect else "Adverse event",
                    "regulatory_outcome": "" if is_defect else "Variation",
                    "species": "" if act.domain == "human" else f"{act.product['species']}s",
                    "dissemination_date": sent,
                    "first_published_date": sent,
                    "dhpc_url": f"{SITE}/medicines/dhpc/{_slug(act)}-{act.number}",
                }
            )
    return rows


def _assessments(world: World, acts: list[Recognition], lacks: list[Shortage], day: dt.date) -> Rows:
    """Substances of people: changed where a harm was acted on by the day of the assessment, else maintained."""
    rows: Rows = []
    for held in world.substances.filter("is_human").head(30).iter_rows(named=True):
        for year in (2012, 2013):
            assessed = dt.date(year, 11, 20)
            if assessed > day:
                continue
            is_changed = any(
                a.substance["substance_no"] == held["substance_no"] and a.acted and year - 1 < a.acted.year <= year
                for a in acts
            )
            number = f"PSUSA/{held['substance_no']:08}/{year}06"
            rows.append(
                {
                    "category": "Human" if held["substance_no"] % 9 == 0 else "",
                    "active_substances_in_scope_of_procedure": held["name"].lower(),
                    "active_substance": held["name"].lower(),
                    "procedure_number": number,
                    "regulatory_outcome": "Variation" if is_changed else "Maintenance",
                    "first_published_date": assessed,
                    "psusa_url": f"{SITE}/medicines/psusa/{number.lower().replace('/', '-')}",
                }
            )
    return rows


def _shortages(world: World, acts: list[Recognition], lacks: list[Shortage], day: dt.date) -> Rows:
    """Every third shortage of the country is one of Europe's; few have a start."""
    substances = {r["substance_no"]: r["name"] for r in world.substances.iter_rows(named=True)}
    rows: Rows = []
    for n, lack in enumerate(lacks[::3]):
        began, last = lack.states[0][0], lack.states[-1][0]
        if began <= day:
            rows.append(
                {
                    "category": "Human",
                    "medicine_affected": lack.product["brand"],
                    "supply_shortage_status": "Resolved" if last <= day else "Ongoing",
                    "international_non_proprietary_name_inn_or_common_name": ";".join(
                        substances[s].lower() for s in lack.product["substance_nos"]
                    ),
                    "pharmaceutical_forms_affected": lack.product["form"],
                    "strengths_affected": f"{lack.product['strength_mg']} mg",
                    "availability_of_alternatives": "Yes",
                    "start_of_shortage_date": began if n % 5 == 0 else None,
                    "expected_resolution": f"End of {last:%B %Y}",
                    "first_published_date": _after(began, 3),
                    "last_updated_date": _until(_after(last, 2), day),
                    "shortage_url": f"{SITE}/medicines/human/shortages/{_slug(lack)}-{n}",
                }
            )
    return rows


def _opinions(world: World, acts: list[Recognition], lacks: list[Shortage], day: dt.date) -> Rows:
    """Variations of the product information that the harms led to."""
    rows: Rows = []
    for act in acts:
        opinion = _until(act.labelled, day)
        if opinion and act.strength >= 12:
            rows.append(
                {
                    "category": _category(act),
                    "name_of_medicine": act.product["brand"],
                    "active_substance": act.substance["name"].lower(),
                    "post_authorisation_procedure_status": "Opinion",
                    "post_authorisation_opinion_status": "Positive",
                    "post_authorisation_opinion_date": opinion,
                    "first_published_date": _after(opinion, 1),
                    "medicine_url": f"{SITE}/medicines/{act.domain}/variation/{_slug(act)}-{act.number}",
                }
            )
    return rows


def _outside(world: World, acts: list[Recognition], lacks: list[Shortage], day: dt.date) -> Rows:
    (product, *_) = world.human_products.iter_rows(named=True)
    opinion = dt.date(2006, 9, 21)
    return [
        {
            "name_of_medicine": product["brand"],
            "ema_opinion_number": "H-W-001",
            "ema_opinion_status": "Positive opinion",
            "date_of_opinion": opinion,
            "first_published_date": _after(opinion, 9),
            "opinion_on_medicines_for_use_outside_eu_url": f"{SITE}/opinion-medicine-use-outside-EU/human/one",
        }
    ]


def _orphans(world: World, acts: list[Recognition], lacks: list[Shortage], day: dt.date) -> Rows:
    return [
        {
            "active_substance": held["name"].capitalize(),
            "date_of_designation_refusal": dt.date(2010, 5, 1 + held["substance_no"]),
            "intended_use": "Treatment of a rare disease",
            "eu_designation_number": f"EU/3/10/{held['substance_no']:04}",
            "status": "Positive",
            "first_published_date": dt.date(2010, 6, 1),
            "orphan_designation_url": f"{SITE}/medicines/human/orphan-designations/eu-3-10-{held['substance_no']:04}",
        }
        for held in world.substances.head(5).iter_rows(named=True)
    ]


def _plants(world: World, acts: list[Recognition], lacks: list[Shortage], day: dt.date) -> Rows:
    return [
        {
            "latin_name": f"{plant['name'].split()[0]}e {LATIN[plant['plant_part']]}",
            "combination": "No",
            "english_common_name": plant["common_name"],
            "botanical_name": f"{plant['name']}L.",
            "status": "F: Assessment finalised",
            "outcome_of_european_assessment": "European Union herbal monograph",
            "date_added_to_the_inventory": dt.date(2005, 11, 24),
            "first_published_date": dt.date(2009, 12, 31),
            "herbal_medicine_url": f"{SITE}/medicines/herbal/{plant['name'].lower().replace(' ', '-')}",
        }
        for plant in world.ingredients.filter(kind="plant").iter_rows(named=True)
    ]


LATIN = {part: latin for latin, part in reversed(PARTS.items())}  # the first of several, a nominative
CSV = (t.EmaReferral, t.EmaDhpc, t.EmaPsusa, t.EmaShortage, t.EmaOrphan)
WRITERS: dict[type[BronzeTable], Callable[[World, list[Recognition], list[Shortage], dt.date], Rows]] = {
    t.EmaReferral: _referrals,
    t.EmaDhpc: _letters,
    t.EmaPsusa: _assessments,
    t.EmaShortage: _shortages,
    t.EmaPostAuthorisation: _opinions,
    t.EmaOpinionOutsideEu: _outside,
    t.EmaOrphan: _orphans,
    t.EmaHerbal: _plants,
}
