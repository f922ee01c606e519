"""Prior and scores of every substance-event pair."""

from typing import ClassVar

from pipelines.core.axis import DERIVED, as_known
from pipelines.core.table import Column, Link, Table, Thing
from pipelines.defs.gold.answer import POPULATION

SUBGROUP = (
    "A domain and its part, such as `human:paediatric`: paediatric, elderly, a sex, a region (`france`, `eea`, "
    "`other`), `serious` or `not_serious`"
)


class Prior(Table):
    """The two-gamma prior of one population, fitted on what was known at one month end.

    Fitted again whenever the population has grown by a quarter, and after a year: a month is scored with the latest
    converged prior fitted at or before it, so that nothing leaks from later. Rows are read back from the
    registered model, whose name and version they carry. A species has a second fit beside the plain one: shrunk to the
    prior of all animals, it is there where the species alone has too few pairs for a fit that converges.
    """

    layer, name, owner = "gold", "prior", "signal-detection"
    key = ("population", "month")
    axis = as_known("month")

    population = Column("string", POPULATION, required=True)
    month = Column("date", "Month end it was fitted at", required=True)
    likelihood = Column("string", "Likelihood of the fit: which cells count and how", required=True)
    alpha1 = Column("double", "Shape of the first gamma", required=True, minimum=0)
    beta1 = Column("double", "Rate of the first gamma", required=True, minimum=0)
    alpha2 = Column("double", "Shape of the second gamma", required=True, minimum=0)
    beta2 = Column("double", "Rate of the second gamma", required=True, minimum=0)
    p = Column("double", "Weight of the first gamma", required=True, minimum=0, maximum=1)
    neg_log_likelihood = Column("double", "Negative log-likelihood at the optimum", required=True)
    n_reports = Column("bigint", "Reports of the population at that month end", required=True, minimum=1)
    n_pairs = Column("bigint", "Pairs with at least one report", required=True, minimum=1)
    is_converged = Column("boolean", "The optimiser converged", required=True)
    shrunk_alpha1 = Column("double", "`alpha1` of the fit shrunk to the whole; null where this is the whole", minimum=0)
    shrunk_beta1 = Column("double", "`beta1` of the fit shrunk to the whole", minimum=0)
    shrunk_alpha2 = Column("double", "`alpha2` of the fit shrunk to the whole", minimum=0)
    shrunk_beta2 = Column("double", "`beta2` of the fit shrunk to the whole", minimum=0)
    shrunk_p = Column("double", "`p` of the fit shrunk to the whole", minimum=0, maximum=1)
    is_shrunk_converged = Column("boolean", "The optimiser of the shrunk fit converged; null where there is none")
    model_name = Column("string", "Registered model", required=True)
    model_version = Column("string", "Version of the registered model", required=True)
    run_id = Column("string", "MLflow run of the fit", required=True, is_of_run=True)


class Signal(Table):
    """One pair of substance and event in one population at one month end, as known then, with every score and rule.

    One row for every pair with a report. Scores compare with all other reports of the population; they rank
    hypotheses, they measure no risk. A score that its conditions don't allow is null and `not_computed` says why.
    `is_latest` marks the last month. Join on `substance_key` and `event_key` to ask whether animals show it too.
    Traps: reporting waves raise scores; heavily reported pairs mask others.
    """

    layer, name, owner = "gold", "signal", "signal-detection"
    key: ClassVar[tuple[str, ...]] = ("population", "substance_key", "term_key", "month")
    thing = Thing(
        "signal",
        ("population", "substance_key", "term_key"),
        "term_name",
        where="is_latest AND is_ebgm_signal",
        known="first_ebgm_month",
    )
    partitioned_by = ("population",)
    axis = as_known("month")
    example = """
    -- pairs that meet a rule now for the first time, the strongest first
    SELECT population, substance_name, term_name, a, n_new, prr, ic025, eb05
    FROM gold.signal
    WHERE is_latest AND is_new
    ORDER BY eb05 DESC NULLS LAST, ic025 DESC
    LIMIT 20
    """

    population = Column("string", POPULATION, required=True)
    domain = Column("string", "Human or veterinary", required=True)
    month = Column("date", "Month end at which the state was known", required=True)
    is_latest = Column("boolean", "Last month end of the population", required=True)
    substance_key = Column(
        "string",
        "Key of `silver.substance`",
        required=True,
        references="silver.substance",
        link=Link("of", "substance", basis="computed"),
    )
    substance_name = Column("string", "Substance", required=True)
    term_key = Column("string", "Key of `silver.term`", required=True, references="silver.term")
    term_name = Column("string", "Event", required=True)
    soc_name = Column("string", "System organ class, where the dictionary's hierarchy is open")
    event_key = Column(
        "string",
        "Event the term stands for in all dictionaries, by `silver.term_bridge` as of today; null for a group of terms",
    )
    a = Column("bigint", "Reports with substance and event", unit="reports", required=True, minimum=1)
    b = Column("bigint", "Reports with the substance, without the event", unit="reports", required=True, minimum=0)
    c = Column("bigint", "Reports with the event, without the substance", unit="reports", required=True, minimum=0)
    d = Column("bigint", "All other reports of the population", unit="reports", required=True, minimum=0)
    n_new = Column("bigint", "Change of `a` since the month end before", unit="reports", required=True)
    expected = Column("double", "Reports expected if substance and event were independent", minimum=0)
    prr = Column("double", "Proportional reporting ratio", minimum=0)
    prr_lower = Column("double", "Lower 95 % bound of PRR", minimum=0)
    prr_upper = Column("double", "Upper 95 % bound of PRR", minimum=0)
    chi2_yates = Column("double", "Chi-squared with Yates' correction", minimum=0)
    is_prr_signal = Column("boolean", "Evans' rule: PRR >= 2, chi-squared >= 4, a >= 3; null where not computed")
    ror = Column("double", "Reporting odds ratio", minimum=0)
    ror_lower = Column("double", "Lower 95 % bound of ROR", minimum=0)
    ror_upper = Column("double", "Upper 95 % bound of ROR", minimum=0)
    is_ror_signal = Column("boolean", "Lower bound of ROR > 1 and a >= 3; null where not computed")
    ic = Column("double", "Information component (Norén 2013)", unit="bit")
    ic025 = Column("double", "Exact 2.5 % quantile of the IC", unit="bit")
    ic975 = Column("double", "Exact 97.5 % quantile of the IC", unit="bit")
    is_ic_signal = Column("boolean", "IC025 > 0; null where not computed")
    ebgm = Column("double", "Empirical Bayes geometric mean", minimum=0)
    eb05 = Column("double", "5 % quantile of the posterior", minimum=0)
    eb95 = Column("double", "95 % quantile of the posterior", minimum=0)
    ebgm_likelihood = Column("string", "Likelihood of the prior behind EBGM")
    prior_month = Column("date", "Month end at which that prior was fitted")
    is_ebgm_signal = Column("boolean", "EB05 >= 2; null where not computed")
    ebgm_shrunk = Column("double", "EBGM by the prior shrunk to all animals' in a species; elsewhere EBGM", minimum=0)
    eb05_shrunk = Column("double", "5 % quantile of that posterior", minimum=0)
    eb95_shrunk = Column("double", "95 % quantile of that posterior", minimum=0)
    is_ebgm_shrunk_signal = Column("boolean", "`eb05_shrunk` >= 2; raises no first month and no `is_new`")
    shrunk_prior_month = Column("date", "Month end at which that prior was fitted; null where `ebgm_shrunk` is EBGM")
    first_prr_month = Column("date", "First month end at which the PRR rule was met")
    first_ror_month = Column("date", "First month end at which the ROR rule was met")
    first_ic_month = Column("date", "First month end at which the IC rule was met")
    first_ebgm_month = Column("date", "First month end at which the EBGM rule was met")
    is_new = Column("boolean", "A rule is met now for the first time", required=True)
    not_computed = Column("string", "Scores that are null, and why")


class SubgroupSignal(Signal):
    """One pair in one part of a population as it stands: children, the elderly, a sex, a region, serious cases.

    The same columns as `gold.signal`, for the last month only. Scores compare within the part; the part's own reports
    are all its background. Parts below the minimum size are listed without scores. EBGM is left to whole populations,
    which their prior is fitted to. Trap: many parts are looked at, so some flags are chance.
    """

    axis = DERIVED
    name = "subgroup_signal"
    example = """
    -- what only a part of the population shows
    SELECT part.population, part.substance_name, part.term_name, part.a, part.ic025, whole.ic025 AS ic025_of_all
    FROM gold.subgroup_signal AS part
    JOIN gold.signal AS whole USING (domain, substance_key, term_key)
    WHERE whole.is_latest AND whole.population = whole.domain AND part.ic025 > 0 AND whole.ic025 <= 0
    ORDER BY part.ic025 DESC
    LIMIT 20
    """

    population = Column("string", SUBGROUP, required=True)


class LevelSignal(Signal):
    """One pair at a higher level as it stands: a group of substances, a group of events, or both.

    The same columns as `gold.signal`, for the last month only: keys and names are those of groups at the two levels. A
    report counts once in a group, however many of its members it names. EBGM is left to the lowest level, which its
    prior is fitted to. Trap: a broad group dilutes what one member does; look at its members before its score.
    """

    axis = DERIVED
    name = "level_signal"
    key = ("population", "substance_level", "term_level", "substance_key", "term_key", "month")

    substance_key = Column("string", "Key of `silver.substance`, or of a group of substances", required=True)
    term_key = Column("string", "Key of `silver.term`, or of a group of events", required=True)
    substance_level = Column("string", "`substance`, or a level of `silver.code_level`", required=True)
    term_level = Column("string", "`term`, or a level of `silver.code_level`", required=True)


class SignalCourse(Table):
    """How the information component of one pair went over all month ends, each as known then.

    Every month end of the population's history is looked at, whatever `gold.signal` keeps. Tells a signal that lasts
    from one that passed. Only month ends at which the population was large enough and the pair had a report count.
    """

    layer, name, owner = "gold", "signal_course", "signal-detection"
    key = ("population", "substance_key", "term_key")
    partitioned_by = ("population",)
    axis = DERIVED
    example = """
    -- signals that lasted a year and still stand
    SELECT population, substance_key, term_key, first_month, n_months_above, peak_ic025, ic025
    FROM gold.signal_course
    WHERE ic025 > 0 AND n_months_above >= 12
    ORDER BY ic025 DESC
    LIMIT 20
    """

    population = Column("string", POPULATION, required=True)
    substance_key = Column("string", "Key of `silver.substance`", required=True, references="silver.substance")
    term_key = Column("string", "Key of `silver.term`", required=True, references="silver.term")
    first_month = Column("date", "First month end with IC025 > 0; null where there was none")
    n_months_above = Column("int", "Month ends with IC025 > 0", unit="months", required=True, minimum=0)
    peak_ic025 = Column("double", "Largest IC025", unit="bit", required=True)
    peak_month = Column("date", "Month end of the largest IC025", required=True)
    ic = Column("double", "IC at the last month end; null where no report is left", unit="bit")
    ic025 = Column("double", "IC025 at the last month end", unit="bit")
