"""A context that a person wants in parts: what belongs to which part.

A part grows from its seeds: the modules and tables that the person gave to it, else those whose names say the part's, else a group that the
evidence holds together. Everything else of the context goes to the part that pulls it most. Where a table is a seed and its model
lies in a file of another part, the model goes with the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from decompose.cut.partition import Adjacency, communities
from decompose.cut.survey import Draft, Survey
from decompose.cut.words import domain_words, singular, words
from decompose.errors import ConfigError
from decompose.model.settings import ContextSettings

_RESOLUTIONS = (1.0, 1.4, 2.0, 2.8, 4.0, 6.0)
"""Tried one after the other, until the evidence gives as many groups as there are parts without a seed."""

_ROUNDS = 8


def split(cut: Draft, survey: Survey, settings: ContextSettings, given: Mapping[str, str]) -> None:
    """Divides one context of ``cut``; ``given`` are nodes with the part that a person gave them to, of this context or not.

    Raises :class:`ConfigError` when there is no such context, or no evidence from which a part could grow.
    """
    place = survey.config.place(f"contexts.{settings.name}.split")
    inside = _telling(survey, [node for node in survey.coupling.nodes if cut.place.get(node) == settings.name])
    members = [module for module in survey.modules if cut.place.get(module) == settings.name]
    if not members:
        known = ", ".join(sorted(set(cut.place.values())))
        raise ConfigError(f"context {settings.name!r} is to be split and is not proposed", hint=f"proposed are {known}", place=place)
    seeds = {node: given[node] for node in inside if node in given}
    elsewhere = {part for node, part in given.items() if node not in seeds}
    called = {part: _named(inside, part) for part in settings.split if part not in seeds.values() and part not in elsewhere}
    for part in sorted(called, key=lambda part: (len(called[part]), part)):  # a word of few names says more than one of many
        seeds.update((node, part) for node in called[part] if node not in seeds)
    missing = [part for part in settings.split if part not in seeds.values() and part not in elsewhere]
    if missing:
        for part, group in zip(missing, _groups(survey, inside, seeds, len(missing)), strict=False):
            seeds.update((node, part) for node in group)
            missing = missing[1:]
    if missing:
        raise ConfigError(
            f"nothing in {settings.name!r} sets {missing[0]!r} apart from the other parts",
            hint=f"say what belongs to it: [contexts.{missing[0]}] with modules = [...]",
            place=place,
        )
    grown = _grown(survey, inside, seeds, settings.split)
    for node in inside:
        cut.place[node] = grown[node]
    for table in survey.graph.tables:
        node = f"table:{table.id}"
        if table.model and node in seeds and cut.place.get(survey.module_of.get(table.model, "")) != grown.get(node):
            cut.definitions[table.model] = seeds[node]
    nearest = Counter(grown[node] for node in inside if node in survey.modules)
    rest = max(settings.split, key=lambda part: nearest[part])
    drawn = {table.model: grown[f"table:{table.id}"] for table in survey.graph.tables if table.model in cut.apart and f"table:{table.id}" in grown}
    for node in [node for node, name in cut.place.items() if name == settings.name and node not in grown]:
        cut.place[node] = drawn.get(node, rest)
    stability = cut.stability.pop(settings.name, 1.0)
    cut.roles.pop(settings.name, None)
    for part in settings.split:
        cut.stability[part] = stability
        cut.roles[part] = "domain"


def _telling(survey: Survey, nodes: Sequence[str]) -> list[str]:
    """The nodes without words of more than half of the modules: what all of a context have in common says nothing about its parts."""
    whole = survey.coupling
    modules = {whole.index[node] for node in nodes if node in survey.modules}
    return [
        node for node in nodes
        if node in survey.modules or node.startswith("table:") or 2 * len(modules & whole.graph[whole.index[node]].keys()) <= len(modules)
    ]


def _named(nodes: Iterable[str], part: str) -> list[str]:
    """Modules and tables whose own names hold a word of the part's name; a file called by its layer has its folder's."""
    wanted = {singular(word) for word in words(part)}
    found = []
    for node in nodes:
        kind, _, name = node.partition(":") if ":" in node else ("", "", node)
        if kind not in ("", "table"):
            continue
        segments = [name] if kind else name.split(".")[:-3:-1]
        own: Iterable[str] = next(filter(None, map(domain_words, segments)), ())
        if wanted & set(own):
            found.append(node)
    return found


def _groups(survey: Survey, inside: Sequence[str], seeds: Mapping[str, str], wanted: int) -> list[list[str]]:
    """Groups that the evidence holds together and that hold no seed, those with most modules first; as many as are wanted where there are."""
    index = survey.coupling.index
    number = {index[node]: position for position, node in enumerate(inside)}
    graph: Adjacency = [{number[j]: w for j, w in survey.coupling.graph[i].items() if j in number} for i in number]
    best: list[list[str]] = []
    for resolution in _RESOLUTIONS:
        groups: dict[int, list[str]] = {}
        for position, community in enumerate(communities(graph, resolution, survey.config.seed)):
            groups.setdefault(community, []).append(inside[position])
        free = [group for group in groups.values() if not any(node in seeds for node in group) and any(node in survey.modules for node in group)]
        # Without any seed the largest group is one part, and the rest of the context falls to the parts around it.
        free.sort(key=lambda group: (-sum(1 for node in group if node in survey.modules), group[0]))
        if len(free) >= wanted:
            return free[:wanted]
        best = max(best, free, key=len)
    return best


def _grown(survey: Survey, inside: Sequence[str], seeds: Mapping[str, str], parts: Sequence[str]) -> dict[str, str]:
    """The part of every node of a context: seeds keep theirs, others go where they are pulled most."""
    whole = survey.coupling
    members = set(inside)
    found = dict(seeds)
    for _ in range(_ROUNDS):
        nearer: dict[str, str] = {}
        for node in inside:
            if node in seeds:
                continue
            pull: dict[str, float] = {}
            for other, weight in whole.graph[whole.index[node]].items():
                name = whole.nodes[other]
                if name in members and name in found:
                    pull[found[name]] = pull.get(found[name], 0.0) + weight
            if pull:
                nearer[node] = min(pull, key=lambda part: (-pull[part], parts.index(part)))
        if all(found.get(node) == part for node, part in nearer.items()):
            break
        found.update(nearer)
    sizes = Counter(found.values())
    rest = min(parts, key=lambda part: (-sizes[part], parts.index(part)))
    return {node: found.get(node, rest) for node in inside}
