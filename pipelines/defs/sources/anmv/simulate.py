"""The simulated register as the agency writes it: products, and the reference lists their codes point to."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import polars as pl

from pipelines.simulator.files import put
from pipelines.simulator.world import World

FORMS = {
    "Solution for injection": "Solution injectable",
    "Oral suspension": "Suspension buvable",
    "Chewable tablet": "Comprimé à croquer",
    "Spot-on solution": "Solution pour spot-on",
}
ROUTES = ["Voie sous-cutanée", "Voie orale", "Voie cutanée"]
HEAD = '\ufeff<?xml version="1.0" encoding="utf-8" standalone="no"?>\n'


def write(world: World, out: Path) -> None:
    """Write the products of 2023-06-01, a later and partial extract of them, and the reference lists."""
    products = list(world.veterinary_products.filter(~pl.col("is_cascade")).iter_rows(named=True))
    substances = {r["substance_no"]: r for r in world.substances.iter_rows(named=True)}
    folder = out / "anmv"
    lists = _Lists(products, substances)
    put(folder / "amm-vet-fr-v2-v_20230601.xml", _products(products, substances, lists))
    put(folder / "amm-vet-fr-v2-v_extract_20231201.xml", _products(products[::4], substances, lists, " NOUVEAU"))
    put(folder / "amm-vet-fr-v2-d_20230601.xml", lists.xml())


class _Lists:
    """Reference lists, numbered as they are asked for."""

    def __init__(self, products: list[dict[str, Any]], substances: dict[int, dict[str, Any]]):
        """Number every label that the products use."""
        self.codes: dict[str, dict[str, int]] = {
            "term-tit": _numbered(p["holder"] for p in products),
            "term-fp": _numbered(FORMS[p["form"]] for p in products),
            "term-esp": _numbered(p["french_species"] for p in products),
            "term-va": _numbered(ROUTES),
            "term-unite": {"mg": 1, "jour": 2},
            "term-stat-auto": {"Valide": 4},
            "term-sa": _numbered(
                name for s in substances.values() for name in (s["french"].capitalize(), s["french_salt"]) if name
            ),
        }

    def xml(self) -> bytes:
        """All lists as the agency writes them."""
        parts = [HEAD, "<donnees-reference-group>\n"]
        for name, codes in self.codes.items():
            entries = "".join(
                f"<entry><source-code>{c}</source-code><source-desc>{escape(label)}</source-desc></entry>\n"
                for label, c in codes.items()
            )
            parts.append(f"<{name}>\n{entries}</{name}>\n")
        return "".join([*parts, "</donnees-reference-group>\n"]).encode()


def _numbered(labels: Any) -> dict[str, int]:
    return {label: i for i, label in enumerate(dict.fromkeys(labels), start=1)}


def _products(
    products: list[dict[str, Any]], substances: dict[int, dict[str, Any]], lists: _Lists, mark: str = ""
) -> bytes:
    body = "".join(_product(p, substances[p["substance_nos"][0]], lists.codes, mark) for p in products)
    return f"{HEAD}<medicinal-product-group>\n{body}</medicinal-product-group>\n".encode()


def _product(p: dict[str, Any], held: dict[str, Any], codes: dict[str, dict[str, int]], mark: str) -> str:
    name, unit = escape(f"{p['brand'].upper()} {p['strength_mg']} MG/ML{mark}"), codes["term-unite"]["mg"]
    amount = f"<quantite>{p['strength_mg']}</quantite><term-unite>{unit}</term-unite>"
    base = codes["term-sa"][held["french"].capitalize()]
    fraction = ""
    if held["french_salt"]:
        fraction = f"<fraction><term-sa>{base}</term-sa>{amount}</fraction>"
        base = codes["term-sa"][held["french_salt"]]
    pack = "Boîte de 1 flacon de 100 ml"
    return (
        f"<medicinal-product><src-id>{p['register_no']}</src-id><nom>{name}</nom><num>{p['register_no']:07}</num>"
        f"<term-tit>{codes['term-tit'][p['holder']]}</term-tit><term-nat>1</term-nat><term-typ-proc>1</term-typ-proc>"
        f"<term-stat-auto>4</term-stat-auto><date-amm>{p['authorised']}</date-amm>"
        f"<term-fp>{codes['term-fp'][FORMS[p['form']]]}</term-fp><num-amm>FR/V/{p['register_no']}</num-amm>\n"
        f"<composition><compo><sa><term-sa>{base}</term-sa>{amount}</sa>{fraction}</compo></composition>\n"
        f"<voie-administration><voie-admin><term-va>{p['product_no'] % 3 + 1}</term-va>"
        f"<term-esp>{codes['term-esp'][p['french_species']]}</term-esp></voie-admin></voie-administration>\n"
        f"<modele-destine-vente><mod-vte><lib-mod>{pack}</lib-mod><nb-unit>1</nb-unit></mod-vte></modele-destine-vente>"
        f"<mdv-codes-gtin><mod-vte><lib-mod>{pack}</lib-mod><code-gtin>{p['gtin']}</code-gtin></mod-vte></mdv-codes-gtin>\n"
        f"<atcvet-code><code-atcvet>Q{held['atc']}</code-atcvet></atcvet-code>"
        f"<paragraphes-rcp><para-rcp><term-titre>1</term-titre><contenu><![CDATA[ \\n {name}]]></contenu></para-rcp>"
        "</paragraphes-rcp></medicinal-product>\n"
    )
