"""Which files are case listings and what their columns are called: two built-in mappings, and those of the settings."""

from __future__ import annotations

import re

from pipelines.settings import CaseListing, settings

BUILT_IN = (
    CaseListing(files=r"(^|/)case_listing/.*\.csv(\.gz)?$", received_date="received_date"),
    CaseListing(files=r"(^|/)faers\d\dq[1-4]raw\.csv(\.gz)?$", case_id="CASEID", product="DRUG", event="AE"),
)


def mapping_of(path: str, own: list[CaseListing] | None = None) -> CaseListing | None:
    """Mapping for a landed path: the first of the user's own that fits, else a built-in one, else None."""
    known = [*(settings().case_listings if own is None else own), *BUILT_IN]
    return next((m for m in known if re.search(m.files, path, re.IGNORECASE)), None)
