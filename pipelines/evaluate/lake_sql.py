"""SQL that turns the coded reports of a lake into monthly changes: what each month end learned, and nothing later.

A report version adds in the month from which it counts and is taken off in the month from which it no longer does, as
in `gold.pair_change`. Months count from January 1900.
"""

from __future__ import annotations

NEEDED = (
    *("silver.coded_report", "silver.stratum", "silver.code", "silver.code_level", "silver.report_history"),
    *("silver.report_product", "silver.report_event", "silver.duplicate_link", "silver.substance", "silver.term"),
    "silver.term_bridge",
)
NARRATIVES, EXPOSURE = "silver.report_narrative", "gold.exposure"  # used where they have been built
EARLY_DAYS = 30  # days to onset that are early
MOST_TAKEN = 8  # substances of a report whose combinations are counted: pairs of long lists say little
COMPLETE_AFTER = 6  # months after which a month of dispensings is complete
INFORMATIVE = 0.8  # vigiGrade completeness above which a report is informative (Caster 2014)

# What a code counts as: a term as its preferred term; a name of a product that no dictionary holds as its brand
# (`brand`, registered by code and kind of domain), for the rest is strength, form, and spelled in many ways.
UNITS = """
CREATE TEMP TABLE term_unit AS
SELECT k.code, coalesce(min(l.code) OVER (PARTITION BY l.group_code), k.code) AS unit
FROM silver.code k LEFT JOIN silver.code_level l ON l.kind = 'term' AND l.level = 'pt' AND l.code = k.code
WHERE k.kind = 'term';
CREATE TEMP TABLE substance_unit AS
SELECT d.domain, b.code, b.brand, CASE WHEN b.brand IS NULL THEN b.code
  ELSE min(b.code) OVER (PARTITION BY d.domain, b.brand) END AS unit
FROM brand b
JOIN (SELECT DISTINCT domain, domain IN {medicines} AS is_medicine FROM silver.stratum) d USING (is_medicine)
WHERE NOT b.is_struck_out
"""
MEDICINES = ("human", "veterinary")
CODES = "SELECT code, key_coded FROM silver.code WHERE kind = 'substance' ORDER BY code"
# Each version that counts, with what it is grouped by. Subgroups: women and men under 65, elderly, not said; of animals
# dogs, cats, people, others. Regions: France, the rest of the EEA, the United States, others, not said.
CODED = """
CREATE TEMP TABLE coded AS
SELECT c.report_key, c.report_version, c.month_from, c.month_to, s.domain,
  coalesce(a.units, []) AS substances, coalesce(b.units, []) AS taken, coalesce(t.units, []) AS terms,
  CASE WHEN s.domain = 'veterinary' THEN
         CASE s.species WHEN 'dog' THEN 0 WHEN 'cat' THEN 1 WHEN 'human' THEN 2 ELSE 3 END
       WHEN s.age_group = 'elderly' THEN 2
       WHEN s.sex = 'female' THEN 0 WHEN s.sex = 'male' THEN 1 ELSE 3 END AS subgroup,
  CASE WHEN s.region = 'france' THEN 0 WHEN s.region = 'eea' THEN 1 WHEN h.country = 'US' THEN 2
       WHEN s.region = 'other' THEN 3 ELSE 4 END AS region,
  h.source, coalesce(h.is_serious, false) AS serious, coalesce(h.reporter = 'consumer', false) AS consumer,
  coalesce(h.report_type = 'literature', false) AS literature,
  h.sex IS NOT NULL AS has_sex, h.age_years IS NOT NULL AS has_age, h.country IS NOT NULL AS has_country,
  h.reporter IS NOT NULL AS has_reporter, h.report_type IS NOT NULL AS has_type, h.onset_date
FROM versions c JOIN silver.stratum s USING (stratum)
JOIN silver.report_history h USING (report_key, report_version)
LEFT JOIN (
  SELECT v.id, list(DISTINCT u.unit) AS units
  FROM versions v JOIN silver.stratum USING (stratum), unnest(v.substances) x(c)
  JOIN substance_unit u ON u.code = x.c AND u.domain = stratum.domain GROUP BY v.id) a ON a.id = c.id
LEFT JOIN (
  SELECT v.id, list(DISTINCT u.unit) AS units
  FROM versions v JOIN silver.stratum USING (stratum), unnest(v.taken) x(c)
  JOIN substance_unit u ON u.code = x.c AND u.domain = stratum.domain GROUP BY v.id) b ON b.id = c.id
LEFT JOIN (
  SELECT v.id, list(DISTINCT u.unit) AS units FROM versions v, unnest(v.terms) x(c)
  JOIN term_unit u ON u.code = x.c GROUP BY v.id) t ON t.id = c.id
"""
VERSIONS = "CREATE TEMP TABLE versions AS SELECT row_number() OVER () AS id, * FROM silver.coded_report"
# What is told of each substance of a version.
TOLD = """
CREATE TEMP TABLE told AS
SELECT p.report_key, p.report_version, u.unit AS s,
  bool_or(coalesce(p.rechallenge = 'positive', false) OR coalesce(p.dechallenge = 'positive', false)) AS rechallenge,
  bool_or(p.days_to_onset IS NOT NULL OR (p.start_date IS NOT NULL AND h.onset_date IS NOT NULL)) AS onset_known,
  bool_or(coalesce(coalesce(p.days_to_onset, datediff('day', p.start_date, h.onset_date))
                   BETWEEN 0 AND {early}, false)) AS onset_early,
  bool_or(p.role = 'primary_suspect') AS primary_suspect,
  bool_or(p.indication IS NOT NULL) AS has_indication, bool_or(p.dose_text IS NOT NULL) AS has_dose,
  min(nullif(upper(trim(p.batch)), '')) AS batch
FROM (SELECT *, unnest(substance_keys) AS key_coded FROM silver.report_product WHERE substance_keys IS NOT NULL) p
JOIN silver.code k ON k.kind = 'substance' AND k.key_coded = p.key_coded
JOIN silver.report_history h USING (report_key, report_version)
JOIN substance_unit u ON u.code = k.code AND u.domain = h.domain
GROUP BY ALL
"""
OUTCOMES = """
CREATE TEMP TABLE outcome AS
SELECT report_key, report_version, bool_or(outcome IS NOT NULL) AS has_outcome FROM silver.report_event GROUP BY ALL
"""
STORIES = "CREATE TEMP TABLE story AS SELECT report_key, report_version FROM {narratives}"
NO_STORIES = "CREATE TEMP TABLE story (report_key VARCHAR, report_version INTEGER)"
# One row a pair of a version.
PAIRS = """
CREATE TEMP TABLE pair AS
SELECT c.* EXCLUDE (substances, taken, terms), a.s, b.e, n.report_key IS NOT NULL AS narrative,
  coalesce(t.rechallenge, false) AS rechallenge, coalesce(t.onset_known, false) AS onset_known,
  coalesce(t.onset_early, false) AS onset_early,
  coalesce(t.primary_suspect, false) OR len(c.substances) = 1 AS suspect,
  coalesce(t.has_indication, false) AS has_indication, coalesce(t.has_dose, false) AS has_dose,
  coalesce(o.has_outcome, false) AS has_outcome, t.batch
FROM coded c, unnest(c.substances) a(s), unnest(c.terms) b(e)
LEFT JOIN told t ON t.report_key = c.report_key AND t.report_version = c.report_version AND t.s = a.s
LEFT JOIN outcome o ON o.report_key = c.report_key AND o.report_version = c.report_version
LEFT JOIN story n ON n.report_key = c.report_key AND n.report_version = c.report_version
"""
# Penalties of vigiGrade (Bergvall 2014), by the column that says that the dimension is there.
PENALTIES = {
    **{"onset_known": 0.5, "has_indication": 0.3, "has_outcome": 0.3, "has_sex": 0.3, "has_age": 0.3},
    **{"has_dose": 0.1, "has_country": 0.1, "has_reporter": 0.1, "has_type": 0.1, "narrative": 0.1},
}
# The month from which a source carries each dimension: what it never told by then is nobody's fault.
CARRIED = "CREATE TEMP TABLE carried AS SELECT source, {firsts} FROM pair GROUP BY source"
GRADED = """
CREATE TEMP TABLE graded AS
SELECT pair.*, {grade} > {informative} AS informative FROM pair JOIN carried USING (source)
"""


def graded() -> list[str]:
    """Statements that say of each pair of a version whether the report is informative."""
    firsts = ", ".join(f"min(month_from) FILTER (WHERE {name}) AS first_{name}" for name in PENALTIES)
    lost = [
        f"CASE WHEN {name} OR first_{name} IS NULL OR first_{name} > month_from THEN 1.0 ELSE {1 - share} END"
        for name, share in PENALTIES.items()
    ]
    return [CARRIED.format(firsts=firsts), GRADED.format(grade=" * ".join(lost), informative=INFORMATIVE)]


def signed(table: str, columns: str = "*") -> str:
    """Rows of a table of versions twice: added in one month, taken off in another."""
    return (
        f"SELECT {columns}, month_from AS month, 1 AS sign FROM {table} UNION ALL "
        f"SELECT {columns}, month_to AS month, -1 AS sign FROM {table} WHERE month_to IS NOT NULL"
    )


def cells(evidence: tuple[str, ...], subgroups: int, regions: int) -> str:
    """Changes of each pair: reports, those with each evidence told in a version, by subgroup, by region."""
    sums = [f"sum(sign * {name}::int)" for name in evidence]
    sums += [f"sum(sign * (subgroup = {i})::int)" for i in range(subgroups)]
    sums += [f"sum(sign * (region = {i})::int)" for i in range(regions)]
    listed = ", ".join(f"{text} AS c{i}" for i, text in enumerate(["sum(sign)", *sums]))
    return f"SELECT domain, month, s, e, {listed} FROM ({signed('graded')}) GROUP BY ALL"


# Reports of a pair that are known to have a near twin in another channel: while any of their links stands. Links of a
# report that meet or overlap are one time; a link that somebody rejected ends in that month.
COPIES = """
WITH link AS (
  SELECT unnest([report_key, other_report_key]) AS report_key,
    (year(known_from) - 1900) * 12 + month(known_from) - 1 AS from_month,
    coalesce((year(known_to) - 1900) * 12 + month(known_to) - 1, {never}) AS to_month
  FROM silver.duplicate_link WHERE rule <> 'refused'),
reached AS (
  SELECT *, max(to_month) OVER (PARTITION BY report_key ORDER BY from_month, to_month
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
  FROM link WHERE from_month < to_month),
timed AS (
  SELECT *, sum((before IS NULL OR before < from_month)::INT)
    OVER (PARTITION BY report_key ORDER BY from_month, to_month) AS place
  FROM reached),
linked AS (
  SELECT report_key, min(from_month) AS from_month, max(to_month) AS to_month FROM timed GROUP BY report_key, place),
copied AS (
  SELECT domain, s, e, greatest(g.month_from, l.from_month) AS month_from,
    nullif(least(coalesce(g.month_to, {never}), l.to_month), {never}) AS month_to
  FROM graded g JOIN linked l USING (report_key)
  WHERE greatest(g.month_from, l.from_month) < least(coalesce(g.month_to, {never}), l.to_month))
SELECT domain, month, s, e, sum(sign) AS n FROM ({signed}) GROUP BY ALL
"""
NEVER = 1_000_000  # a month that does not come
# Most reports of the pair that ever named one and the same other substance, as it grew.
PARTNERS = """
WITH together AS (
  SELECT c.domain, c.month_from, c.month_to, a.s, b.e, p.p
  FROM coded c, unnest(c.substances) a(s), unnest(c.terms) b(e), unnest(c.taken) p(p)
  WHERE len(c.taken) BETWEEN 2 AND {most} AND p.p <> a.s),
changes AS (SELECT domain, month, s, e, p, sum(sign) AS n FROM ({signed}) GROUP BY ALL),
so_far AS (SELECT domain, month, s, e, sum(n) OVER (PARTITION BY domain, s, e, p ORDER BY month) AS n FROM changes),
most AS (SELECT domain, month, s, e, max(n) AS n FROM so_far GROUP BY domain, month, s, e),
grown AS (SELECT domain, month, s, e, max(n) OVER (PARTITION BY domain, s, e ORDER BY month) AS n FROM most)
SELECT domain, month, s, e, n - coalesce(lag(n) OVER (PARTITION BY domain, s, e ORDER BY month), 0) AS n FROM grown
"""
# Pairs of reports of a pair that name the same batch.
BATCHES = """
WITH named AS (SELECT domain, s, e, batch, month_from, month_to FROM graded WHERE batch IS NOT NULL),
changes AS (SELECT domain, month, s, e, batch, sum(sign) AS n FROM ({signed}) GROUP BY ALL),
so_far AS (
  SELECT domain, month, s, e, n, sum(n) OVER (PARTITION BY domain, s, e, batch ORDER BY month) AS after FROM changes)
SELECT domain, month, s, e, sum((after * (after - 1) - (after - n) * (after - n - 1)) // 2) AS n
FROM so_far GROUP BY ALL
"""
SUBSTANCES = """
SELECT domain, month, s, subgroup, sum(sign) AS n
FROM (SELECT domain, month, subgroup, sign, unnest(substances) AS s FROM ({signed})) GROUP BY ALL
"""
TERMS = """
SELECT domain, month, e, sum(sign) AS n FROM (SELECT domain, month, sign, unnest(terms) AS e FROM ({signed}))
GROUP BY ALL
"""
TOTALS = "SELECT domain, month, sum(sign) AS n FROM ({signed}) GROUP BY ALL"
# What was first received in each month, as it was then: outcomes of replication.
FIRST = """
CREATE TEMP TABLE arrived AS
SELECT * FROM coded QUALIFY row_number() OVER (PARTITION BY report_key ORDER BY month_from, report_version) = 1
"""
FIRST_PAIRS = """
SELECT domain, month_from AS month, a.s, b.e, count(*) AS n
FROM arrived c, unnest(c.substances) a(s), unnest(c.terms) b(e) GROUP BY ALL
"""
FIRST_SUBSTANCES = """
SELECT domain, month, s, count(*) AS n
FROM (SELECT domain, month_from AS month, unnest(substances) AS s FROM arrived) GROUP BY ALL
"""
FIRST_TERMS = """
SELECT domain, month, e, count(*) AS n
FROM (SELECT domain, month_from AS month, unnest(terms) AS e FROM arrived) GROUP BY ALL
"""
FIRST_TOTALS = "SELECT domain, month_from AS month, count(*) AS n FROM arrived GROUP BY ALL"
# Names, classes and groups of the codes.
NAMED_SUBSTANCES = """
SELECT u.domain, u.unit AS code, coalesce('reported:' || min(u.brand), min(k.key_coded)) AS key,
  coalesce(min(u.brand), min(s.substance_name), min(k.key_coded)) AS name,
  coalesce(min(l.group_key), mode(p.kind) FILTER (WHERE u.brand IS NOT NULL)) AS class
FROM substance_unit u JOIN silver.code k ON k.kind = 'substance' AND k.code = u.code
LEFT JOIN silver.substance s ON s.substance_key = k.key_coded AND s.known_to IS NULL
LEFT JOIN silver.code_level l ON l.kind = 'substance' AND l.level = 'atc4' AND l.code = k.code
LEFT JOIN product_kind p ON p.key_coded = k.key_coded
GROUP BY u.domain, u.unit ORDER BY u.domain, u.unit
"""
KINDS = """
CREATE TEMP TABLE product_kind AS
SELECT key_coded, mode(kind) AS kind
FROM (SELECT unnest(substance_keys) AS key_coded, coalesce(product_category, product_type) AS kind
      FROM silver.report_product) GROUP BY key_coded
"""
NAMED_TERMS = """
SELECT u.unit AS code, min(k.key_coded) AS key,
  coalesce(min(t.pt_name), min(t.term_name), min(k.key_coded)) AS name,
  min(l.group_key) AS grouped, min(b.event_key) AS event
FROM term_unit u JOIN silver.code k ON k.kind = 'term' AND k.code = u.code
LEFT JOIN silver.term t ON t.term_key = k.key_coded AND t.known_to IS NULL
LEFT JOIN silver.term_bridge b ON b.term_key = k.key_coded
LEFT JOIN silver.code_level l ON l.kind = 'term' AND l.level = 'hlt' AND l.code = k.code
GROUP BY u.unit ORDER BY u.unit
"""
USE = """
SELECT CASE WHEN x.species = 'human' THEN 'human' ELSE 'veterinary' END AS domain, k.code AS s,
  (year(x.month) - 1900) * 12 + month(x.month) - 1 + {delay} AS month, sum(x.n_packs) AS n
FROM gold.exposure x JOIN silver.code k ON k.kind = 'substance' AND k.key_coded = x.substance_key
WHERE x.n_months = 1 AND x.region = 'all' AND x.sex = 'all' AND x.age_group = 'all' AND x.is_complete GROUP BY ALL
"""
