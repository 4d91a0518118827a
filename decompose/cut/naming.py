"""Names for contexts, in the words of the domain: folders, tables and routes say them, layers and technology do not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from decompose.cut.survey import Survey
from decompose.cut.words import FILLERS, LAYERS, segment_word, singular, words

SHARED = "shared"
"""The context of the shared kernel and of project glue."""

_PACKAGE, _STEM, _TABLE, _ROUTE = 3.0, 0.5, 1.0, 0.3
_LAST = 0.1
_LONGEST = 40
_VERSION = re.compile(r"-?\bv-?\d+\b")


def context_names(
    groups: Sequence[Sequence[str]],
    package_of: Mapping[str, str],
    tables: Sequence[Iterable[str]],
    routes: Sequence[Iterable[str]],
    taken: Iterable[str] = (),
) -> list[str]:
    """A unique name matching ``[a-z][a-z0-9-]{0,39}`` for every group of modules.

    ``package_of`` gives a module's package in its team's eyes (``""`` when none); ``tables`` (model names)
    and ``routes`` (paths) belong to the groups one by one. A word that two groups want goes to the one where it weighs more.
    """
    claims = [
        _claims(group, package_of, table_names, paths)
        for group, table_names, paths in zip(groups, tables, routes, strict=True)
    ]
    names = [""] * len(groups)
    used = {_key(name) for name in (SHARED, *taken)}
    everyone: Counter[str] = Counter()
    for claim in claims:
        everyone.update(claim)
    order = sorted(range(len(groups)), key=lambda i: (-max(claims[i].values(), default=0.0), min(groups[i], default="")))
    for i in order:
        ranked = sorted(claims[i], key=lambda word: (-claims[i][word] * _distinct(claims[i][word], everyone[word]), word))
        names[i] = _free(ranked, used)
        used.add(_key(names[i]))
    return names


def group_name(survey: Survey, modules: Collection[str], taken: Iterable[str]) -> str:
    """A name for one more group of modules, by what is declared and served in them."""
    members = set(modules)
    tables = [table.model.rpartition(".")[2] for table in survey.graph.tables if table.model and survey.module_of.get(table.model) in members]
    routes = [route.path for route in survey.graph.routes if survey.module_of.get(route.handler, route.handler) in members]
    return context_names([sorted(members)], survey.package_of, [tables], [routes], taken)[0]


def _distinct(own: float, all_groups: float) -> float:
    """The share of a word's weight that one group holds: a word of every group names none of them."""
    return (own / all_groups) if all_groups > 0.0 else 0.0


def _claims(
    group: Sequence[str], package_of: Mapping[str, str], tables: Iterable[str], routes: Iterable[str]
) -> Counter[str]:
    claims: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = {}

    def claim(text: str, weight: float) -> None:
        label = _label(text)
        if label:
            key = _key(label)
            claims[key] += weight  # type: ignore[assignment]
            # The form of a folder wins over the singular of a class.
            forms.setdefault(key, Counter())[label] += weight  # type: ignore[assignment]

    for module in group:
        package = package_of.get(module, "")
        segment = package.rpartition(".")[2]
        if segment:
            claim(segment, _PACKAGE)
        stem = module.rpartition(".")[2]
        if segment_word(stem):
            claim(_without_layers(stem), _STEM)
    for table in tables:
        parts = [part for part in words(table) if part not in LAYERS]
        # A table may be called by a word that elsewhere is a layer's (``fields``): better than no name.
        claim("_".join(parts) or table, _TABLE if parts else _LAST)
        if len(parts) > 1:
            claim(parts[0], _TABLE / 2)
    for path in routes:
        for segment in path.strip("^/").split("/"):
            if segment and segment[0] not in "<{(?:" and segment_word(segment):
                claim(_without_layers(segment), _ROUTE)
                break
    return Counter({forms[key].most_common(1)[0][0]: weight for key, weight in claims.items()})


def _without_layers(text: str) -> str:
    return "_".join(part for part in words(text) if part not in LAYERS)


def _label(text: str) -> str:
    label = _VERSION.sub("", "-".join(words(text)))[:_LONGEST].strip("-")
    if all(part in FILLERS for part in label.split("-")):
        return ""
    return label if re.fullmatch(r"[a-z][a-z0-9-]*", label) else ""


def _key(label: str) -> str:
    """What two names may not share: ``household`` and ``households`` are one to a reader."""
    return "-".join(singular(part) for part in label.split("-"))


def _free(ranked: Sequence[str], used: set[str]) -> str:
    for label in ranked:
        if _key(label) not in used:
            return label
    if len(ranked) > 1:
        both = f"{ranked[0]}-{ranked[1]}"[:_LONGEST].strip("-")
        if _key(both) not in used:
            return both
    stem = ranked[0] if ranked else "context"
    number = 2
    while f"{stem[: _LONGEST - 4]}-{number}" in used:
        number += 1
    return f"{stem[: _LONGEST - 4]}-{number}"
