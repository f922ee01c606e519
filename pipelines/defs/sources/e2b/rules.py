"""Rejection and warning rules, under the numbers that the FDA publishes for E2B(R3).

Applied: what ICH asks of every message, and its conditional elements. Not applied: the groups of premarket
submissions (IND, BA/BE), device constituents, races and ethnicities of the FDA's own region, and its product registers.
Of R2 only the case number, reactions and drugs are asked: public files leave out much of the rest. `R-required` stands
for the generic rule "Data value required for tag".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Values = dict[str, Any]
CASE = "/PORR_IN049016UV/controlActProcess/subject/investigationEvent"
DRUG = CASE + "/component/adverseEventAssessment/subject1/primaryRole/subjectOf2/organizer[code/@code='4']/component"


@dataclass(frozen=True)
class Rule:
    """One rule: its number, the element it is about, where that stands, what it says, and when it is broken."""

    number: str
    element: str
    xpath: str
    meaning: str
    is_broken: Callable[[Values], bool]
    is_rejection: bool = True
    formats: tuple[str, ...] = ("R3",)


def _is_given(value: object) -> bool:
    return value not in (None, "", [])


def _is_value(value: object) -> bool:
    return _is_given(value) and not str(value).startswith("nullFlavor:")


def _required(column: str, element: str, xpath: str, *formats: str) -> Rule:
    def is_missing(values: Values) -> bool:
        return not _is_given(values.get(column))

    meaning = "a value is required"
    return Rule("R-required", element, CASE + xpath, meaning, is_missing, formats=formats or ("R3",))


def _any(v: Values, part: str, broken: Callable[[Values], bool]) -> bool:
    return any(broken(item) for item in v.get(part, []))


def _primary(v: Values) -> list[Values]:
    return [r for r in v.get("reporters", []) if r["is_primary"]]


def _is_one_sided(first: str, second: str) -> Callable[[Values], bool]:
    return lambda item: _is_value(item.get(first)) and not _is_given(item.get(second))


RULES = (
    _required("safety_report_id", "C.1.1", "/id[@root='2.16.840.1.113883.3.989.2.1.3.1']", "R3", "R2"),
    _required("report_type", "C.1.3", "/subjectOf2/investigationCharacteristic[code/@code='1']/value"),
    _required("first_received", "C.1.4", "/effectiveTime/low"),
    _required("most_recent", "C.1.5", "/availabilityTime"),
    _required("worldwide_id", "C.1.8.1", "/id[@root='2.16.840.1.113883.3.989.2.1.3.2']"),
    _required("is_expedited", "C.1.7", "/component/observationEvent[code/@code='23']/value"),
    _required("reactions", "E.i", "//observation[code/@code='29']", "R3", "R2"),
    _required("drugs", "G.k", "//organizer[code/@code='4']", "R3", "R2"),
    Rule(
        "R0017",
        "C.1.9.1.r.1",
        f"{CASE}/subjectOf1/controlActEvent/id/@assigningAuthorityName",
        "at least one source of other case identifiers must be given when C.1.9.1 is true",
        lambda v: (
            v.get("has_other_case_ids") == "true" and not any(_is_given(o["source"]) for o in v["other_case_ids"])
        ),
    ),
    Rule(
        "R0018",
        "C.1.9.1.r.2",
        f"{CASE}/subjectOf1/controlActEvent/id",
        "the identifier must be given with its source",
        lambda v: _any(v, "other_case_ids", _is_one_sided("source", "id")),
    ),
    Rule(
        "R0019",
        "C.2.r.3",
        f"{CASE}/outboundRelationship[priorityNumber/@value='1']//asLocatedEntity/location/code",
        "the country of the primary source must be given",
        lambda v: any(not _is_given(r["country"]) for r in _primary(v)),
    ),
    Rule(
        "R0020",
        "C.2.r.4",
        f"{CASE}/outboundRelationship[priorityNumber/@value='1']//asQualifiedEntity/code",
        "the qualification of the primary source must be given",
        lambda v: any(not _is_given(r["qualification"]) for r in _primary(v)),
    ),
    Rule(
        "R0021",
        "C.2.r.5",
        f"{CASE}/outboundRelationship/priorityNumber",
        "one reporter must be the primary source",
        lambda v: not _primary(v),
    ),
    Rule(
        "R0022",
        "C.3.2",
        f"{CASE}/subjectOf1/controlActEvent//representedOrganization/name",
        "the sender's organisation must be given unless the sender is a patient",
        lambda v: (
            v.get("sender_type") in ("1", "2", "3", "4", "5", "6") and not _is_given(v.get("sender_organisation"))
        ),
    ),
    Rule(
        "R0023",
        "C.5.4",
        f"{CASE}//researchStudy/code",
        "the study type must be given for a report from a study",
        lambda v: v.get("report_type") == "2" and not _is_given(v.get("study_type")),
    ),
    Rule(
        "R0062",
        "F.r.2.1",
        f"{CASE}//organizer[code/@code='3']/component/observation/code/originalText",
        "a test must have a name or a code",
        lambda v: _any(
            v, "tests", lambda t: _is_given(t["date"]) and not (_is_given(t["name"]) or _is_given(t["code"]))
        ),
    ),
    Rule(
        "R0067",
        "F.r.3.3",
        f"{CASE}//organizer[code/@code='3']/component/observation/value",
        "the unit of a result must be given with its number",
        lambda v: _any(v, "tests", lambda t: _is_number(t.get("result")) and not _is_given(t.get("unit"))),
    ),
    Rule(
        "R0069",
        "G.k.1",
        f"{CASE}//causalityAssessment[code/@code='20']/value",
        "at least one drug must be suspect, interacting or not administered",
        lambda v: bool(v.get("drugs")) and not any(d.get("role") in ("1", "3", "4") for d in v["drugs"]),
    ),
    Rule(
        "R0074",
        "G.k.3.2",
        f"{DRUG}//approval/author/territorialAuthority/territory/code",
        "the country of the authorisation must be given with its number",
        lambda v: _any(v, "drugs", _is_one_sided("authorisation", "authorisation_country")),
    ),
    Rule(
        "R0075",
        "G.k.4.r.1b",
        f"{DRUG}//doseQuantity/@unit",
        "the unit of a dose must be given with its number",
        lambda v: _any(v, "drugs", lambda d: any(_is_value(x["amount"]) and not x["unit"] for x in d["doses"])),
    ),
    Rule(
        "R0083",
        "G.k.7.r.2a",
        f"{DRUG}//observation[code/@code='19']/value/@codeSystemVersion",
        "the MedDRA version of an indication must be given with its code",
        lambda v: _any(v, "drugs", lambda d: any(_is_value(i["code"]) and not i["version"] for i in d["indications"])),
    ),
    Rule(
        "W0005",
        "G.k.1",
        f"{CASE}//causalityAssessment[code/@code='20']/value",
        "the first drug should be suspect, interacting or not administered",
        lambda v: bool(v.get("drugs")) and v["drugs"][0].get("role") not in ("1", "3", "4"),
        is_rejection=False,
    ),
)


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def broken(values: Values) -> Iterator[Rule]:
    """Rules that a message breaks, in their order."""
    return (rule for rule in RULES if values["format"] in rule.formats and rule.is_broken(values))


def rejection(rules: list[Rule]) -> str:
    """Reason of a rejection: each rule's number, element, meaning and XPath."""
    told = [f"{r.number} {r.element}: {r.meaning} ({r.xpath})" for r in rules if r.is_rejection]
    return "; ".join(told)
