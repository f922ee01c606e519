"""Names of substances and products as people write them, and the forms under which a dictionary may hold them.

Pure string rules, French and English; no dictionary is known here. They are ours: the sources give no table of salts.
"""

from __future__ import annotations

import re
import unicodedata

CATIONS = {
    *("SODIUM", "POTASSIUM", "CALCIUM", "MAGNESIUM", "LITHIUM", "ZINC", "IRON", "FER", "ALUMINIUM", "ALUMINUM"),
    *("COPPER", "CUIVRE", "AMMONIUM", "BISMUTH", "SILVER", "ARGENT", "MANGANESE", "STRONTIUM", "BARIUM", "COBALT"),
    *("FERROUS", "FERRIC", "GOLD", "HYDROGEN", "CHROMIUM", "SELENIUM", "TIN", "MERCURY", "NICKEL", "IODINE"),
}
SALTS = {
    *("SODIUM", "POTASSIUM", "CALCIUM", "MAGNESIUM", "LITHIUM", "ZINC", "DISODIUM", "DIPOTASSIUM", "TRISODIUM"),
    *("HYDROCHLORIDE", "DIHYDROCHLORIDE", "MONOHYDROCHLORIDE", "CHLORIDE", "HYDROBROMIDE", "BROMIDE", "IODIDE"),
    *("SULFATE", "SULPHATE", "BISULFATE", "HEMISULFATE", "PHOSPHATE", "DIPHOSPHATE", "NITRATE", "ACETATE", "DIACETATE"),
    *("MALEATE", "HYDROGEN", "FUMARATE", "HEMIFUMARATE", "TARTRATE", "BITARTRATE", "CITRATE", "SUCCINATE", "LACTATE"),
    *("MESYLATE", "MESILATE", "DIMESYLATE", "BESYLATE", "BESILATE", "TOSYLATE", "TOSILATE", "GLUCONATE", "OXALATE"),
    *("BENZOATE", "SALICYLATE", "PAMOATE", "EMBONATE", "STEARATE", "PALMITATE", "PROPIONATE", "DIPROPIONATE"),
    *("VALERATE", "ENANTATE", "ENANTHATE", "DECANOATE", "CYPIONATE", "XINAFOATE", "FUROATE", "MALATE", "EDISYLATE"),
    *("HYDRATE", "MONOHYDRATE", "DIHYDRATE", "TRIHYDRATE", "HEMIHYDRATE", "SESQUIHYDRATE", "PENTAHYDRATE", "ANHYDROUS"),
    *("HEPTAHYDRATE", "HEXAHYDRATE", "TETRAHYDRATE", "MEGLUMINE", "TROMETHAMINE", "TROMETAMOL", "LYSINE", "ARGININE"),
    *("MEDOXOMIL", "CILEXETIL", "AXETIL", "PROXETIL", "PIVOXIL", "DIPIVOXIL", "DISOPROXIL", "ALAFENAMIDE", "MOFETIL"),
    *(
        "SODIQUE",
        "DISODIQUE",
        "POTASSIQUE",
        "CALCIQUE",
        "MAGNESIQUE",
        "ANHYDRE",
        "HYDRATE",
        "MONOSODIQUE",
        "TRISODIQUE",
    ),
    *("MONOHYDRATEE", "TRIHYDRATEE", "DIHYDRATEE", "BENZATHINE", "PROCAINE", "TARTRIQUE", "ERBUMINE", "HYCLATE"),
    *("HYDROGENOMALEATE", "HEMIHYDRATEE", "SESQUIHYDRATEE", "MICRONISE", "MICRONISEE", "BASE", "RACEMIC"),
}
FORMS = {
    *("TABLET", "TABLETS", "CAPSULE", "CAPSULES", "INJECTION", "SOLUTION", "CREAM", "OINTMENT", "GEL", "SYRUP"),
    *("SUSPENSION", "ORAL", "POWDER", "PATCH", "SPRAY", "DROPS", "INHALER", "CAPLETS", "CAP", "TAB", "CAPS", "TABS"),
    *("COMPRIME", "COMPRIMES", "GELULE", "GELULES", "POMMADE", "CREME", "SIROP", "COLLYRE", "INJECTABLE", "XR", "SR"),
    *("ER", "CR", "EXTENDED", "RELEASE", "DELAYED", "FOR", "NOS", "UNKNOWN", "FILM", "COATED", "CHEWABLE", "LA", "XL"),
    *("INFUSION", "CONCENTRATE", "VIAL", "PEN", "PREFILLED", "SYRINGE", "LOTION", "SUPPOSITORY", "NASAL", "TOPICAL"),
}
PLANT_PARTS = {
    *("ROOT", "ROOTS", "LEAF", "LEAVES", "FLOWER", "FLOWERS", "FLOWERING", "TOP", "TOPS", "SEED", "SEEDS", "FRUIT"),
    *("FRUITS", "BARK", "RHIZOME", "RHIZOMES", "WHOLE", "PLANT", "HERB", "AERIAL", "PART", "PARTS", "STEM", "BULB"),
    *("TUBER", "JUICE", "PEEL", "NEEDLE", "TWIG", "RACINE", "FEUILLE", "FEUILLES", "FLEUR", "FLEURS", "GRAINE"),
    *("GRAINES", "ECORCE", "SOMMITE", "SOMMITES", "FLEURIE", "FLEURIES", "PARTIE", "PARTIES", "AERIENNE"),
    *("AERIENNES", "PLANTE", "ENTIERE", "SUC", "RADIX", "FOLIUM", "FLOS", "SEMEN", "FRUCTUS", "CORTEX", "RHIZOMA"),
    "HERBA",
}
PREPARATIONS = {"EXTRACT", "EXTRAIT", "DRY", "SEC", "POWDER", "POUDRE", "FRESH", "DRIED"}
_BINOMIAL = re.compile(
    r"^(?P<name>[A-Z][A-Z-]{3,} (?:X )?[A-Z][A-Z-]{2,})(?P<author>(?: (?:L|LINN|MILL|WILLD|DC|GAERTN|LAM|"
    r"\([A-Z.]+\)(?: [A-Z]+)?)\.?)*)(?P<rest>(?:[ ,]+[A-Z-]+)*)$"
)
_COLOUR_INDEX = re.compile(r"\bC\.? ?I\.? ?(?:NO\.? ?)?(\d{5})\b")
_TAG = re.compile(r"\[[^\]]*\]")
_BRACKET = re.compile(r"\([^()]*\)")
_STRENGTH = re.compile(r"\b\d[\d.,\s]*(?:%|MG|MCG|UG|G|ML|IU|UI|MICROGRAMMES?|MICROG|MEQ|MMOL|KG|M|L|CM2)?\b.*$")
_SALT_OF = re.compile(r"^(?P<base>.+?) \((?P<salt>[^()]+?) (?:DE L'|DE LA|DE|D'|D|DU)\s*\)$")
_OF_SALT = re.compile(r"^[A-Z]+(?:ATE|URE|HYDRATE) (?:DE L'|DE LA |DE |D')(?P<base>.+)$")
_ACID = re.compile(r"^ACIDE (\w+?)(?:IQUE)\b")
_PARTS = re.compile(r"\\|;|\s\+\s|\s/\s|\+|\s(?:AND|WITH|ET)\s|/")
_ENDINGS = (
    *(("INES", "INE"), ("INE", "IN"), ("INE", "INE"), ("ENE", "EN"), ("ASE", "ASE"), ("IQUE", "IC"), ("YLE", "YL")),
    *(("ONE", "ON"), ("OLE", "OL"), ("ERE", "ER"), ("ATE", "AT"), ("E", "")),
)


def normalise(text: str | None) -> str:
    """Upper case, no accents, no [tags], single blanks, no full stop at the end; the same when done twice."""
    plain = unicodedata.normalize("NFKD", text or "")
    plain = "".join(c for c in plain if not unicodedata.combining(c)).upper()
    plain = plain.replace("’", "'").replace("Œ", "OE").replace("Æ", "AE").replace("Ø", "O")
    plain = _TAG.sub(" ", plain)
    return re.sub(r"\s+", " ", plain).strip(" .,;:-")


def without_salt(name: str) -> str:
    """Take salt, hydrate and ester words off the end of a normalised name; never down to a bare cation or to nothing.

    `AMOXICILLIN SODIUM` becomes `AMOXICILLIN`; `SODIUM CHLORIDE` and `LITHIUM CARBONATE` stay.
    """
    words = name.split(" ")
    kept = list(words)
    while len(kept) > 1 and kept[-1].strip(",()") in SALTS:
        kept.pop()
    while kept and kept[-1].rstrip(",") != kept[-1]:
        kept[-1] = kept[-1].rstrip(",")
    if not kept or kept[0] in CATIONS or (len(kept) == 1 and len(kept[0]) < 4):
        return name
    return " ".join(kept)


def french_to_english(name: str) -> list[str]:
    """English spellings that a French normalised name may stand for, the likeliest first.

    `ACIDE VALPROIQUE` gives `VALPROIC ACID`, `AMOXICILLINE` gives `AMOXICILLIN`, `SODIUM (BICARBONATE DE)` gives
    `SODIUM BICARBONATE`: a salt of a cation keeps its anion, a salt of an organic base loses it.
    """
    found: list[str] = []
    salt = _SALT_OF.match(name)
    if salt:
        base, anion = salt["base"], salt["salt"]
        found += [f"{base} {anion}"] if base.split(" ")[0] in CATIONS else french_to_english(base)
        return [base] * (base.split(" ")[0] not in CATIONS) + found
    acid = _ACID.sub(r"\1IC ACID", name)
    if acid != name:
        found.append(acid)
    spelled = name.replace("OE", "E").replace("OESTR", "ESTR")
    for form in dict.fromkeys((name, spelled)):
        for french, english in _ENDINGS:
            if form.endswith(french) and len(form) > len(french) + 3:
                found.append(form[: -len(french)] + english)
    return [form for form in dict.fromkeys([*found, spelled]) if form != name]


def binomial(name: str) -> str | None:
    """Latin binomial of a normalised plant name that goes on with its author or its part; None for any other name.

    `CURCUMA LONGA L., RHIZOME` and `CURCUMA LONGA (TURMERIC) ROOT EXTRACT` give `CURCUMA LONGA`: one plant is one
    substance, whatever part of it was taken. Oils and isolated constituents are substances of their own.
    """
    found = _BINOMIAL.match(normalise(_BRACKET.sub(" ", name)))
    if found is None:
        return None
    words = set(re.findall(r"[A-Z-]+", found["rest"]))
    first, second = found["name"].split(" ", 1)
    is_plant = bool(words & PLANT_PARTS or found["author"]) and words <= PLANT_PARTS | PREPARATIONS
    other = CATIONS | SALTS | FORMS | PLANT_PARTS
    return found["name"] if is_plant and first not in other and second not in other else None


def colour_index(name: str) -> str | None:
    """Colour Index constitution number in a normalised name: `PIGMENT RED 57 (C.I. 15850:1)` gives `CI 15850`."""
    found = _COLOUR_INDEX.search(name)
    return f"CI {found[1]}" if found else None


def stem(name: str) -> str:
    """The brand in a product's name: what stands before strength, form, comma or dash."""
    head = re.split(r"\s-\s|,", name, maxsplit=1)[0]
    head = _BRACKET.sub(" ", head)
    head = _STRENGTH.sub("", head)
    words = [w for w in head.split() if w]
    while len(words) > 1 and words[-1].strip(".,") in FORMS:
        words.pop()
    return " ".join(words).strip(" .,;:-/")


def forms(name: str) -> list[tuple[str, str]]:
    """Forms under which a dictionary may hold a normalised name, each with the method a match by it is, best first."""
    salt = _SALT_OF.match(name)
    bare = normalise(_BRACKET.sub(" ", name))
    exact = [name] if salt else [name, bare]
    of_salt = _OF_SALT.match(name)
    stripped = [without_salt(form) for form in exact] + [m["base"] for m in (salt, of_salt) if m]
    french = [e for form in dict.fromkeys((name, *stripped)) for e in french_to_english(form)]
    product = stem(name)
    words = product.split(" ")
    heads = [" ".join(words[:n]) for n in range(len(words) - 1, 0, -1)] if len(words[0]) > 4 else []
    branded = [product, without_salt(product), *french_to_english(product), *(h for h in heads if h not in CATIONS)]
    best: dict[str, str] = {}
    for method, listed in (
        ("exact", exact),
        ("code", [c for c in [colour_index(name)] if c]),
        ("botanical", [b for b in [binomial(name)] if b]),
        ("salt_stripped", stripped),
        ("translated", [*french, *map(without_salt, french)]),
        ("brand", branded),
    ):
        for form in listed:
            if len(form) > 2 and not (salt and form in CATIONS):
                best.setdefault(form, method)
    return list(best.items())


def parts(name: str) -> list[str]:
    """Ingredients of a combination as people join them; one element where there is no joint."""
    return [part for part in (normalise(p) for p in _PARTS.split(name)) if part]
