"""A setting that several statements make, as one expression: a display and what is added to it under single keys; and what a display says."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import msgspec

from decompose.model.facts import Setting


def merged(layers: Sequence[Setting]) -> Setting:
    """The first of a setting's values, completed by what it builds on.

    ``NAME["key"] = value`` is the value ``{**NAME, "key": value}``: it says little without the display that it changes, which
    another module may hold. Of other modules than these two nothing is taken: variants of the settings change what they like.
    """
    first = layers[0]
    base = next((each for each in layers if _amendment(each) is None), None)
    items = None if base is None else _items(base.value)
    files = {each.at.path for each in (first, base) if each is not None}
    added = [amendment for each in layers if each.at.path in files and (amendment := _amendment(each)) is not None]
    if base is None or items is None or not added:
        return first
    for amendment in added:
        items.update(amendment)
    return msgspec.structs.replace(base, value="{" + ", ".join(f"{key}: {text}" for key, text in items.items()) + "}")


def options(value: str) -> tuple[dict[str, object], tuple[str, ...]]:
    """The literal values of a display's text keys, and the keys whose values are computed. Both empty when it is no display."""
    literal: dict[str, object] = {}
    computed: list[str] = []
    for key, text in (_items(value) or {}).items():
        try:
            name = ast.literal_eval(key)
        except ValueError:
            computed.append(key)
            continue
        try:
            literal[str(name)] = ast.literal_eval(text)
        except ValueError:
            computed.append(str(name))
    return literal, tuple(computed)


def _amendment(setting: Setting) -> dict[str, str] | None:
    """Keys and values that a setting adds to its former value, ``None`` when it is a value of its own."""
    head = f"{{**{setting.name}, "
    return _items("{" + setting.value.removeprefix(head)) if setting.value.startswith(head) else None


def _items(value: str) -> dict[str, str] | None:
    """Keys and values of a display as source text, ``None`` when it is none."""
    try:
        tree = ast.parse(value, mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    if not isinstance(tree, ast.Dict) or None in tree.keys:
        return None
    return {ast.unparse(key): ast.unparse(item) for key, item in zip(tree.keys, tree.values, strict=True) if key is not None}
