"""Alerts of every method at an equal burden, and what they were worth."""

from pipelines.core.axis import DERIVED
from pipelines.core.table import Column, Table
from pipelines.formats.domains import DOMAINS

EVERY = {"all": "All of them together"}
METRIC_CODES = {
    "auc": "Area under the ROC curve",
    "ap": "Average precision",
    "ppv": "Share of alerts that are true",
    "reviews_per_true": "Alerts reviewed for one that is true",
    "found_before": "Share of true pairs alerted before they were public",
    "lead_months": "Mean months from alert to public, misses 0",
}
MODEL_NAME = "Registered model behind `combined`; `default` is the combination that is shipped"
MODEL_VERSION = "Its version in the registry; of the default the hash of its coefficients"


class Alert(Table):
    """One pair that a method raises in a month, at a burden that is the same for all methods.

    Each month a method names the pairs that it ranks highest and has not named before. The base burden is two alerts a
    true pair over the months judged; others are half, twice and four times that. Without a date in the reference only
    the last month is judged.
    """

    layer, name, owner = "evaluation", "alert", "signal-detection"
    key = ("source", "domain", "method", "burden", "month", "rank")
    axis = DERIVED

    source = Column("string", "Reference that it is judged by", required=True)
    domain = Column("string", "Vigilance", required=True, codes=DOMAINS)
    method = Column("string", "Method", required=True)
    burden = Column("double", "Multiple of the base burden", required=True, minimum=0)
    month = Column("date", "Month end", required=True)
    rank = Column("int", "Rank within the month", required=True, minimum=1)
    burden_k = Column("double", "New pairs a month at that burden", required=True, minimum=0)
    substance_key = Column("string", "Key of the substance", required=True)
    substance_name = Column("string", "Substance", required=True)
    term_key = Column("string", "Key of the event", required=True)
    term_name = Column("string", "Event", required=True)
    n_reports = Column("bigint", "Reports of the pair at that month end", unit="reports", required=True, minimum=1)
    score = Column("double", "Score by the method; scales differ between methods", required=True)
    is_true = Column("boolean", "The reference says that it is true", required=True)
    why = Column("string", "What raised it most, in log odds; of `combined` alone")
    model_name = Column("string", MODEL_NAME, required=True)
    model_version = Column("string", MODEL_VERSION, required=True)


class League(Table):
    """One number about one method, with its bounds: how well it finds what the reference says is true.

    Numbers of a method at each burden, of a domain, family of harms and stratum, and their differences to IC025 and to
    EB05 (`against`), with bounds from a bootstrap over substances. Trap: a PPV can't be above its ceiling; few truths
    give wide bounds.
    """

    layer, name, owner = "evaluation", "league", "signal-detection"
    key = ("source", "method", "domain", "family", "stratum", "burden_k", "metric", "against")
    axis = DERIVED

    source = Column("string", "Reference that it is judged by", required=True)
    method = Column("string", "Method", required=True)
    domain = Column("string", "Vigilance, or `all`", required=True, codes=DOMAINS | EVERY)
    family = Column("string", "Family of harms, or `all`", required=True)
    stratum = Column("string", "Rows by reports or age of the product, or `all`", required=True)
    burden_k = Column("double", "New pairs a month", required=True, minimum=0)
    metric = Column("string", "What the number is", required=True, codes=METRIC_CODES)
    against = Column("string", "Method that it is the difference to; `none`: the number itself", required=True)
    value = Column("double", "The number", required=True)
    lower = Column("double", "Lower 95 % bound; null where no draw has one")
    upper = Column("double", "Upper 95 % bound")
    n_truths = Column("bigint", "True pairs that count", required=True, minimum=0)
    ppv_ceiling = Column("double", "Highest PPV that anybody could have there", minimum=0, maximum=1)
    model_name = Column("string", MODEL_NAME, required=True)
    model_version = Column("string", MODEL_VERSION, required=True)
