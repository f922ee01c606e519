"""Outcomes of the OMOP and EU-ADR reference sets as preferred terms, the narrow ones of each: our own mapping."""

from __future__ import annotations

import re

OUTCOMES: dict[str, tuple[str, ...]] = {
    "acute liver failure": (
        *("Acute hepatic failure", "Hepatic failure", "Hepatitis fulminant", "Hepatic necrosis", "Liver transplant"),
        *("Hepatic encephalopathy", "Drug-induced liver injury", "Hepatotoxicity", "Liver injury", "Hepatitis acute"),
    ),
    "acute renal failure": ("Acute kidney injury", "Renal failure acute", "Renal failure", "Renal tubular necrosis"),
    "acute myocardial infarction": ("Acute myocardial infarction", "Myocardial infarction"),
    "hoi upper gi": (
        *("Gastrointestinal haemorrhage", "Upper gastrointestinal haemorrhage", "Gastric ulcer", "Duodenal ulcer"),
        *("Gastric ulcer haemorrhage", "Duodenal ulcer haemorrhage", "Gastric haemorrhage", "Haematemesis", "Melaena"),
        *("Peptic ulcer", "Peptic ulcer haemorrhage"),
    ),
    "anaphylaxis": ("Anaphylactic reaction", "Anaphylactic shock", "Anaphylactoid reaction", "Anaphylactoid shock"),
    "aplastic anemia": ("Aplastic anaemia", "Bone marrow failure", "Pancytopenia"),
    "leukopenia including neutropenia and agranulocytosis": (
        *("Agranulocytosis", "Neutropenia", "Leukopenia", "Febrile neutropenia", "Granulocytopenia"),
    ),
    "rhabdomyolysis": ("Rhabdomyolysis",),
    "stevens-johnson syndrome": ("Stevens-Johnson syndrome", "Toxic epidermal necrolysis"),
    "cardiac valve fibrosis": ("Cardiac valve fibrosis", "Cardiac valve disease", "Heart valve incompetence"),
}


def terms(outcome: str) -> tuple[str, ...]:
    """Preferred terms of an outcome, its number and the name of the set left out; the outcome itself for any other."""
    plain = re.sub(r"\s+", " ", re.sub(r"#?\s*\d+$|^OMOP ", "", outcome.strip())).strip().lower()
    return OUTCOMES.get(plain, (outcome,))
