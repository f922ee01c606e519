"""Recommendations and discussions of signals, each as sent."""

from pipelines.core.table import BronzeTable, FileKind, text


class _PracSignals(BronzeTable):
    """What both lists share."""

    source = "prac_signals"
    owner = "signal-management"


class PracRecommendation(_PracSignals):
    """One signal that the PRAC recommended something on in one meeting, from the published recommendations."""

    name = "prac_signals_recommendation"
    files = FileKind(r"(^|/)[^/]*prac_(signals|senales)[^/]*\.(csv|json)(\.gz)?$")
    substance = text("Substances, joined by ;, perhaps a class before a colon")
    signal = text("Signal as printed")
    epitt = text("Number of the signal; blank where the product information is to change")
    section = text("Part of the document: product_information, table, other, in English or Spanish")
    meeting = text("Days of the meeting, in words")
    reference = text("Number of the document")
    published = text("Publication of the document, YYYY-MM-DD")
    url = text("Document")


class PracDiscussion(_PracSignals):
    """One signal discussed in one meeting, and whether the holder was asked to act: the list since September 2012."""

    name = "prac_signals_discussion"
    files = FileKind(r"(^|/)[^/]*halmed[^/]*\.json(\.gz)?$")
    substance = text("Substances, joined by ;, perhaps a class before a colon")
    signal = text("Signal as printed")
    meeting = text("Days of the meeting, in words")
    meeting_start = text("First day of the meeting, YYYY-MM-DD")
    action = text("Yes or No")
    note = text("Remark")
    list_file = text("Name of the list")
    list_url = text("The list")
    list_updated = text("Date of the list, YYYY-MM-DD")
