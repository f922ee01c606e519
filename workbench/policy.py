"""Who may see what: agency, role, purpose, tables, columns and rows. The only place that says so, compiled to SQL.

Deny by default: a table that `ROWS` does not name is shown to nobody, a column only to roles that its sensitivity
allows, a row only to readers in charge of its domain. Pages, SQL and exports read through `Policy.relation` alike, so
that what is not one's own is not there at all: it can't be counted, joined, suggested or told apart from nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.core.catalog import sources
from pipelines.core.table import Table

AGENCIES = {"ANSM": ("human",), "ANSES": ("veterinary", "cosmetic", "tattoo", "nutrition")}
PURPOSES = {  # of the European Health Data Space, Regulation (EU) 2025/327, article 53(1)
    "public_health": "Public or occupational health: surveillance, safety of medicines (a)",
    "regulatory": "Policy making and regulatory activities of public bodies (b)",
    "statistics": "Official statistics (c)",
    "research": "Scientific research in the health sector (e)",
}

# Which rows of a table belong to the domains {domains}. {key} of another table stands for its rows as they lie.
BY_DOMAIN = "domain IN ({domains})"
BY_POPULATION = "split_part(population, ':', 1) IN ({domains})"
BY_SPECIES = "CASE WHEN species = 'human' THEN 'human' ELSE 'veterinary' END IN ({domains})"
EVERY_AGENCY = "true"  # files that both agencies work on
BY_SOURCE = "source IN ({sources})"
OF_CASE = "{column} IN (SELECT report_key FROM {{silver.report_history}} WHERE domain IN ({{domains}}))"
BY_CASE = OF_CASE.format(column="report_key")
SEEN = "{column} IN (SELECT {key} FROM {{gold.signal}} WHERE domain IN ({{domains}}))"
# A name that stands in a dictionary because a report told it tells of that report; those of registers do not.
SUBSTANCE = (
    f"is_in_human_product OR is_in_veterinary_product OR {SEEN.format(column='substance_key', key='substance_key')}"
)
# Links: a report's are those of its cases, a signal's those of its population; of other things those that are in the
# agency's field, or told by a public register. What is computed of both agencies' things is for who reads for both.
LINK = (
    f"CASE from_kind WHEN 'report' THEN {OF_CASE.format(column='from_key')} "
    "WHEN 'signal' THEN split_part(split_part(from_key, '|', 1), ':', 1) IN ({domains}) "
    "ELSE coalesce(agency IN ({agencies}), source <> 'silver.establishment_match') END"
)
OF_BOTH = "false"  # rows that count both agencies' reports together: for who reads for both
SEEN_TERM = SEEN.format(column="term_key", key="term_key")
TERM = f"dictionary IN ('veddra', 'meddra') OR {SEEN_TERM}"

ROWS = {
    "bronze.delivery": BY_SOURCE,
    "bronze.quarantine": BY_SOURCE,
    "gold.signal": BY_DOMAIN,
    "gold.subgroup_signal": BY_DOMAIN,
    "gold.level_signal": BY_DOMAIN,
    "gold.report_month": BY_DOMAIN,
    "gold.reporting_rate": BY_DOMAIN,
    "gold.rate_comparison": BY_DOMAIN,
    "gold.exposure": BY_SPECIES,
    "gold.exposure_reconciliation": BY_SPECIES,
    "evaluation.league": BY_DOMAIN,
    "gold.batch_watch": BY_DOMAIN,
    "gold.link": LINK,
    "gold.plant_view": OF_BOTH,
    "gold.site_risk": OF_BOTH,
    "gold.signal_by_method": BY_POPULATION,
    "gold.signal_course": BY_POPULATION,
    "gold.prior": BY_POPULATION,
    "gold.interaction": BY_POPULATION,
    "gold.comedication": BY_POPULATION,
    "gold.masking": BY_POPULATION,
    "gold.access_cohort": BY_DOMAIN,
    "gold.gmo_procedure_delay": EVERY_AGENCY,
    "gold.gmo_follow_up": BY_DOMAIN,
    "silver.gmo_procedure": EVERY_AGENCY,
    "silver.gmo_step": EVERY_AGENCY,
    "silver.gmo_site": EVERY_AGENCY,
    "silver.report": BY_DOMAIN,
    "silver.report_history": BY_DOMAIN,
    "silver.report_product": BY_CASE,
    "silver.report_event": BY_CASE,
    "silver.report_narrative": BY_CASE,
    "silver.report_background": BY_CASE,
    "silver.duplicate_link": f"{BY_CASE} AND {OF_CASE.format(column='other_report_key')}",
    "silver.coded_report": BY_CASE,
    "silver.stratum": BY_DOMAIN,
    "silver.code": (
        f"CASE kind WHEN 'substance' THEN {SEEN.format(column='key_coded', key='substance_key')} "
        f"ELSE {SEEN.format(column='key_coded', key='term_key')} END"
    ),
    "silver.substance": SUBSTANCE,
    "silver.term": TERM,
    "silver.term_bridge": SEEN_TERM,
}
# Where the terms of one agency meet those of the other, the meeting itself tells that there is such a report.
MASKED = {"event_key": "sha256('{salt}' || event_key)", "event_name": "NULL::VARCHAR"}
MASKED_BRIDGE = {"method": "NULL::VARCHAR", "confidence": "NULL::DOUBLE"}
OWN_DOCUMENTS = {"document": "CASE WHEN agency IN ({agencies}) THEN document END"}  # of silver.gmo_step
BY_SENSITIVITY = frozenset({"gold.link"})  # tables whose rows say each how sensitive they are
MIXED = frozenset({"openfda", "case_listing", "gmo_register"})  # sources of what is both agencies'
# Integer codes are numbered over all agencies' keys, so a number tells how many came before: pages join by them, no
# page shows them and no SQL of a user's own may read them.
INTERNAL = frozenset({"silver.code", "silver.coded_report", "silver.stratum"})
CASE_LEVEL = frozenset(
    address for address in ROWS if address.startswith("silver.report") or address == "silver.duplicate_link"
)
NAMES_OF_CASES = ("report_key", "other_report_key", "duplicate_cluster", "source_case_id")  # pseudonyms in a study


@dataclass(frozen=True)
class Role:
    """What a kind of reader may do, whatever the agency. `rights` are names that routes ask for.

    No role of the study zone takes anything out but by a release: a table with small cells hidden, which two others who
    may `check` have agreed to.
    """

    name: str
    title: str
    zone: str  # assess: case level; study: pseudonyms, no narratives; none: no data at all
    sensitivities: frozenset[str]
    rights: frozenset[str]


_ASSESS = frozenset({"public", "internal", "personal", "identifying"})
_STUDY = frozenset({"public"})
ROLES = {
    role.name: role
    for role in (
        Role(
            "assessor",
            "Assessor",
            "assess",
            _ASSESS,
            frozenset(
                {"signals", "cases", "narratives", "decisions", "decide", "export", "quality", "releases", "check"}
            ),
        ),
        Role(
            "epidemiologist",
            "Epidemiologist",
            "study",
            _STUDY,
            frozenset({"signals", "cases", "decisions", "quality", "releases", "draft"}),
        ),
        Role("steward", "Data steward", "study", _STUDY, frozenset({"quality", "signals"})),
        Role("developer", "Method developer", "study", _STUDY, frozenset({"signals"})),
        Role("recipient", "Recipient of shares", "assess", frozenset({"public", "internal"}), frozenset({"share"})),
        Role("checker", "Checker of releases", "none", frozenset(), frozenset({"releases", "check"})),
        Role("auditor", "Auditor", "none", frozenset(), frozenset({"audit"})),
    )
}


@dataclass(frozen=True)
class Policy:
    """The right of one reader: whose domains, in which role, for what purpose.

    `salt` makes the pseudonyms of the study zone; the same salt gives the same names.
    """

    agencies: tuple[str, ...]
    role: Role
    purpose: str
    salt: str = ""

    def __post_init__(self) -> None:
        """Refuse what is no agency or purpose."""
        if unknown := [a for a in self.agencies if a not in AGENCIES]:
            raise ValueError(f"there is no agency {unknown[0]!r}")
        if self.purpose not in PURPOSES:
            raise ValueError("the purpose is none of the list")

    @property
    def domains(self) -> tuple[str, ...]:
        """Domains that the reader's agencies are in charge of."""
        return tuple(d for agency in self.agencies for d in AGENCIES[agency])

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources that send to the reader's agencies alone; what one sends to both, who reads for both may count."""
        return tuple(
            name
            for name, source in sources().items()
            if source.card.agency in self.agencies and (self.is_whole or name not in MIXED)
        )

    @property
    def is_whole(self) -> bool:
        """Tell whether no row is another agency's."""
        return set(self.agencies) == set(AGENCIES)

    @property
    def identity(self) -> str:
        """Readers of equal identity see the same."""
        said = [*sorted(self.agencies), self.role.zone, *sorted(self.role.sensitivities), str(self.sees_cases)]
        return hashlib.sha256("|".join(said).encode()).hexdigest()[:16]

    @property
    def sees_cases(self) -> bool:
        """Tell whether single cases may be seen."""
        return "cases" in self.role.rights

    def owns(self, population: str) -> bool:
        """Tell whether the reader's agencies are in charge of a population."""
        return population.split(":")[0] in self.domains

    def may(self, right: str) -> bool:
        """Tell whether the role has a right."""
        return right in self.role.rights

    def allows(self, address: str) -> bool:
        """Tell whether any of the table may be seen."""
        if address not in ROWS or self.role.zone == "none":
            return False
        return self.sees_cases or address not in CASE_LEVEL

    def columns(self, table: type[Table]) -> list[str]:
        """Columns of a table that may be seen, in its order."""
        return [name for name, c in table.columns.items() if c.sensitivity in self.role.sensitivities]

    def relation(self, table: type[Table], rows_of: Callable[[str], str]) -> str:
        """SELECT over what may be seen of a table; `rows_of` gives the SQL of a table's rows as they lie.

        Raises PermissionError for a table that may not be seen.
        """
        address = table.address()
        if not self.allows(address):
            raise PermissionError(address)
        columns = ", ".join(self._shown(address, name) for name in self.columns(table))
        return f"SELECT {columns} FROM {rows_of(address)} WHERE {self._where(address, rows_of)}"

    def _where(self, address: str, rows_of: Callable[[str], str]) -> str:
        rule = "true" if self.is_whole else f"({self._own(address, rows_of)})"
        if address not in BY_SENSITIVITY:
            return rule
        listed = ", ".join(f"'{s}'" for s in sorted(self.role.sensitivities))
        return f"{rule} AND sensitivity IN ({listed or 'NULL'})"

    def _own(self, address: str, rows_of: Callable[[str], str]) -> str:
        """Condition on the rows of the reader's agencies."""
        rule = ROWS[address].replace("{domains}", ", ".join(f"'{d}'" for d in self.domains))
        rule = rule.replace("{sources}", ", ".join(f"'{s}'" for s in self.sources))
        rule = rule.replace("{agencies}", ", ".join(f"'{a}'" for a in self.agencies))
        for other in ("silver.report_history", "gold.signal"):
            if f"{{{other}}}" in rule:
                rule = rule.replace(f"{{{other}}}", rows_of(other))
        return rule

    def _shown(self, address: str, column: str) -> str:
        masked = MASKED | (MASKED_BRIDGE if address == "silver.term_bridge" else {})
        masked |= OWN_DOCUMENTS if address == "silver.gmo_step" else {}
        if column in masked and not self.is_whole:
            agencies = ", ".join(f"'{agency}'" for agency in self.agencies)
            return f'{masked[column].format(salt=self.salt, agencies=agencies)} AS "{column}"'
        if self.role.zone == "study" and column in NAMES_OF_CASES:
            return f"'case-' || left(sha256('{self.salt}' || \"{column}\"), 16) AS \"{column}\""
        return f'"{column}"'
