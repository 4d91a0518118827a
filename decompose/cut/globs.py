"""Globs over dotted names, as a person writes them in ``decompose.toml``."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    text = re.escape(pattern).replace(r"\*\*", "\0").replace(r"\*", r"[^.]*").replace(r"\?", r"[^.]")
    if text.endswith("\\.\0"):
        text = text[:-3] + r"(?:\..*)?"
    return re.compile(text.replace("\0", ".*"))


def matches(pattern: str, name: str) -> bool:
    """Whether ``name`` fits: ``*`` stays within one part, ``**`` crosses dots, ``shop.orders.**`` includes ``shop.orders``."""
    return _compiled(pattern).fullmatch(name) is not None


def plain(pattern: str) -> str:
    """What every name that fits begins with."""
    return re.split(r"[*?]", pattern.removesuffix(".**"), maxsplit=1)[0]
