"""Substances chosen by a lasso."""

from pipelines.defs.gold.answer import Answer


class Comedication(Answer):
    """One substance that a lasso over all substances chose for one event, as reports stand; all in it are adjusted.

    Logistic regression per event with an L1 penalty chosen by BIC, refitted without penalty: `estimate` is the odds
    ratio adjusted for the other chosen substances. Looks at events with enough reports (`lasso_minimum_reports`) in
    whole domains. Trap: a substance that always comes with the cause can't be told from it; one of the two is chosen.
    """

    name = "comedication"
    key = ("population", "substance_key", "term_key", "method")
