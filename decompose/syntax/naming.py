"""Which strings name something: SQL, a dotted path, ``app.Model``, a URL name with its namespace, a template.

The rule is by shape only and errs on the side of keeping: whether ``shop.orders.tasks`` or ``example.com`` is meant
is decided by whoever looks the name up.
"""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST = 20_000

_SQL = re.compile(
    r"""[\s(]*(?:--[^\n]*\n[\s(]*|/\*.*?\*/[\s(]*)*
    (?: SELECT\b.*\bFROM\b
      | INSERT\s+(?:OR\s+\w+\s+|IGNORE\s+)?INTO\b
      | (?:REPLACE|MERGE)\s+INTO\b
      | UPDATE\b.*\bSET\b
      | DELETE\s+FROM\b
      | WITH\b.*\b(?:SELECT|INSERT|UPDATE|DELETE)\b
      | (?:CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+|UNIQUE\s+|TEMP\w*\s+|MATERIALIZED\s+|GLOBAL\s+|LOCAL\s+)*
        (?:TABLE|INDEX|VIEW|SEQUENCE|TRIGGER|FUNCTION|PROCEDURE|TYPE|SCHEMA|EXTENSION)\b
      | TRUNCATE\s+(?:TABLE\s+)?["`\w]
      | LOCK\s+TABLES?\b
      | COPY\s+["`\w.]+\s*(?:\([^)]*\)\s*)?(?:FROM|TO)\b
    )""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
# A clause on its own is kept only when written the way SQL is: in capitals.
_CLAUSE = re.compile(r"\s*(?:FROM|(?:(?:LEFT|RIGHT|FULL|INNER|OUTER|CROSS)\s+)*JOIN)\s+[\"`\w.{]")
_PIECE = r"(?:[^\W\d]|\{\})(?:\w|\{\})*"
_DOTTED = re.compile(rf"{_PIECE}(?:\.{_PIECE})+(?::{_PIECE}(?:\.{_PIECE})*)?")
_NAMESPACED = re.compile(r"[^\W\d][\w-]*(?::[\w{}-]+)+")
_TEMPLATE = re.compile(r"[\w{}./-]+\.(?:html?|txt|xml|jinja2?|j2|eml|mjml)")


@lru_cache(maxsize=1 << 15)
def names_something(text: str) -> bool:
    """True for a string that is worth a :class:`~decompose.model.syntax.Text`."""
    if len(text) > _LONGEST:
        return False
    if " " in text or "\n" in text or "\t" in text:
        return len(text) > 5 and (_SQL.match(text) is not None or _CLAUSE.match(text) is not None)
    if "." in text:
        return _DOTTED.fullmatch(text) is not None or _TEMPLATE.fullmatch(text) is not None
    return ":" in text and _NAMESPACED.fullmatch(text) is not None
