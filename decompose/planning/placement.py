"""What moves to the service, what stays in the monolith and what both keep: per top-level definition.

A service needs its models, its API, its tasks and signal handlers, the functions that the rest of the monolith calls,
and what these need inside the context. Everything else of the context (pages, admin, commands) stays where it is and becomes
an outside user of the boundary. Outside the context the closure stops at a barrier: code that touches nobody's data is shared,
models become replicas, and anything else is an edge that a person sees. Copying whole import closures is useless in practice:
nine modules drag in sixty more.

What belongs to the context is asked of its territory, definition by definition: a mixed module is part of several.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from decompose.cut.territory import Territory
from decompose.model.location import Span
from decompose.model.migration import Placement
from decompose.model.syntax import Call, Chain, Definition, Use
from decompose.planning.managers import Managers, managers_in_use
from decompose.planning.reach import Mention, roots_of
from decompose.planning.settings import merged, options
from decompose.planning.sight import Sight
from decompose.planning.statements import ORIGIN


class Cut(msgspec.Struct, frozen=True):
    """Where everything of one context goes.

    ``moved`` and ``shared`` are units (see :mod:`decompose.planning.reach`). ``models`` are the classes of the context's tables.
    ``bodies`` are those modules of other contexts that moved definitions stand in: what is outside definitions there is shared.
    ``outward`` are the mentions from moved or shared units that end at neither: models and code of other contexts. ``managers`` are the
    managers of outside models that moved code uses; of those only the methods in use are shared.
    """

    context: str
    territory: Territory
    tables: frozenset[str]
    models: frozenset[str]
    moved: frozenset[str]
    bodies: frozenset[str]
    shared: frozenset[str]
    outward: tuple[Mention, ...]
    managers: Managers


def cut(sight: Sight, name: str) -> Cut:
    """The placement of one context."""
    territory = sight.territories.of(name)
    models = sight.models.get(name, frozenset())
    roots = _roots(sight, territory, models)
    moved, outward = _inner_closure(sight, territory, roots)
    while (named := frozenset(_named_in_settings(sight, territory, moved))) - roots:
        roots |= named
        moved, outward = _inner_closure(sight, territory, roots)
    outside = (use for use in sight.uses_in.of(moved) if use.model not in models)
    managers = managers_in_use(sight, outside)
    outward = [*outward, *_manager_mentions(sight, managers), *_framework_options(sight, territory, moved), *(maker for maker in _session_makers(sight, models) if not territory.contains(maker.target_unit))]
    bodies = frozenset(sight.program.module_of(unit) for unit in moved) - territory.units
    shared, barrier = _outer_closure(sight, territory, outward, bodies)
    if handlers := list(_error_handlers(sight, moved | shared)):
        shared, barrier = _outer_closure(sight, territory, [*outward, *handlers], bodies)
    partly = set(managers.classes)
    barrier = [mention for mention in barrier if mention.target_unit not in partly]
    return Cut(
        context=name,
        territory=territory,
        tables=frozenset(sight.contexts[name].tables),
        models=models,
        moved=moved,
        bodies=bodies,
        shared=shared | partly | managers.methods,
        managers=managers,
        outward=tuple(sorted(barrier, key=lambda mention: (mention.at, mention.target, mention.source))),
    )


def _roots(sight: Sight, territory: Territory, models: frozenset[str]) -> frozenset[str]:
    """What the service must have: models, API handlers, tasks, signal handlers, functions called from outside."""
    reach = sight.reach
    roots = {reach.unit(model) for model in models}
    roots |= {reach.unit(id) for id in _called_from_outside(sight, territory)}
    roots |= sight.entries.get(territory.context, set())
    roots |= {reach.unit(id) for id in _asking_with_statements(sight, territory)}
    roots |= {part.target_unit for maker in _session_makers(sight, models) for part in _made_of(sight, maker.target)}
    return frozenset(root for root in roots if territory.contains(root))


def _named_in_settings(sight: Sight, territory: Territory, moved: frozenset[str]) -> Iterator[str]:
    """Code of the context that settings name by dotted path, when moved code reads the setting: it is loaded by that name."""
    strings = sight.dotted.of(territory.modules)
    if not strings:
        return
    values: dict[str, list[str]] = {}
    for setting in sight.settings.of({each.name for each in sight.setting_reads.of(moved)}):
        values.setdefault(setting.at.path, []).append(setting.value)
    for string in strings:
        unit = sight.reach.unit(string.target)
        if territory.contains(unit) and any(string.text in value for value in values.get(string.at.path, ())):
            yield unit


def _called_from_outside(sight: Sight, territory: Territory) -> Iterator[str]:
    """Functions of the context that other code calls and that are no web pages."""
    for module in sorted(territory.modules):
        for definition in sight.program.members(module).values():
            apart = _is_page(sight, definition) or sight.passive(definition.id)
            if definition.kind == "function" and territory.contains(definition.id) and not apart and sight.reach.touches(definition.id):
                for call in sight.reach.calls_to(definition.id):
                    if not territory.contains(sight.reach.unit(call.src)) and sight.in_code(call.src):
                        yield definition.id


def _asking_with_statements(sight: Sight, territory: Territory) -> Iterator[str]:
    """Functions and service classes of the context that send SQLAlchemy statements to its own tables: services and repositories.

    Whoever calls them, pages of the context included, calls an operation; left behind, each of their statements would be one. What stands
    beside them and works on data through nothing but the context's code is of their kind. A function that changes rows of others only is not.
    """
    own = frozenset(sight.contexts[territory.context].tables)
    asked = {table for table in own if sight.tables[table].origin == ORIGIN}
    modules: set[str] = set()
    for unit in sorted({sight.reach.unit(access.definition) for access in sight.accesses_of.of(asked)}):
        definition = sight.program.definition(unit)
        if definition is None or not territory.contains(unit) or not sight.in_code(unit) or sight.passive(unit):
            continue
        if definition.kind == "function" and not _is_page(sight, definition):
            written = {access.table for access in sight.accesses_in.of((unit,)) if access.mode == "write"}
            if not written or written & own:
                modules.add(sight.program.module_of(unit))
                yield unit
        elif definition.kind == "class" and sight.model_table(unit) is None and not _answers(sight, definition):
            yield from (method.id for method in sight.program.members(unit).values() if method.kind == "method" and is_plain(method))
    for module in sorted(modules):
        for definition in sight.program.members(module).values():
            if definition.kind == "function" and territory.contains(definition.id) and _stands_beside(sight, territory, definition):
                yield definition.id


def _stands_beside(sight: Sight, territory: Territory, definition: Definition) -> bool:
    """Whether a function works on data through functions of its own context only."""
    if _is_page(sight, definition) or sight.passive(definition.id) or not sight.reach.touches(definition.id) or sight.accesses_in.of((definition.id,)):
        return False
    mentioned = (each for each in sight.reach.mentions(definition.id) if each.called and each.kind in ("function", "class"))
    return all(territory.contains(each.target_unit) or not sight.reach.touches(each.target_unit) for each in mentioned)


def _answers(sight: Sight, definition: Definition) -> bool:
    """Whether a class answers requests."""
    return any(id in sight.routed for id in (definition.id, *(each.id for each in sight.program.members(definition.id).values())))


def is_plain(method: Definition) -> bool:
    """Whether a method can be called without an object: a static or class method."""
    return any(isinstance(each, Chain) and each.root in ("staticmethod", "classmethod") and each.origin == "builtin" for each in method.decorators)


def _is_page(sight: Sight, definition: Definition) -> bool:
    """Whether a function answers an HTTP request itself."""
    if definition.id in sight.pages or definition.id in sight.routed:
        return True
    first = definition.parameters[0] if definition.parameters else None
    return first is not None and (first.name == "request" or first.symbol.endswith(".HttpRequest"))


def _inner_closure(sight: Sight, territory: Territory, roots: frozenset[str]) -> tuple[frozenset[str], list[Mention]]:
    """The units of the context that the roots need, and the mentions that leave it.

    A module's body comes along with the first of its definitions, but does not pull in definitions that only it mentions in the
    same module (``admin.site.register(X)``): those statements stay behind with them. What the value of a name needs comes with that name.
    """
    moved: set[str] = set()
    outward: list[Mention] = []
    waiting = sorted(roots)
    while waiting:
        unit = waiting.pop()
        if unit in moved:
            continue
        moved.add(unit)
        module = sight.program.module_of(unit)
        if territory.contains(module):
            waiting.append(module)
        for mention in _needed(sight, territory, unit):
            if territory.contains(mention.target_unit) or _follows(sight, territory, mention):
                waiting.append(mention.target_unit)
            else:
                outward.append(mention)
    return frozenset(moved), outward


def _needed(sight: Sight, territory: Territory, unit: str) -> Iterator[Mention]:
    """What a unit of the context mentions and cannot do without, what the values of names in its modules are made of included."""
    for mention in _mentioned(sight, unit):
        yield mention
        if mention.kind == "binding" and mention.target_unit in territory.modules:
            yield from sight.reach.within_value(mention.target)


def _mentioned(sight: Sight, unit: str) -> Iterator[Mention]:
    """What a unit mentions; for a module, outside its own definitions."""
    module = sight.program.module_of(unit)
    return (each for each in sight.reach.mentions(unit) if unit != module or sight.program.module_of(each.target) != module)


def _follows(sight: Sight, territory: Territory, mention: Mention) -> bool:
    """Whether code that the cut left with a mixed module serves nobody but the context's definitions there: the manager of a model."""
    target = mention.target_unit
    module = sight.program.module_of(target)
    if module != sight.program.module_of(mention.source) or target == module or target in sight.territories.parts:
        return False
    if sight.model_table(target) is not None or target in sight.routed or target in sight.entries.get(sight.context(target), ()):
        return False
    users = {each.source_unit for each in sight.reach.mentions_of((target,), sight.seen) if not sight.passive(each.source)}
    return all(user == module or territory.contains(user) for user in users)


def _manager_mentions(sight: Sight, managers: Managers) -> Iterator[Mention]:
    """What the shared methods of managers and the class bodies around them mention."""
    for owner in sorted(managers.classes):
        for mention in sight.reach.mentions(owner):
            if (mention.source == owner or mention.source in managers.methods) and mention.target_unit not in managers.classes:
                yield mention


def _framework_options(sight: Sight, territory: Territory, moved: frozenset[str]) -> Iterator[Mention]:
    """Classes of the project that the API framework's options name (pagination, error format) and that may be shared."""
    program = sight.program
    if not any(imported.module.startswith("rest_framework") for module in {program.module_of(unit) for unit in moved} for imported in program.modules[module].imports):
        return
    layers = list(sight.settings.of(("REST_FRAMEWORK",)))
    wanted = set(_shaping(merged(layers).value)) if layers else set()
    for string in sight.graph.strings:
        unit = sight.reach.unit(string.target)
        if string.text in wanted and string.kind == "dotted" and program.definition(string.target) is not None and not territory.contains(unit):
            use = Use("", Chain(string.target, "global"), Span(string.at.line, 0, string.at.line, 0), "other")
            mention = Mention(string.definition, sight.reach.unit(string.definition), string.target, unit, "class", False, use, string.at)
            if shareable(sight, mention):
                yield mention


SHAPING = ("DEFAULT_PAGINATION_CLASS", "EXCEPTION_HANDLER", "DEFAULT_FILTER_BACKENDS", "DEFAULT_PERMISSION_CLASSES")
"""Options that change what an API answers and what a user may do; who is asking is the service's own affair."""


def _shaping(value: str) -> Iterator[str]:
    """The dotted paths that the options in a setting's source name, as far as they are literal."""
    for name, option in options(value)[0].items():
        if name in SHAPING:
            yield from (text for text in (option if isinstance(option, (list, tuple)) else [option]) if isinstance(text, str))


_ANSWERING = frozenset({"errorhandler", "register_error_handler", "exception_handler", "add_exception_handler"})


def _error_handlers(sight: Sight, going: frozenset[str]) -> Iterator[Mention]:
    """Functions that tell an application what to answer when an exception is raised that goes along: its API says the same in the service."""
    program = sight.program
    for module, use in program.uses.calling(_ANSWERING):
        unit = sight.reach.unit(use.scope) if use.scope else module.name
        if unit == module.name or unit in going or not sight.in_code(unit):
            continue
        for name, step in zip(use.chain.steps, use.chain.steps[1:], strict=False):
            given = step.arguments[0] if name in _ANSWERING and isinstance(step, Call) and step.arguments else None
            raised = program.head(given)[0] if isinstance(given, Chain) else None
            if raised is not None and raised.kind == "class" and raised.id in going:
                yield Mention(raised.id, raised.id, unit, unit, "function", False, use, program.at(module.name, use.span.line))


def _outer_closure(
    sight: Sight, territory: Territory, outward: Iterable[Mention], bodies: frozenset[str]
) -> tuple[frozenset[str], list[Mention]]:
    """Code outside the context that is shared with it, and the mentions that stop at the barrier."""
    shared: set[str] = set()
    barrier: list[Mention] = []
    waiting = [*outward, *(mention for body in sorted(bodies) for mention in _mentioned(sight, body))]
    shared |= bodies
    while waiting:
        mention = waiting.pop()
        if not shareable(sight, mention):
            if not territory.contains(mention.target_unit):
                barrier.append(mention)
            continue
        for unit in {mention.target_unit, sight.program.module_of(mention.target)}:
            if unit not in shared and unit:
                shared.add(unit)
                waiting.extend(_mentioned(sight, unit))
        if mention.kind == "binding":
            waiting.extend(each for each in _made_of(sight, mention.target) if each.target_unit not in shared and shareable(sight, each))
        if mention.kind == "binding":
            # ``db = SQLAlchemy(model_class=Base)`` is nothing without the class.
            waiting.extend(each for each in sight.reach.within_value(mention.target) if each.target_unit not in shared)
    return frozenset(shared), barrier


def _made_of(sight: Sight, binding: str) -> Iterator[Mention]:
    """The definitions beside a name of a module that its value is made of, through other names of the module: without them there is no value."""
    program = sight.program
    waiting, seen = [binding], set[str]()
    while waiting:
        each = waiting.pop()
        module, name = program.module_of(each), each.rpartition(".")[2]
        if each in seen or each != f"{module}.{name}":
            continue
        seen.add(each)
        yield from sight.reach.within_value(each)
        waiting += (root for found in program.bindings(module).get(name, ()) for root in roots_of(found.value) if program.module_of(root) == module)


def _session_makers(sight: Sight, models: frozenset[str]) -> Iterator[Mention]:
    """What makes the sessions for the context's SQLAlchemy models, beside the class that they derive from: moved code may only be given sessions."""
    program = sight.program
    bases = {base for model in models if (table := sight.model_table(model)) is not None and table.origin == ORIGIN for base in program.ancestors(model)}
    for module in sorted({program.module_of(base) for base in bases} - {""}):
        for name, found in sorted(program.bindings(module).items()):
            state = program.evaluate(found[-1].value)
            if state.kind in ("result", "instance") and state.id in MAKERS:
                use = Use("", Chain(f"{module}.{name}", "global"), Span(found[-1].line, 0, found[-1].line, 0), "other")
                yield Mention(module, module, f"{module}.{name}", module, "binding", False, use, program.at(module, found[-1].line))


MAKERS = frozenset({"sqlalchemy.orm.sessionmaker", "sqlalchemy.orm.session.sessionmaker", "sqlalchemy.orm.scoped_session", "sqlalchemy.ext.asyncio.async_sessionmaker"})
"""What makes sessions."""


def shareable(sight: Sight, mention: Mention) -> bool:
    """Whether the mentioned code may be copied: it is nobody's model, page, task or command, and touches no data."""
    target = mention.target
    if mention.kind == "module" or sight.model_table(target) is not None or sight.model_table(mention.target_unit) is not None:
        return False
    if not sight.in_code(target) or mention.target_unit in sight.routed:
        return False
    if mention.kind == "binding" and mention.target_unit == sight.program.module_of(target):
        return True
    return not sight.reach.touches(mention.target_unit)


def placements(sight: Sight, placed: Cut) -> tuple[Placement, ...]:
    """What becomes of every module that a context has a part in, and of those that it shares code of."""
    own = [module for module in sorted(placed.territory.modules) if not _only_shared(sight, placed, module)]
    others = {sight.program.module_of(unit) for unit in placed.shared} - {*own}
    return (*(_own_placement(sight, placed, module) for module in own), *(_shared_placement(sight, placed, module) for module in sorted(others)))


def _only_shared(sight: Sight, placed: Cut, module: str) -> bool:
    """Whether nothing of a module moves, and something is copied for other code."""
    units = (module, *sight.reach.units(module))
    return not any(unit in placed.moved for unit in units) and any(unit in placed.shared for unit in units)


def _own_placement(sight: Sight, placed: Cut, module: str) -> Placement:
    path, units = sight.program.modules[module].path, sight.reach.units(module)
    if module in placed.moved or any(unit in placed.moved for unit in units):
        going, whole = _going(sight, placed, module)
        if whole:
            return Placement(module, path, "move", "everything in it is needed by the service")
        return Placement(module, path, "move", _split(sight, placed, units), going)
    if sight.program.modules[module].is_package:
        return Placement(module, path, "drop", "the service's package starts empty: side effects of __init__ stay behind")
    return Placement(module, path, "stay", _why_staying(sight, units))


def _shared_placement(sight: Sight, placed: Cut, module: str) -> Placement:
    going, whole = _going(sight, placed, module)
    units = sight.reach.units(module)
    count = sum(unit in placed.shared for unit in units)
    reason = "touches no data and is used by moved code: shared kernel" + ("" if whole else f", {count} of {len(units)} definitions")
    return Placement(module, sight.program.modules[module].path, "share", reason, () if whole else going)


def _going(sight: Sight, placed: Cut, module: str) -> tuple[tuple[str, ...], bool]:
    """The definitions of a module in the service's copy and the methods that are all it keeps of some; whether that is the whole module.

    Of a module of which only other statements go, this is ``("",)``: an empty list would mean all of it.
    """
    units = sight.reach.units(module)
    going = tuple(unit for unit in units if unit in placed.moved or unit in placed.shared)
    methods = tuple(sorted(method for method in placed.managers.methods if method.rpartition(".")[0] in going and method.rpartition(".")[0] not in placed.moved))
    return (*going, *methods) or ("",), len(going) == len(units) and not methods


def _split(sight: Sight, placed: Cut, units: tuple[str, ...]) -> str:
    """How a module is taken apart, in words."""
    others = sorted({sight.context(unit) for unit in units if not placed.territory.contains(unit)} - {""})
    count = sum(not placed.territory.contains(unit) for unit in units)
    text = f"split: {sum(unit not in placed.moved for unit in units)} of {len(units)} definitions stay in the monolith"
    return text + (f", {count} of them {'is' if count == 1 else 'are'} code of {' and '.join(others)}" if others else "")


def _why_staying(sight: Sight, units: tuple[str, ...]) -> str:
    if any(unit in sight.pages for unit in units):
        return "pages stay in the monolith and use the boundary"
    if not units:
        return "holds no definition that the service needs"
    return "nothing that the service runs needs it"
