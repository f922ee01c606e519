"""GL42 batches of the simulated country, one a month, and a list of nullified cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from pipelines.simulator.files import put
from pipelines.simulator.world import World

KEY = ["case_no", "version"]
CODES = "2.16.840.1.113883.13.206"
REPORTERS = {"vet": "Veterinarian", "owner": "Animal Owner", "other": "Other Health Care Professional"}
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<MCCI_IN200100UV01 ITSVersion="XML_1.0" xmlns="urn:hl7-org:v3" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<id root="SIM" extension="{name}" />\n'
)
TAIL = "</MCCI_IN200100UV01>\n"
NO_END = '<PORR_IN049006UV><id root="SIM" extension="broken" />\n'


def write(world: World, out: Path) -> None:
    """Write `gl42/batch_<last day of the month>.xml`, each with a message without end, and `gl42/nullified_….txt`."""
    states = _states(world)
    for (month,), part in states.group_by([pl.col("received_date").dt.month_end()], maintain_order=True):
        name = f"batch_{month}.xml"
        body = "\n".join(message(row) for row in part.iter_rows(named=True))
        put(out / "gl42" / name, (HEAD.format(name=name) + body + "\n" + NO_END + TAIL).encode())
    gone = states.filter(pl.col("retracted_date").is_not_null())["worldwide_no"].unique().sort().to_list()
    listed = [f"{number}.xml" for number in [*gone, *gone[:1]]] + ["malformed name"]
    put(out / "gl42" / "nullified_2024-07-31.txt", ("\n".join(listed) + "\n").encode())


def _states(world: World) -> pl.DataFrame:
    """Versions in the order of their receipt, with products and reactions as lists."""
    sent = world.through("gl42")
    events = sent.events.join(world.terms.select("term_no", "llt", "llt_code"), on="term_no", maintain_order="left")
    listed = events.group_by(KEY, maintain_order=True).agg(events=pl.struct("llt", "llt_code"))
    substance = {r["substance_no"]: r["name"] for r in world.substances.iter_rows(named=True)}
    named = [
        (p["product_no"], p["name"], [substance[s] for s in p["substance_nos"]], p["is_cascade"])
        for p in world.veterinary_products.iter_rows(named=True)
    ]
    schema = ["product_no", "name", "substances", "is_cascade"]
    names = pl.DataFrame(named, schema=schema, orient="row")
    products = sent.products.join(names, on="product_no", maintain_order="left").group_by(KEY, maintain_order=True)
    drugs = products.agg(products=pl.struct("seq", "name", "substances", "is_cascade", "batch"))
    cases = sent.cases.join(listed, on=KEY, maintain_order="left").join(drugs, on=KEY, maintain_order="left")
    return cases.sort("received_date", "case_no", "version")


def message(row: dict[str, Any]) -> str:
    """One message."""
    day = f"{row['received_date']:%Y%m%d}"
    return (
        f'<PORR_IN049006UV><id root="SIM" extension="{row["case_no"]}-{row["version"]}" />'
        f'<creationTime value="{day}101500" /><attentionLine><keyWordText>Report Identifier</keyWordText>'
        f'<value xsi:type="ST">SIM</value></attentionLine><controlActProcess><subject><investigationEvent>'
        f'<id root="1.2.3.4" extension={quoteattr(row["worldwide_no"])} /><text>After {_products(row)} it was ill.'
        f'</text><availabilityTime value="{day}" /><component><adverseEventAssessment><subject1><primaryRole>'
        f"{_animal(row)}{''.join(map(_drug, row['products']))}{_reactions(row)}"
        f"</primaryRole></subject1></adverseEventAssessment></component>{_reporter(row)}"
        f"{_characteristic('T95003', 'displayName=' + quoteattr('Expedited'))}"
        f"{_characteristic('T95004', 'displayName=' + quoteattr('Safety Issue'))}"
        f"{_characteristic('T95022', 'value=' + quoteattr(str(row['outcome'] is not None).lower()))}"
        f"</investigationEvent></subject></controlActProcess></PORR_IN049006UV>"
    )


def _products(row: dict[str, Any]) -> str:
    return escape(", ".join(p["name"] for p in row["products"]))


def _observed(code: str, value: str) -> str:
    return f'<subjectOf2><observation><code codeSystem="{CODES}" code="{code}" />{value}</observation></subjectOf2>'


def _characteristic(code: str, value: str) -> str:
    return (
        f'<subjectOf2><investigationCharacteristic><code codeSystem="{CODES}" code="{code}" />'
        f"<value {value} /></investigationCharacteristic></subjectOf2>"
    )


def _reporter(row: dict[str, Any]) -> str:
    kind = REPORTERS.get(row["reporter"] or "", "Unknown")
    place = f"<addr><country>{row['country']}</country></addr>" if row["country"] else ""
    return (
        f'<outboundRelationship><priorityNumber value="1" /><relatedInvestigation><code code="T95002" />'
        f'<effectiveTime value="{row["first_received_date"]:%Y%m%d}" /><participation><assignedEntity>'
        f"<code displayName={quoteattr(kind)} />{place}</assignedEntity></participation></relatedInvestigation>"
        f"</outboundRelationship>"
    )


def _animal(row: dict[str, Any]) -> str:
    sex = f"<administrativeGenderCode displayName={quoteattr(row['sex'].title())} />" if row["sex"] else ""
    parts = [
        f"<player2><code displayName={quoteattr(row['species'].title())} />"
        f'<quantity value="{row["n_affected"]}" />{sex}</player2>',
        _observed("T95005", f'<value value="{row["n_affected"]}" />'),
        _observed("C28554", f'<value value="{row["n_died"]}" />'),
    ]
    for code, name, unit in (("T95012", "age_years", "a"), ("T95011", "weight_kg", "kg")):
        if row[name] is not None:
            parts.append(_observed(code, f'<value><low value="{row[name]:g}" unit="{unit}" /></value>'))
    if row["breed"]:
        breed = f"<value displayName={quoteattr(row['breed'])} />"
        parts.append(
            _observed(
                "T95007",
                f'<value value="false" /><inboundRelationship><observation>{breed}</observation></inboundRelationship>',
            )
        )
    return "".join(parts)


def _drug(product: dict[str, Any]) -> str:
    ingredients = "".join(
        f"<ingredient><ingredientSubstance><name>{escape(s)}</name></ingredientSubstance></ingredient>"
        for s in product["substances"]
    )
    label = str(not product["is_cascade"]).lower()
    return (
        f'<subjectOf2><substanceAdministration><routeCode displayName="Oral" /><consumable><instanceOfKind>'
        f"<productInstanceInstance><lotNumberText>{escape(product['batch'])}</lotNumberText></productInstanceInstance>"
        f"<kindOfProduct><name>{escape(product['name'])}</name>{ingredients}</kindOfProduct></instanceOfKind>"
        f'</consumable><outboundRelationship2><observation><code code="T95015" /><value value="{label}" />'
        f"</observation></outboundRelationship2></substanceAdministration></subjectOf2>"
    )


def _reactions(row: dict[str, Any]) -> str:
    length = {"day": 8, "month": 6, "year": 4}[row["onset_precision"]]
    onset = f"{row['onset_date']:%Y%m%d}"[:length] if row["onset_date"] else ""
    time = f'<effectiveTime><low value="{onset}" /></effectiveTime>' if onset else ""
    return "".join(
        _observed(
            "T95020",
            f'{time}<value codeSystemVersion="18" code="{event["llt_code"]}" displayName={quoteattr(event["llt"])} />',
        )
        for event in row["events"]
    )
