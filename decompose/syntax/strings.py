"""Strings as they can be stored, and strings with holes."""

from __future__ import annotations

import inspect
import re

LONGEST_STRING = 20_000
"""Characters; a longer string is data, not a name of anything."""
LONGEST_DOC = 1_000

_PERCENT = re.compile(r"%%|%(?:\(\w*\))?[-#0 +]*[\d*]*(?:\.[\d*]+)?[sdrifxXgGeEocua]")
_FIELD = re.compile(r"\{\{|\}\}|\{[^{}]*\}")


def encodable(text: str) -> str:
    """The text with lone surrogates, which no encoding can hold, written as escapes."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text


def clean(doc: str) -> str:
    doc = doc.strip()[:LONGEST_DOC]
    if "\n" in doc:
        doc = inspect.cleandoc(doc)
    return doc if doc.isascii() else encodable(doc)


def joined(parts: list[str | None]) -> str:
    """Known and unknown (``None``) parts as one text with holes."""
    return "".join(["{}" if part is None else part for part in parts])


def holes_of_percent(text: str) -> str:
    """``"%s is %(n)d"`` -> ``"{} is {}"``."""
    return _PERCENT.sub(lambda found: "%" if found.group() == "%%" else "{}", text)


def holes_of_format(text: str) -> str:
    """``"{name!r} {{x}}"`` -> ``"{} {x}"``."""
    return _FIELD.sub(lambda found: {"{{": "{", "}}": "}"}.get(found.group(), "{}"), text)
