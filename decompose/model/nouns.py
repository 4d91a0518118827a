"""Class names as nouns of snake-case names."""

from __future__ import annotations

import re


def snake(name: str) -> str:
    """``WeightEntry`` as ``weight_entry``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def plural(noun: str) -> str:
    """The usual English plural of a snake-case noun."""
    if re.search(r"[^aeiou]y$", noun):
        return noun[:-1] + "ies"
    return noun + ("es" if re.search(r"(s|x|z|ch|sh)$", noun) else "s")
