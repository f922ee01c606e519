"""The list that an agency reviews in a month, and whether the scores behind it may still be believed."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.formats.domains import AGENCIES, DOMAINS

MODEL_NAME = "Registered model that scored; `default` where none is registered: the combination that is shipped"
MODEL_VERSION = "Its version in the registry; of the default the hash of its coefficients"
KINDS = {
    "drift": "Population stability index of a feature: pairs of the last 12 months against those of training",
    "calibration": "Slope of the score against what came: excess among the reports of the year after, 1 is right",
}


class Triage(Table):
    """One pair on the list that an agency reviews in a month: ranked by one score, of all that was known of it then.

    Each month lists as many new pairs as the setting `triage_workload` says, the highest scores first; a pair is listed
    once, in a month in which a report of it came. `parts` and `base` sum to the score, in log odds. Scored by the
    champion of the registry, else by the default that is shipped: `model_name` says which. Traps: a list is as long as
    the workload, however little is suspect; the score orders pairs for review and decides nothing; `chance` means what
    it says in the countries that the model was fitted to, see `gold.triage_monitor`.
    """

    layer, name, owner = "gold", "triage", "signal-detection"
    key = ("agency", "month", "rank")
    axis = DERIVED

    agency = Column("string", "Agency in charge", required=True, codes=AGENCIES)
    month = Column("date", "Month end", required=True)
    rank = Column("int", "Rank on the list of the month", required=True, minimum=1)
    is_latest = Column("boolean", "Last list of the agency", required=True)
    domain = Column("string", "Vigilance", required=True, codes=DOMAINS)
    substance_key = Column("string", "Key of the substance, or `reported:` and a brand", required=True)
    substance_name = Column("string", "Substance or brand", required=True)
    term_key = Column("string", "Key of the event", required=True)
    term_name = Column("string", "Event", required=True)
    n_reports = Column("bigint", "Reports of the pair at the month end", unit="reports", required=True, minimum=1)
    n_new = Column("bigint", "Those that came in the month", unit="reports", required=True, minimum=1)
    expected = Column("double", "Reports that independence expects", unit="reports", required=True, minimum=0)
    score = Column("double", "Score", unit="log odds", required=True)
    chance = Column("double", "The same as a chance", required=True, minimum=0, maximum=1)
    base = Column("double", "What the score starts from", unit="log odds", required=True)
    parts = Column("array<string>", "What each feature adds, the largest first: `feature +0.123456789`", required=True)
    raised_by = Column("string", "What raised it most", required=True)
    would_lower = Column("array<string>", "What the score would lose, were a feature as usual; the most first")
    model_name = Column("string", MODEL_NAME, required=True)
    model_version = Column("string", MODEL_VERSION, required=True)


class TriageMonitor(Table):
    """One number that tells whether the scores of a domain may still be believed.

    Drift holds each feature of the pairs of the last 12 months, two reports and more, against training; one that is the
    same for all pairs, because no source tells it, has no row. Calibration holds the scores of the year before the last
    against what came in the year after each month; it is there once 20 pairs came true and 20 did not. Bounds are those
    of the checks.
    """

    layer, name, owner = "gold", "triage_monitor", "signal-detection"
    key = ("kind", "domain", "feature")
    axis = DERIVED

    kind = Column("string", "What is watched", required=True, codes=KINDS)
    domain = Column("string", "Vigilance", required=True, codes=DOMAINS)
    feature = Column("string", "Feature; of calibration `score`", required=True)
    month = Column("date", "Last month end of the lake", required=True)
    value = Column("double", "The number", required=True)
    n_rows = Column("bigint", "Pairs at month ends that it is from", required=True, minimum=0)
    n_true = Column("bigint", "Those of them that came true; of calibration alone", minimum=0)
    model_name = Column("string", MODEL_NAME, required=True)
    model_version = Column("string", MODEL_VERSION, required=True)
