"""What a person decided about contexts, applied to the cut that the evidence gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from decompose.cut.globs import matches
from decompose.cut.naming import SHARED
from decompose.cut.survey import Draft, Survey, pulls
from decompose.errors import ConfigError
from decompose.model.settings import ContextSettings


def decide(cut: Draft, survey: Survey) -> None:
    """Applies renames, merges, pins and shared modules, then lets what lost its neighbours follow them."""
    config = survey.config
    proposed = sorted(set(cut.place.values()))
    for settings in config.contexts:
        if settings.was and settings.was != settings.name:
            _known(settings.was, proposed, settings)
            _move_all(cut, settings.was, settings.name)
    for settings in config.contexts:
        for other in settings.merge:
            if other != settings.name:
                _known(other, proposed, settings)
                _move_all(cut, other, settings.name)
    before = dict(cut.place)
    chosen: dict[str, tuple[int, str]] = {}
    everything = sorted(survey.modules)
    wanted = [(pattern, s.name) for s in config.contexts for pattern in s.modules]
    wanted += [(pattern, SHARED) for pattern in config.shared_modules]
    for pattern, name in wanted:
        found = [module for module in everything if matches(pattern, module)]
        if not found:
            raise ConfigError(f"no module fits {pattern!r} of context {name!r}", hint="run `decompose analyze` without it and look at the modules")
        for module in found:
            rank, other = chosen.get(module, (-1, name))
            if rank == len(pattern) and other != name:
                raise ConfigError(f"{module} is claimed by {other!r} and {name!r}", hint="make one of the patterns more specific")
            if len(pattern) > rank:
                chosen[module] = (len(pattern), name)
    for module, (_, name) in sorted(chosen.items()):
        cut.place[module] = name
        cut.pinned.add(module)
    present = {name for node, name in cut.place.items() if node in survey.modules}
    for settings in config.contexts:
        if settings.name not in present:
            raise ConfigError(
                f"context {settings.name!r} has no modules",
                hint=f"give it `modules`, `merge` or `was`; proposed are {', '.join(proposed) or 'none'}",
            )
    cut.roles = {name: cut.roles.get(name, "shared" if name == SHARED else "domain") for name in sorted(present)}
    _follow(cut, survey, before)


def _known(name: str, proposed: Sequence[str], settings: ContextSettings) -> None:
    if name not in proposed:
        raise ConfigError(
            f"context {settings.name!r} refers to {name!r}, which is not proposed", hint=f"proposed are {', '.join(proposed)}"
        )


def _move_all(cut: Draft, source: str, target: str) -> None:
    for node, name in cut.place.items():
        if name == source:
            cut.place[node] = target
    if source in cut.stability:
        cut.stability[target] = max(cut.stability.get(target, 0.0), cut.stability.pop(source))
    cut.roles.pop(source, None)


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
