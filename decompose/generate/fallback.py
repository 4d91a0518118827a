"""What an operation's declared fallback may be: an answer that its callers can take for one."""

from __future__ import annotations

import ast

from decompose.errors import RefusedInput
from decompose.model.migration import Operation

_LITERALS: dict[str, tuple[type, ...]] = {
    "list": (list, tuple), "page": (list, tuple), "string": (str,), "text": (str,), "integer": (int,), "big": (int,), "float": (float, int), "boolean": (bool,),
}  # fmt: skip
"""Types of which a literal can be an answer; ``json`` takes any."""

_EMPTY = frozenset({"list", "page", "json", "string", "text", "integer", "big", "float", "boolean"})


def checked_fallback(operation: Operation) -> str:
    """The operation's fallback. Raises :class:`RefusedInput` for one that would be no answer to its callers."""
    kind, _, text = operation.fallback.partition(":")
    returns = operation.returns.partition(":")[0]
    problem = ""
    if operation.kind == "command":
        problem = "a command that did not happen has no answer: leave it at raise"
    elif kind == "empty" and (returns not in _EMPTY):
        problem = f"nothing of the type {operation.returns} is empty"
    elif kind == "none" and not (operation.optional or returns in ("none", "json")):
        problem = "its callers never get None"
    elif kind == "default":
        problem = _no_default(operation, returns, text)
    elif kind not in ("empty", "none", "last"):
        problem = f"{operation.fallback!r} is none of raise, empty, none, last, default:<literal>"
    if problem:
        raise RefusedInput(f"the fallback of {operation.name} cannot be {operation.fallback!r}: {problem}", hint="change it in decompose.toml")
    return operation.fallback


def _no_default(operation: Operation, returns: str, text: str) -> str:
    """Why a literal is no answer of the operation, ``""`` when it is one."""
    try:
        value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return f"{text!r} is no Python literal"
    if (value is None and operation.optional) or returns == "json":
        return ""
    if "entity:" in operation.returns and value != []:
        return "a row cannot be written as a literal"
    if not isinstance(value, _LITERALS.get(returns, ())) or (isinstance(value, bool) and returns != "boolean"):
        return f"the operation returns {operation.returns}"
    return ""
