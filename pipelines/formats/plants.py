"""Botanical names as lists print them: genus, species, author, synonyms; and parts by the Latin name of the drug.

Lists glue the author to the name (`Carum carviL.`), shorten a genus that stood before (`C. laevigata(Poir.) DC.`) and
put synonyms in brackets or behind `syn.`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

PARTS = {
    **{"radix": "root", "radice": "root", "rhizoma": "rhizome", "folium": "leaf", "folii": "leaf", "flos": "flower"},
    **{"flore": "flower", "floris": "flower", "fructus": "fruit", "herba": "herb", "semen": "seed", "cortex": "bark"},
    **{"corticis": "bark", "aetheroleum": "essential oil", "oleum": "oil", "bulbus": "bulb", "stigma": "stigma"},
    **{"stipites": "stem", "galbulus": "cone berry", "tegumentum": "husk", "succus": "juice", "peduncle": "stalk"},
    **{"destillatum": "distillate", "ramunculus": "twig", "lichen": "thallus", "fucus": "thallus", "mastic": "resin"},
    **{"myrrha": "gum resin", "balsamum": "balsam", "lecithinum": "lecithin", "resina": "resin", "gummi": "gum"},
    **{"summitas": "flowering top", "gemma": "bud", "tuber": "tuber", "lignum": "wood", "strobulus": "strobile"},
}
_NAME = re.compile(
    r"(?P<genus>[A-Z][a-zë]+|[A-Z]\.)\s+(?P<cross>[x×]\s+)?(?!(?:and|ex|et)\b)"
    r"(?P<species>[a-zéëï]{3,}(?:-[a-z]+)?)(?P<rest>.*)",
    re.DOTALL,
)
_RANK = re.compile(r"\b(?:subsp|ssp|var|f)\.\s+([a-z-]+)")
_SPECIES_OF = re.compile(r"^([A-Z][a-zë]+)\s*[\[(]various species including\s+(.*?)[\])]?$", re.DOTALL)
_BRACKET = re.compile(r"[(\[]\s*(?:=|syn\.?)?\s*([^()\[\]]*(?:\([^()]*\)[^()]*)*)[)\]]?")
_SYNONYM = re.compile(r"^(?:=|syn\.?)\s*")
_AND = re.compile(r"\s+and\s+(?=[A-Z][a-z]+\s+[a-z]{3,})")
_VARIOUS = re.compile(r"\s+and\s+[A-Z][a-z]+\s+\(various species\)")
_NEXT = re.compile(r",\s*(?=[A-Z][a-z]+\s+[a-z]{3,})")
_NO_NAME = ("Species", "Combination", "Herbal", "Saccharomyces cerevisiae CBS")


@dataclass(frozen=True)
class Botanical:
    """One species as a list prints it; `author` is empty where none is printed."""

    genus: str
    species: str
    variety: str
    author: str
    synonyms: tuple[str, ...] = ()

    @property
    def binomial(self) -> str:
        """Genus and species, of hybrids with a cross."""
        return f"{self.genus} {self.species}"


def botanicals(printed: str) -> list[Botanical]:
    """Species that a text names, in its order; none where it names none, as for teas of many plants."""
    found: list[Botanical] = []
    for chunk in _chunks(html.unescape(printed)):
        is_synonym = bool(_SYNONYM.match(chunk))
        one = _one(_SYNONYM.sub("", chunk), found)
        if one is None:
            continue
        if is_synonym and found:
            found[-1] = replace(found[-1], synonyms=(*found[-1].synonyms, one.binomial))
        elif one.binomial not in {f.binomial for f in found}:
            found.append(one)
    return found


def parts(latin_name: str) -> list[str]:
    """Parts of the plant and preparations that the Latin name of a herbal drug names, in its order."""
    words = re.findall(r"[a-z]+", html.unescape(latin_name).lower())
    return list(dict.fromkeys(PARTS[word] for word in words if word in PARTS))


def _chunks(text: str) -> Iterator[str]:
    """Parts of a list of names, each with one accepted name or synonym."""
    text = re.sub(r"^Combination:\s*", "", " ".join(text.split()))
    if several := _SPECIES_OF.match(text):
        text = several[2].replace(f"{several[1][0]}. ", f"{several[1]} ")
    for part in _VARIOUS.sub("", text).split(";"):
        for named in _NEXT.split(part):
            yield from (piece.strip(" ,") for piece in _AND.split(named))


def _one(chunk: str, before: list[Botanical]) -> Botanical | None:
    """The name at the beginning of a text; a shortened genus is the last one that begins so."""
    found = _NAME.match(chunk)
    if found is None or chunk.startswith(_NO_NAME):
        return None
    genus = _genus(found["genus"], before)
    rest, synonyms = _synonyms(found["rest"], genus)
    varieties = _RANK.findall(rest)
    author = " ".join(_RANK.sub("", rest).split()).removesuffix(" .").strip(" ,;")
    cross = "x " if found["cross"] else ""
    return Botanical(genus, cross + found["species"], "".join(varieties[-1:]), author, synonyms)


def _genus(printed: str, before: list[Botanical]) -> str:
    same = [f.genus for f in reversed(before) if f.genus[0] == printed[0]]
    return same[0] if printed.endswith(".") and same else printed


def _synonyms(rest: str, genus: str) -> tuple[str, tuple[str, ...]]:
    """What stands behind a name without the synonyms in brackets, and those: an author in brackets is none."""
    own = [Botanical(genus, "", "", "")]
    found: list[str] = []

    def taken(match: re.Match[str]) -> str:
        name = _NAME.match(match[1].strip())
        if name is None:
            return match[0]
        found.append(f"{_genus(name['genus'], own)} {name['species']}")
        return ""

    return _BRACKET.sub(taken, rest), tuple(found)
