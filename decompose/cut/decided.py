"""What a person decided about contexts, applied to the cut that the evidence gave.

Decisions are hard constraints. Two that contradict each other end in a :class:`ConfigError` that names both places, and so does one that
names something that does not exist. In this order: contexts get other names, are merged, are split; single modules and definitions go where they were
pinned, and what lost its neighbours by that follows them; last, what must be apart is parted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from decompose.cut.apart import part
from decompose.cut.globs import matches, plain
from decompose.cut.naming import SHARED
from decompose.cut.splitting import split
from decompose.cut.survey import Draft, Survey, pulls
from decompose.errors import ConfigError
from decompose.model.settings import Config, ContextSettings


def decide(cut: Draft, survey: Survey) -> None:
    """Applies the decisions of the configuration to ``cut``. Raises :class:`ConfigError` when they cannot all be carried out."""
    config = survey.config
    if not (config.contexts or config.shared_modules or config.apart):
        return
    proposed = sorted(set(cut.place.values()))
    _check(config, proposed)
    found = dict(cut.place)
    for settings in config.contexts:
        if settings.was and settings.was != settings.name:
            _known(settings.was, proposed, settings, config, "was")
            _move_all(cut, settings.was, settings.name)
    for settings in config.contexts:
        for other in settings.merge:
            if other != settings.name:
                _known(other, proposed, settings, config, "merge")
                _move_all(cut, other, settings.name)
    pins = _pins(survey)
    _agree(survey, pins)
    for settings in config.contexts:
        if settings.split:
            split(cut, survey, settings, _seeds(survey, pins, settings.split))
    before = dict(cut.place)
    _pin(cut, survey, pins)
    _check_present(cut, survey, proposed)
    _follow(cut, survey, before)
    part(cut, survey, found)


# --- contradictions ------------------------------------------------------------------------------


def _check(config: Config, proposed: Collection[str]) -> None:
    """Raises :class:`ConfigError` when two decisions about whole contexts cannot both be carried out."""
    taken: dict[str, tuple[str, str]] = {}
    for settings in config.contexts:
        claims = [(other, "merge") for other in settings.merge if other != settings.name]
        claims += [(settings.was, "was")] if settings.was and settings.was != settings.name else []
        for other, word in claims:
            key = f"contexts.{settings.name}.{word}"
            if other in taken and taken[other][0] != settings.name:
                raise _contradiction(config, f"context {other!r} becomes part of {taken[other][0]!r} and of {settings.name!r}", taken[other][1], key, f"leave {other!r} in one of them")
            taken[other] = (settings.name, key)
    settings_of = {settings.name: settings for settings in config.contexts}
    part_of: dict[str, str] = {}
    for settings in config.contexts:
        if not settings.split:
            continue
        key = f"contexts.{settings.name}.split"
        if settings.name in taken:
            raise _contradiction(config, f"context {settings.name!r} is split and becomes part of {taken[settings.name][0]!r}", key, taken[settings.name][1], "do one of the two")
        for word in ("modules", "owns", "team", "description"):
            if getattr(settings, word) and settings.name not in settings.split:
                raise _contradiction(config, f"context {settings.name!r} is split and has {word} of its own", key, f"contexts.{settings.name}.{word}", f"give the {word} to one of its parts, [contexts.{settings.split[0]}] for example")
        for part_name in settings.split:
            if part_name in part_of:
                raise _contradiction(config, f"{part_name!r} is a part of {part_of[part_name]!r} and of {settings.name!r}", f"contexts.{part_of[part_name]}.split", key, "give one of the two parts another name")
            part_of[part_name] = settings.name
            if part_name in proposed and part_name != settings.name and part_name not in taken:
                raise ConfigError(
                    f"{part_name!r} is to be a part of {settings.name!r} and is a context already",
                    hint=f"give the part another name, or merge {part_name!r} first", place=config.place(key),
                )  # fmt: skip
            own = settings_of.get(part_name)
            if own is not None and own is not settings and own.split:
                raise _contradiction(config, f"{part_name!r} is a part of {settings.name!r} and is split itself", key, f"contexts.{part_name}.split", "name the parts in one split")


def _contradiction(config: Config, message: str, first: str, second: str, hint: str) -> ConfigError:
    return ConfigError(f"{message} ({config.place(second) or 'no file'})", hint=hint, place=config.place(first))


def _known(name: str, proposed: Collection[str], settings: ContextSettings, config: Config, word: str) -> None:
    if name not in proposed:
        raise ConfigError(
            f"context {settings.name!r} refers to {name!r}, which is not proposed",
            hint=f"proposed are {', '.join(proposed)}",
            place=config.place(f"contexts.{settings.name}.{word}"),
        )


def _check_present(cut: Draft, survey: Survey, proposed: Collection[str]) -> None:
    present = {name for node, name in cut.place.items() if node in survey.modules or node in cut.apart} | set(cut.definitions.values())
    gone = {settings.name for settings in survey.config.contexts if settings.split} - present
    for settings in survey.config.contexts:
        if settings.name not in present and settings.name not in gone:
            raise ConfigError(
                f"context {settings.name!r} has no modules",
                hint=f"give it `modules`, `merge` or `was`; proposed are {', '.join(proposed) or 'none'}",
                place=survey.config.place(f"contexts.{settings.name}.modules") or survey.config.path,
            )
    cut.roles = {name: cut.roles.get(name, "shared" if name == SHARED else "domain") for name in sorted(present)}


# --- whole contexts ------------------------------------------------------------------------------


def _move_all(cut: Draft, source: str, target: str) -> None:
    for node, name in cut.place.items():
        if name == source:
            cut.place[node] = target
    if source in cut.stability:
        cut.stability[target] = max(cut.stability.get(target, 0.0), cut.stability.pop(source))
    cut.roles.pop(source, None)


def _seeds(survey: Survey, pins: _Pins, parts: Collection[str]) -> dict[str, str]:
    """Nodes that a person gave to one of the parts of a split: modules by ``modules``, tables by ``owns`` or with their model."""
    seeds = {module: name for module, name in pins.modules.items() if name in parts}
    for table in survey.graph.tables:
        owner = pins.tables.get(table.id) or pins.definitions.get(table.model, "")
        if owner in parts:
            seeds[f"table:{table.id}"] = owner
    return seeds


# --- single modules and definitions --------------------------------------------------------------


@dataclass(frozen=True)
class _Pins:
    """The context that a person gave to modules, top-level definitions and tables."""

    modules: Mapping[str, str]
    definitions: Mapping[str, str]
    tables: Mapping[str, str]


def _pins(survey: Survey) -> _Pins:
    """What the patterns of the configuration claim: the most specific one wins. A pattern that fits a module speaks of all its definitions."""
    config = survey.config
    wanted = [(pattern, s.name, f"contexts.{s.name}.modules") for s in config.contexts for pattern in s.modules]
    wanted += [(pattern, SHARED, "shared.modules") for pattern in config.shared_modules]
    modules = sorted(survey.modules)
    tops = {definition.top: definition.module for definition in survey.graph.definitions}
    placed, single = _Claims(config), _Claims(config)
    for pattern, name, key in wanted:
        head = plain(pattern)
        own = [module for module in modules if matches(pattern, module)]
        inside = set(own)
        defined = [top for top, module in sorted(tops.items()) if top.startswith(head) and module not in inside and matches(pattern, top)]
        if not own and not defined:
            raise ConfigError(
                f"no module and no top-level definition fits {pattern!r} of context {name!r}",
                hint="run `decompose analyze` without it and look at the modules",
                place=config.place(key),
            )
        placed.claim(own, pattern, name, key)
        single.claim(defined, pattern, name, key)
    owned = _Claims(config)
    tables = sorted(table.id for table in survey.graph.tables)
    for settings in config.contexts:
        for pattern in settings.owns:
            key = f"contexts.{settings.name}.owns"
            fitting = [table for table in tables if matches(pattern, table)]
            if not fitting:
                raise ConfigError(f"no table fits {pattern!r} of context {settings.name!r}", hint="`decompose show tables` lists them", place=config.place(key))
            owned.claim(fitting, pattern, settings.name, key)
    return _Pins(placed.chosen(), {top: name for top, name in single.chosen().items() if placed.rank(tops[top]) <= single.rank(top)}, owned.chosen())


class _Claims:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._found: dict[str, tuple[int, str, str]] = {}

    def claim(self, subjects: Iterable[str], pattern: str, name: str, key: str) -> None:
        for subject in subjects:
            rank, other, place = self._found.get(subject, (-1, name, key))
            if rank == len(pattern) and other != name:
                raise _contradiction(self._config, f"{subject} is claimed by {other!r} and {name!r}", place, key, "make one of the patterns more specific")
            if len(pattern) > rank:
                self._found[subject] = (len(pattern), name, key)

    def rank(self, subject: str) -> int:
        return self._found[subject][0] if subject in self._found else -1

    def chosen(self) -> dict[str, str]:
        return {subject: name for subject, (_, name, _) in sorted(self._found.items())}


def _agree(survey: Survey, pins: _Pins) -> None:
    """Raises :class:`ConfigError` when a model that is pinned by itself and its table are put into different contexts."""
    for table in survey.graph.tables:
        name, owner = pins.definitions.get(table.model, ""), pins.tables.get(table.id, "")
        if name and owner and name != owner:
            raise _contradiction(
                survey.config,
                f"{table.model} is put into {name!r}, and {owner!r} is to own its table {table.id}",
                f"contexts.{name}.modules",
                f"contexts.{owner}.owns",
                hint="give both to one context: the table goes with its model",
            )


def _pin(cut: Draft, survey: Survey, pins: _Pins) -> None:
    for module, name in pins.modules.items():
        cut.place[module] = name
        cut.pinned.add(module)
    cut.definitions.update(pins.definitions)
    for table in survey.graph.tables:
        name = pins.definitions.get(table.model, "")
        if name:
            cut.place[f"table:{table.id}"] = name
            cut.pinned.add(f"table:{table.id}")


def _follow(cut: Draft, survey: Survey, before: Mapping[str, str]) -> None:
    """Lets modules and tables that a decision left behind go after what they are coupled to most; touches no other context."""
    torn = {before[module] for module in cut.pinned if module in before and before[module] != cut.place[module]}
    if not torn:
        return
    whole = survey.coupling
    index = whole.index
    gaining = {cut.place[module] for module in cut.pinned}
    rest = [node for node in whole.nodes if before.get(node) in torn and node not in cut.pinned]
    for _ in range(4):
        changed = False
        for node in rest:
            pull = pulls(whole, index[node], cut.place)
            here = cut.place[node]
            options = {name: value for name, value in pull.items() if name == here or (name in gaining and name != SHARED)}
            best = max(sorted(options), key=lambda name: options[name], default=here)
            if best != here and options[best] > options.get(here, 0.0):
                cut.place[node] = best
                changed = True
        if not changed:
            return
