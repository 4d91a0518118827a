"""Models and model bases of libraries, from the notation in :mod:`decompose.detect.django.standard`."""

from __future__ import annotations

import copy
import re

from decompose.detect.django.schema import Field, Model
from decompose.detect.django.standard import MODEL_BASES, STANDARD_MODELS

BASES = {(each.package, each.name): each.fields for each in MODEL_BASES}
"""Fields that an external base brings, by its top-level package and its name."""

_NOTATION = re.compile(r"(?P<name>\w+)(?P<kind>[:>=*])(?P<type>[\w.]+)(?:\((?P<length>\d+)\))?(?P<flags>[?!#+]*)(?:~(?P<accessor>[\w%()]+))?$")
_KINDS = {":": "column", ">": "fk", "=": "o2o", "*": "m2m"}


def notation(text: str) -> list[Field]:
    """The fields that a line of the notation describes."""
    found = []
    for word in text.split():
        match = _NOTATION.match(word)
        assert match is not None, word
        kind = _KINDS[match["kind"]]
        flags = match["flags"]
        each = Field(match["name"], kind, match["type"] if kind == "column" else "other", "", None)
        each.nullable, each.unique, each.primary = "?" in flags, "!" in flags or kind == "o2o", "#" in flags
        each.max_length = int(match["length"]) if match["length"] else None
        if kind != "column":
            each.expression = match["type"]
            each.on_delete = "SET_NULL" if each.nullable else "CASCADE" if kind != "m2m" else ""
            each.related_name = "+" if "+" in flags else match["accessor"]
        found.append(each)
    return found


def standard_models() -> dict[tuple[str, str], Model]:
    """The models of libraries by application label and lower-case name, their relations not yet resolved."""
    found: dict[tuple[str, str], Model] = {}
    for line in STANDARD_MODELS.strip().splitlines():
        dotted, label, table, fields = line.split(" ", 3)
        app, _, name = label.partition(".")
        model = Model(dotted, name, app, table, None, origin=dotted)
        model.specs = {each.name: each for each in notation(fields)}
        found[(app, name.lower())] = model
    return found


def fields_of(model: Model) -> list[Field]:
    """Fresh copies of a library model's fields."""
    return [copy.copy(each) for each in model.specs.values()]
