"""What a person wants apart: no two sides of an entry of ``apart`` meet in one context.

Where two sides do, the one that is bound less to the context moves, as a whole, to the context that it is coupled with most
otherwise, or becomes a context of its own where there is no such. Shared code is no context: a library may hold both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from decompose.cut.globs import matches
from decompose.cut.naming import SHARED, group_name
from decompose.cut.survey import Draft, Survey, pulls
from decompose.errors import ConfigError

_KEY = "decompose.apart"


@dataclass(frozen=True)
class _Side:
    """What one glob of an entry names: modules, and definitions where it names parts of modules."""

    glob: str
    modules: frozenset[str]
    definitions: frozenset[str]

    def within(self, cut: Draft, context: str, survey: Survey) -> list[str]:
        """Its modules and definitions in one context; tests and migrations count once they have a place."""
        found = [module for module in sorted(self.modules) if cut.place.get(module) == context]
        return found + [each for each in sorted(self.definitions) if _place(cut, survey, each) == context]


def part(cut: Draft, survey: Survey, found: Mapping[str, str]) -> None:
    """Parts what must be apart; ``found`` is the place of everything before anybody decided.

    Raises :class:`ConfigError` for a glob that names nothing, for two globs that name the same, and where pins or merges want both sides together.
    """
    entries = [_sides(globs, survey) for globs in survey.config.apart]
    pairs = [(one, two) for sides in entries for one, two in combinations(sides, 2)]
    for one, two in pairs:
        _check_merges(one, two, cut, survey, found)
        for context in sorted(set(cut.place.values()) | set(cut.definitions.values())):
            if context != SHARED and one.within(cut, context, survey) and two.within(cut, context, survey):
                _move(one, two, context, pairs, cut, survey)
    for one, two in pairs:
        _bar(one, two, cut, survey)
        _bar(two, one, cut, survey)
    for side in {side for pair in pairs for side in pair}:
        _take_along(side, cut, survey)
    cut.roles = {name: cut.roles.get(name, "domain") for name in sorted({*cut.roles, *cut.definitions.values()}) if _lives(name, cut, survey)}


def _lives(context: str, cut: Draft, survey: Survey) -> bool:
    return context in cut.definitions.values() or any(cut.place.get(node) == context for node in (*survey.modules, *cut.apart))


def _sides(globs: Sequence[str], survey: Survey) -> list[_Side]:
    tops = {definition.top: definition.module for definition in survey.graph.definitions}
    sides: list[_Side] = []
    for glob in globs:
        modules = frozenset(module for module in survey.modules if matches(glob, module))
        definitions = frozenset(top for top, module in tops.items() if module not in modules and matches(glob, top))
        if not modules and not definitions:
            raise ConfigError(
                f"no module and no top-level definition fits {glob!r} of apart",
                hint="`decompose analyze --format json` lists all of them under modules and definitions",
                place=survey.config.place(_KEY),
            )
        for other in sides:
            both = sorted((modules & other.modules) | (definitions & other.definitions))
            if both:
                raise ConfigError(
                    f"{both[0]} fits {other.glob!r} and {glob!r}, which must be apart", hint="make the globs say different things", place=survey.config.place(_KEY)
                )
        sides.append(_Side(glob, modules, definitions))
    return sides


def _check_merges(one: _Side, two: _Side, cut: Draft, survey: Survey, found: Mapping[str, str]) -> None:
    """Raises :class:`ConfigError` where a merge brings together what must be apart."""
    config = survey.config
    for settings in config.contexts:
        joined = {settings.name, settings.was, *settings.merge}
        first = {found[module] for module in one.modules if found.get(module) in joined}
        second = {found[module] for module in two.modules if found.get(module) in joined}
        if settings.merge and first and second and not first & second:
            raise ConfigError(
                f"{one.glob!r} and {two.glob!r} must be apart, and {settings.name!r} merges {', '.join(sorted(first | second))} "
                f"({config.place(f'contexts.{settings.name}.merge')})",
                hint="give up the merge or the line in apart",
                place=config.place(_KEY),
            )  # fmt: skip


def _place(cut: Draft, survey: Survey, definition: str) -> str:
    if definition in cut.definitions:
        return cut.definitions[definition]
    return cut.place.get(definition if definition in cut.apart else survey.module_of.get(definition, ""), "")


def _move(one: _Side, two: _Side, context: str, pairs: Iterable[tuple[_Side, _Side]], cut: Draft, survey: Survey) -> None:
    """Takes the weaker of two sides out of a context that both are in."""
    here = {side.glob: side.within(cut, context, survey) for side in (one, two)}
    both = {*here[one.glob], *here[two.glob]}
    bound = {glob: _pull(names, both, cut, survey).get(context, 0.0) for glob, names in here.items()}
    fixed = {side.glob for side in (one, two) if any(name in cut.pinned or name in cut.definitions for name in here[side.glob])}
    if len(fixed) == 2:
        config = survey.config
        raise ConfigError(
            f"{one.glob!r} and {two.glob!r} must be apart, and both have something that was put into {context!r} ({config.place(f'contexts.{context}.modules')})",
            hint="take one of the two out of `modules`, or the line out of apart",
            place=config.place(_KEY),
        )
    weaker = min((one, two), key=lambda side: (side.glob in fixed, bound[side.glob], side.glob))
    moving = here[weaker.glob]
    enemies = [other for pair in pairs for side, other in (pair, pair[::-1]) if side.glob == weaker.glob]
    closed = {name for name in cut.roles if any(enemy.within(cut, name, survey) for enemy in enemies)} | {SHARED, context}
    options = {name: weight for name, weight in _pull(moving, both, cut, survey).items() if name not in closed and name in cut.roles}
    if options:
        target = min(options, key=lambda name: (-options[name], name))
    else:
        target = group_name(survey, {survey.module_of.get(name, name) for name in moving}, cut.roles)
    cut.roles.setdefault(target, "domain")
    for name in moving:
        if name in weaker.definitions:
            cut.definitions[name] = target
        else:
            cut.place[name] = target
    declared = {f"table:{table.id}" for table in survey.graph.tables if table.model in moving or survey.module_of.get(table.model) in moving}
    cut.place.update((node, target) for node in declared if cut.place.get(node) == context)


def _pull(names: Collection[str], both: Collection[str], cut: Draft, survey: Survey) -> dict[str, float]:
    """The coupling of some modules and definitions with every context, themselves and the other side left out."""
    whole = survey.coupling
    found: Counter[str] = Counter()
    others = {node: context for node, context in cut.place.items() if node not in both}
    models = {table.model: f"table:{table.id}" for table in survey.graph.tables if table.model}
    for name in names:
        node = name if name in whole.index else models.get(name, "")
        if node in whole.index:
            found.update(pulls(whole, whole.index[node], others))
    return dict(found)


def _bar(side: _Side, enemy: _Side, cut: Draft, survey: Survey) -> None:
    """Closes the contexts of one side to what the other names, for what finds its place later: a definition's whole module is not meant."""
    closed = {name for name in cut.roles if name != SHARED and enemy.within(cut, name, survey)}
    for name in (*side.modules, *side.definitions):
        cut.barred.setdefault(name, set()).update(closed)


def _take_along(side: _Side, cut: Draft, survey: Survey) -> None:
    """Tests and migrations of a side go where most of its code is, so that no other rule brings them where the side must not be."""
    votes = Counter(cut.place[module] for module in side.modules if module in cut.place and cut.place[module] != SHARED)
    if votes:
        home = min(votes, key=lambda name: (-votes[name], name))
        for module in side.modules:
            if module not in cut.place and survey.modules[module].role in ("test", "migration"):
                cut.place[module] = home
