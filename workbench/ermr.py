"""The monthly table of pairs in the shape of EudraVigilance's electronic Reaction Monitoring Report.

Names and order of columns follow the eRMR (EMA/167839/2016, user manual of EVDAS), whose readers take them by position;
they are frozen by a test. `New` is what was not there at the month end before, `Tot` all that counts at this one; a
report that was taken back makes `New` less than nothing. Cases are those that count in `gold.signal`, of all sources of
the lake, so `EVPM` stands for these. Not computed here, and left out: HLGT, SMQ, IME and DME, literature, medication
errors, rechallenge, observational studies, scores by region and age.
"""

from __future__ import annotations

from pipelines.formats.countries import EEA

HEALTH_PROFESSIONALS = ("physician", "pharmacist", "nurse", "other_health_professional")
DOMAINS = ("human",)  # ages of people
GROUPS = {  # name in the eRMR: which cases, as SQL on silver.report_history
    "EVPM": "true",
    "EEA": f"country IN ({', '.join(repr(c) for c in sorted(EEA))})",
    "HCP": f"reporter IN ({', '.join(map(repr, HEALTH_PROFESSIONALS))})",
    "Serious": "is_serious",
    "Fatal": "is_death",
    "Paed": "age_years < 18",
    "Geriatr": "age_years >= 65",
    "Spont": "report_type = 'spontaneous'",
}
COLUMNS = (
    *("Active Substance", "SOC", "HLT", "PT"),
    *(f"{when} {name}" for name in GROUPS for when in ("New", "Tot")),
    *("ROR (-) All", "SDR All"),
)


def sql() -> str:
    """SQL of the table of the whole `$domain` at `$month`; `$at` is that month, counted from January 1900."""
    standing = "month_from <= {at} AND (month_to IS NULL OR month_to > {at})"
    now, before = standing.format(at="$at"), standing.format(at="$at - 1")
    flags = ", ".join(f"({condition}) AS is_{name}" for name, condition in GROUPS.items())
    sums = ", ".join(
        f'{_n("stands", name)} - {_n("stood", name)} AS "New {name}", {_n("stands", name)} AS "Tot {name}"'
        for name in GROUPS
    )
    counted = ", ".join(f'n."{when} {name}"' for name in GROUPS for when in ("New", "Tot"))
    return f"""WITH told AS (
    SELECT substances, terms, {now} AS stands, {before} AS stood, {flags}
    FROM silver.coded_report JOIN silver.report_history USING (report_key, report_version)
    WHERE domain = $domain AND (({now}) OR ({before}))),
named AS (
    SELECT unnest(substances) AS s, terms, * EXCLUDE (substances, terms) FROM told),
pair AS (
    SELECT s, unnest(terms) AS e, * EXCLUDE (s, terms) FROM named),
n AS (
    SELECT a.key_coded AS substance_key, b.key_coded AS term_key, {sums}
    FROM pair JOIN silver.code a ON a.kind = 'substance' AND a.code = s
        JOIN silver.code b ON b.kind = 'term' AND b.code = e
    GROUP BY ALL),
term AS (
    SELECT term_key, any_value(hlt_name) AS hlt_name FROM silver.term WHERE is_current GROUP BY term_key)
SELECT g.substance_name AS "Active Substance", g.soc_name AS "SOC", term.hlt_name AS "HLT", g.term_name AS "PT",
    {counted},
    g.ror_lower AS "ROR (-) All",
    CASE WHEN g.is_ror_signal THEN 'Yes' WHEN NOT g.is_ror_signal THEN 'No' END AS "SDR All"
FROM gold.signal g JOIN n USING (substance_key, term_key) LEFT JOIN term USING (term_key)
WHERE g.population = $domain AND g.month = $month
ORDER BY g.substance_name, g.soc_name, g.term_name, g.substance_key, g.term_key"""


def _n(when: str, group: str) -> str:
    return f"count(*) FILTER (WHERE {when} AND is_{group})"
