"""Names that tell operations of one plain name apart: by what the one asks for that the other does not.

What is compared is the operations themselves, never where they are used: a name stays when lines move or another file changes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import count

from decompose.model.migration import Operation

_LOADING = ("select_related", "prefetch_related")
_COLUMNS = ("values", "values_list", "only", "defer")
_WORDS = {"distinct": "distinct", "select_for_update": "for_update", "reverse": "reversed", "none": "none"}
"""Methods that a name tells by a word of their own."""


def distinct(operation: Operation, other: Operation | None, taken: Collection[str], options: Collection[str]) -> str:
    """A name for an operation whose plain name is taken by ``other``.

    Tried are one difference after the other, then all of them together; a number is the last resort. Parameters among ``options`` say nothing.
    ``other`` is ``None`` where the accepted plan has an operation of that name which is not met yet.
    """
    mine = [parameter.name for parameter in operation.parameters if parameter.required and parameter.name not in options]
    theirs = {parameter.name for parameter in other.parameters} if other is not None else {*mine}
    asked = [name for name in mine if name not in theirs]
    found = ["_by_" + "_and_".join(asked)] if asked else ["_all"] if not mine and (other is None or theirs) else []
    found += _differences(operation.expression, other.expression if other is not None else "")
    endings = [*found, *(["_by_" + "_and_".join(mine)] if mine and not asked else []), *(["".join(found)] if len(found) > 1 else [])]
    for ending in endings:
        name = operation.name + re.sub(r"__+", "_", ending)
        if name not in taken:
            return name
    return next(name for name in (f"{operation.name}_{number}" for number in count(2)) if name not in taken)


def _differences(mine: str, theirs: str) -> list[str]:
    """What one expression has in its calls that the other has not, as endings of a name."""
    own, other = dict(_calls(mine)), dict(_calls(theirs))
    found = []
    if own.get("order_by") != other.get("order_by"):
        found.append("_ordered_by_" + "_and_".join(own["order_by"]) if own.get("order_by") else "_unordered")
    if own.get("exclude", ()) != other.get("exclude", ()) and own.get("exclude"):
        found.append("_excluding_" + "_and_".join(own["exclude"]))
    columns = [name for method in _COLUMNS if method not in other or own.get(method) != other[method] for name in own.get(method, ())]
    if columns:
        found.append("_only_" + "_and_".join(columns))
    elif any(method in other and method not in own for method in _COLUMNS):
        found.append("_whole")
    loaded = [name for method in _LOADING for name in own.get(method, ()) if name not in other.get(method, ())]
    if loaded:
        found.append("_with_" + "_and_".join(loaded))
    elif [own.get(method) for method in _LOADING] != [other.get(method) for method in _LOADING]:
        kept = [name for method in _LOADING for name in own.get(method, ())]
        found.append("_with_only_" + "_and_".join(kept) if kept else "_alone")
    found += [f"_{word}" for method, word in _WORDS.items() if method in own and method not in other]
    manager, usual = _manager(mine), _manager(theirs)
    if usual and manager and manager != usual:
        found.append(f"_in_{manager}")
    return found


def _calls(expression: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The methods that an expression calls, with the words among their arguments: keywords and names in strings, in a stable order."""
    try:
        tree = ast.parse(expression.strip() or "None", mode="eval")
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            words = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            words += [ast.unparse(each) for each in node.args if not isinstance(each, ast.Constant)]
            words += [each.arg for each in node.keywords if each.arg]
            yield node.func.attr, tuple(word for word in map(_word, words) if word)


def _word(text: str) -> str:
    return "_".join(re.findall(r"\w+", text.replace("__", "_")))


def _manager(expression: str) -> str:
    """``objects`` in ``Order.objects.get()``."""
    found = re.match(r"\w+\.(\w+)\.", expression)
    return found[1] if found else ""


def holder(name: str, known: Iterable[Operation]) -> Operation | None:
    """The operation that has a name."""
    return next((each for each in known if each.name == name), None)
