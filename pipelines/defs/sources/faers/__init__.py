"""FAERS and LAERS: the FDA's spontaneous reports, quarterly, as ASCII files in a zip."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="faers",
    title="FDA Adverse Event Reporting System, quarterly ASCII files",
    publisher="U.S. Food and Drug Administration",
    agency="ANSM",
    domain="human",
    licence="Public domain",
    cadence=Days(92, "Quarterly"),
    grain="One version of one case, with its drugs, reactions, outcomes, report sources, therapies and indications",
    lag=Days(45, "About a month after the quarter's end; a case may be followed up years later"),
    traps=(
        "Two eras: LAERS to 2012Q3 (key ISR, trailing $), FAERS after (key primaryid = caseid and version).",
        "A follow-up in a later quarter rewrites the whole case; never deduplicate inside one quarter only.",
        "Lists of deleted cases come with each quarter since 2019Q1 and hold for all earlier quarters.",
        "A deleted case that a later quarter sends again stands again from then on.",
        "Quoting is off, some lines are collapsed or hold stray delimiters, some bytes are not UTF-8.",
        "Dates are partial, ages and weights come in several units, header names drift.",
    ),
    homepage="https://fis.fda.gov/extensions/FPD-QDE-FAERS/FPD-QDE-FAERS.html",
)
