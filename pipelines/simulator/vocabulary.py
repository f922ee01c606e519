"""Invented vocabularies: clinical terms with a hierarchy, substances with salts and brands, in two languages."""

from __future__ import annotations

import numpy as np
import polars as pl

SITES = {
    "Skin and appendages disorders": ["Skin", "Ear", "Paw", "Hair"],
    "Digestive tract disorders": ["Abdominal", "Gastric", "Oral", "Intestinal"],
    "Neurological disorders": ["Cerebral", "Spinal", "Peripheral nerve", "Vestibular"],
    "Respiratory tract disorders": ["Bronchial", "Nasal", "Pulmonary", "Laryngeal"],
    "Renal and urinary disorders": ["Renal", "Bladder", "Urethral", "Ureteral"],
    "Cardiovascular system disorders": ["Cardiac", "Arterial", "Venous", "Valvular"],
    "Musculoskeletal disorders": ["Joint", "Muscle", "Tendon", "Bone"],
    "Hepato-biliary disorders": ["Hepatic", "Biliary", "Portal", "Gall bladder"],
    "Eye disorders": ["Corneal", "Retinal", "Eyelid", "Lens"],
    "Systemic disorders": ["General", "Behavioural", "Body temperature", "Appetite"],
}
KINDS = ["inflammation", "pain", "haemorrhage", "necrosis", "oedema", "disorder NOS"]
TYPES = ["C", "C", "C", "A", "C", "H"]
STEMS = ["velo", "cari", "mido", "tren", "oxa", "belu", "firo", "gala", "hypno", "jari", "keto", "lumo", "nalu", "pira"]
ENDINGS = [("tinib", "tinib"), ("mycin", "mycine"), ("pril", "pril"), ("oxacin", "oxacine"), ("zepam", "zépam")]
ENDINGS += [("limumab", "limumab"), ("vastatin", "vastatine"), ("profene", "profène"), ("cillin", "cilline")]
SALTS = [("HYDROCHLORIDE", "CHLORHYDRATE DE"), ("MALEATE", "MALÉATE DE"), ("SODIUM", None), ("MESYLATE", "MÉSILATE DE")]
CONSONANTS = "BCDFGKLMNPRSTVZ"
UNII_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

PLANTS = [
    ("Lyrella officinalis", "rhizome", "lyre root"),
    ("Savigna perforata", "flowering top", "goldwort"),
    ("Cervina aurantium", "fruit", "bitter hind"),
    ("Rhodana gerlandii", "leaf", "gerland leaf"),
    ("Myrtilla densiflora", "seed", "dense myrtle"),
    ("Aconella vera", "juice", "true aconel"),
]
INCI_HEADS = ["SODIUM", "CETEARYL", "METHYL", "HYDROLYZED", "BUTYL", "DISODIUM"]
INCI_TAILS = ["LAUROXATE", "PARADIOL", "VELOAMIDE", "GLYCERIDATE", "THIAZOLONE"]
N_PIGMENTS = 14
N_HERBAL = 3


def ingredients(random: np.random.Generator) -> pl.DataFrame:
    """Invented ingredients: ingredient_no, kind (inci, pigment, plant), name, unii, plant_part, common_name.

    Names are those of labels: INCI, Colour Index number, Latin binomial.
    """
    rows: list[tuple[str, str, str | None, str | None]] = []
    rows += [("inci", f"{head} {tail}", None, None) for head in INCI_HEADS for tail in INCI_TAILS]
    rows += [("pigment", f"CI {71000 + 137 * i}", None, None) for i in range(N_PIGMENTS)]
    rows += [("plant", name, part, common) for name, part, common in PLANTS]
    frame = pl.DataFrame(rows, schema=["kind", "name", "plant_part", "common_name"], orient="row")
    codes = [unii(random) for _ in range(frame.height)]
    return frame.with_row_index("ingredient_no").with_columns(
        pl.col("ingredient_no").cast(pl.Int64), unii=pl.Series(codes)
    )


def terms() -> pl.DataFrame:
    """Clinical terms: soc, hlt, pt, llt with codes, type (C, A, H), and the text that human sources use.

    One in five terms has its site behind a comma, one in six repeats another with a word more.
    """
    rows: list[tuple[str, int, str, str, str, str]] = []
    for soc_code, (soc, sites) in enumerate(SITES.items(), start=1):
        for site in sites:
            for kind, term_type in zip(KINDS, TYPES, strict=True):
                pt = f"{site} {kind}"
                n = len(rows)
                llts = [f"{kind.capitalize()}, {site.lower()}" if n % 5 == 0 else pt]
                if n % 6 == 0:
                    llts.append(f"{pt}, chronic")
                rows += [(soc, soc_code, f"{site} conditions", pt, llt, term_type) for llt in llts]
    frame = pl.DataFrame(rows, schema=["soc", "soc_code", "hlt", "pt", "llt", "term_type"], orient="row")
    return frame.with_row_index("term_no").with_columns(
        pl.col("term_no").cast(pl.Int64),
        hlt_code=pl.col("hlt").rank("dense").cast(pl.Int64),
        pt_code=pl.col("pt").rank("dense").cast(pl.Int64) + 1000,
        llt_code=pl.col("term_no").cast(pl.Int64) + 5000,
        human_pt=pl.col("pt").str.to_titlecase(),
    )


def meddra_codes(frame: pl.DataFrame) -> pl.DataFrame:
    """Add codes of the shape of MedDRA's to terms: pt_meddra for the text of human sources, llt_meddra for the term.

    They are invented, as the terms are: numbers that MedDRA does not use.
    """
    return frame.with_columns(pt_meddra=pl.col("pt_code") + 98_000_000, llt_meddra=pl.col("term_no") + 99_000_000)


def substances(random: np.random.Generator, n: int = 120) -> pl.DataFrame:
    """Invented substances: English and French names, UNII, a salt with its own UNII, codes, and who they are for."""
    names: dict[str, str] = {}
    while len(names) < n:
        stem = STEMS[random.integers(len(STEMS))] + "aeiou"[random.integers(5)] * int(random.integers(2))
        middle = "".join(random.choice(list("bdlmnrst"), 1)) + "aeiou"[random.integers(5)]
        english, french = ENDINGS[random.integers(len(ENDINGS))]
        names[(stem + middle + english).upper()] = (stem + middle + french).upper()
    use = random.choice(["human", "veterinary", "both"], n, p=[0.4, 0.25, 0.35])
    salt = random.integers(0, len(SALTS) * 2, n)
    rows = []
    for i, (name, french) in enumerate(names.items()):
        english_salt, french_salt = SALTS[salt[i]] if salt[i] < len(SALTS) else (None, None)
        salted = f"{name} {english_salt}" if english_salt else None
        french_salted = f"{french} ({french_salt})" if french_salt else f"{french} SODIQUE"
        letter = "ABCDGHJLMN"[i % 10]
        group = f"{letter}{1 if letter == 'J' else i % 3 + 1:02}{'ABC'[i % 3]}{'AB'[i % 2]}{i % 90 + 1:02}"
        rows.append(
            {
                "substance_no": i,
                "name": name,
                "french": french,
                "unii": unii(random),
                "salt_name": salted,
                "salt_unii": unii(random) if salted else None,
                "french_salt": french_salted if salted else None,
                "atc": group,
                "is_human": bool(use[i] != "veterinary"),
                "is_veterinary": bool(use[i] != "human"),
            }
        )
    return pl.DataFrame(rows)


def with_plants(substances: pl.DataFrame, ingredients: pl.DataFrame) -> pl.DataFrame:
    """Add the first plants to the substances of medicines, under the same UNII: herbal medicines for people."""
    plants = ingredients.filter(kind="plant").head(N_HERBAL)
    herbal = plants.select(
        substance_no=pl.int_range(substances.height, substances.height + plants.height, dtype=pl.Int64),
        name=pl.col("name").str.to_uppercase(),
        french=pl.col("name").str.to_uppercase(),
        unii="unii",
        salt_name=pl.lit(None, pl.String),
        salt_unii=pl.lit(None, pl.String),
        french_salt=pl.lit(None, pl.String),
        atc=pl.lit("V03AX"),
        is_human=True,
        is_veterinary=False,
    )
    return pl.concat([substances, herbal.select(substances.columns).cast(substances.schema)])


def unii(random: np.random.Generator) -> str:
    """An invented code of the shape of a UNII."""
    return "".join(random.choice(list(UNII_LETTERS), 10))


def brand(random: np.random.Generator) -> str:
    """An invented brand name of three syllables."""
    syllables = [CONSONANTS[random.integers(len(CONSONANTS))] + "AEIOU"[random.integers(5)] for _ in range(3)]
    return "".join(syllables) + "XZN"[random.integers(3)]
