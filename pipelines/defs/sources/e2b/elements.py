"""Values of single HL7 elements: attributes, words, codes of ICH's lists, null flavours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.files.xml import hl7

if TYPE_CHECKING:
    from lxml.etree import _Element

Values = dict[str, Any]
ICH = "2.16.840.1.113883.3.989.2.1.1."  # the code lists of ICH; regions have lists of their own under other numbers
MEDDRA = "2.16.840.1.113883.6.163"
CODE, VALUE, LOW, HIGH = hl7("code"), hl7("value"), hl7("low"), hl7("high")
EFFECTIVE = hl7("effectiveTime")


def said(element: _Element | None, attribute: str = "value") -> str | None:
    """Value of an attribute, else the null flavour as `nullFlavor:…`, else None."""
    if element is None:
        return None
    value = element.get(attribute)
    if value is not None:
        return value
    flavour = element.get("nullFlavor")
    return f"nullFlavor:{flavour}" if flavour else None


def coded(element: _Element | None, system: str = ICH) -> str | None:
    """Code of an element, where it is one of this system or list, or names none; else its null flavour or None.

    A region's own list has other codes under the same numbers: they are no ICH codes.
    """
    named = element.get("codeSystem") if element is not None else None
    is_own = named is None or named.strip() == system or (system == ICH and named.strip().startswith(ICH))
    return said(element, "code") if is_own else None


def words(element: _Element | None) -> str | None:
    """Text of an element, trimmed, else its null flavour; None where it has neither."""
    if element is None:
        return None
    text = (element.text or "").strip()
    flavour = element.get("nullFlavor")
    return text or (f"nullFlavor:{flavour}" if flavour else None)
