"""What moves to the service, what stays in the monolith and what both keep: per top-level definition.

A service needs its models, its API, its tasks and signal handlers, the functions that the rest of the monolith calls,
and what these need inside the context. Everything else of the context (pages, admin, commands) stays where it is and becomes
an outside user of the boundary. Outside the context the closure stops at a barrier: code that touches nobody's data is shared,
models become replicas, and anything else is an edge that a person sees. Copying whole import closures is useless in practice:
nine modules drag in sixty more.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import msgspec

from decompose.model.location import Span
from decompose.model.migration import Placement
from decompose.model.syntax import Chain, Definition, Use
from decompose.planning.managers import Managers, managers_in_use
from decompose.planning.reach import Mention
from decompose.planning.sight import Sight


class Cut(msgspec.Struct, frozen=True):
    """Where everything of one context goes.

    ``moved`` and ``shared`` are units (see :mod:`decompose.planning.reach`). ``models`` are the classes of the context's tables.
    ``outward`` are the mentions from moved or shared units that end at neither: models and code of other contexts. ``managers`` are the
    managers of outside models that moved code uses; of those only the methods in use are shared.
    """

    context: str
    modules: frozenset[str]
    tables: frozenset[str]
    models: frozenset[str]
    moved: frozenset[str]
    shared: frozenset[str]
    outward: tuple[Mention, ...]
    managers: Managers


def cut(sight: Sight, name: str) -> Cut:
    """The placement of one context."""
    context = sight.contexts[name]
    modules = frozenset(module for module in context.modules if sight.roles.get(module) == "code")
    models = sight.models.get(name, frozenset())
    roots = _roots(sight, modules, models)
    moved, outward = _inner_closure(sight, modules, roots)
    while (named := frozenset(_named_in_settings(sight, modules, moved))) - roots:
        roots |= named
        moved, outward = _inner_closure(sight, modules, roots)
    outside = (use for use in sight.uses_in.of(moved) if use.model not in models)
    managers = managers_in_use(sight, outside)
    outward = [*outward, *_manager_mentions(sight, managers), *_framework_options(sight, modules, moved)]
    shared, barrier = _outer_closure(sight, modules, outward)
    partly = set(managers.classes)
    barrier = [mention for mention in barrier if mention.target_unit not in partly]
    return Cut(
        context=name,
        modules=modules,
        tables=frozenset(context.tables),
        models=models,
        moved=moved,
        shared=shared | partly | managers.methods,
        managers=managers,
        outward=tuple(sorted(barrier, key=lambda mention: (mention.at, mention.target, mention.source))),
    )


def _roots(sight: Sight, modules: frozenset[str], models: frozenset[str]) -> frozenset[str]:
    """What the service must have: models, API handlers, tasks, signal handlers, functions called from outside."""
    program, reach = sight.program, sight.reach
    roots = {reach.unit(model) for model in models}
    roots |= {reach.unit(id) for id in _called_from_outside(sight, modules)}
    return frozenset(root for root in roots if program.module_of(root) in modules).union(*(sight.entries.get(module, ()) for module in modules))


def _named_in_settings(sight: Sight, modules: frozenset[str], moved: frozenset[str]) -> Iterator[str]:
    """Code of the context that settings name by dotted path, when moved code reads the setting: it is loaded by that name."""
    strings = sight.dotted.of(modules)
    if not strings:
        return
    values: dict[str, list[str]] = {}
    for setting in sight.settings.of({each.name for each in sight.setting_reads.of(moved)}):
        values.setdefault(setting.at.path, []).append(setting.value)
    for string in strings:
        if any(string.text in value for value in values.get(string.at.path, ())):
            yield sight.reach.unit(string.target)


def _called_from_outside(sight: Sight, modules: frozenset[str]) -> Iterator[str]:
    """Functions of the context that other code calls and that are no web pages."""
    for module in sorted(modules):
        for definition in sight.program.members(module).values():
            if definition.kind == "function" and not _is_page(sight, definition) and sight.reach.touches(definition.id):
                for call in sight.reach.calls_to(definition.id):
                    if sight.program.module_of(call.src) not in modules and sight.in_code(call.src):
                        yield definition.id


def _is_page(sight: Sight, definition: Definition) -> bool:
    """Whether a function answers an HTTP request itself."""
    if definition.id in sight.pages or definition.id in sight.routed:
        return True
    first = definition.parameters[0] if definition.parameters else None
    return first is not None and (first.name == "request" or first.symbol.endswith(".HttpRequest"))


def _inner_closure(sight: Sight, modules: frozenset[str], roots: frozenset[str]) -> tuple[frozenset[str], list[Mention]]:
    """The units of the context that the roots need, and the mentions that leave it.

    A module's body comes along with the first of its definitions, but does not pull in definitions that only it mentions in the
    same module (``admin.site.register(X)``): those statements stay behind with them.
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
        if unit != module:
            waiting.append(module)
        for mention in sight.reach.mentions(unit):
            target_module = sight.program.module_of(mention.target)
            if target_module not in modules:
                outward.append(mention)
            elif not (unit == module and target_module == module):
                waiting.append(mention.target_unit)
    return frozenset(moved), outward


def _manager_mentions(sight: Sight, managers: Managers) -> Iterator[Mention]:
    """What the shared methods of managers and the class bodies around them mention."""
    for owner in sorted(managers.classes):
        for mention in sight.reach.mentions(owner):
            if (mention.source == owner or mention.source in managers.methods) and mention.target_unit not in managers.classes:
                yield mention


def _framework_options(sight: Sight, modules: frozenset[str], moved: frozenset[str]) -> Iterator[Mention]:
    """Classes of the project that the API framework's options name (pagination, error format) and that may be shared."""
    program = sight.program
    if not any(imported.module.startswith("rest_framework") for module in {program.module_of(unit) for unit in moved} for imported in program.modules[module].imports):
        return
    wanted = {text for setting in sight.settings.of(("REST_FRAMEWORK",)) for text in _shaping(setting.value)}
    for string in sight.graph.strings:
        if string.text in wanted and string.kind == "dotted" and program.definition(string.target) is not None and program.module_of(string.target) not in modules:
            use = Use("", Chain(string.target, "global"), Span(string.at.line, 0, string.at.line, 0), "other")
            unit = sight.reach.unit(string.target)
            mention = Mention(string.definition, sight.reach.unit(string.definition), string.target, unit, "class", False, use, string.at)
            if shareable(sight, mention):
                yield mention


SHAPING = ("DEFAULT_PAGINATION_CLASS", "EXCEPTION_HANDLER", "DEFAULT_FILTER_BACKENDS")
"""Options that change what an API answers; who may ask is the service's own affair."""


def _shaping(value: str) -> Iterator[str]:
    """The dotted paths that the options in a setting's source name, as far as they are literal."""
    try:
        options = ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, RecursionError):
        return
    for name in SHAPING:
        named = options.get(name) if isinstance(options, dict) else None
        yield from (text for text in (named if isinstance(named, (list, tuple)) else [named]) if isinstance(text, str))


def _outer_closure(sight: Sight, modules: frozenset[str], outward: Iterable[Mention]) -> tuple[frozenset[str], list[Mention]]:
    """Code outside the context that is shared with it, and the mentions that stop at the barrier."""
    shared: set[str] = set()
    barrier: list[Mention] = []
    waiting = list(outward)
    while waiting:
        mention = waiting.pop()
        if not shareable(sight, mention):
            if sight.program.module_of(mention.target) not in modules:
                barrier.append(mention)
            continue
        for unit in {mention.target_unit, sight.program.module_of(mention.target)}:
            if unit not in shared and unit:
                shared.add(unit)
                module = sight.program.module_of(unit)
                waiting.extend(
                    each
                    for each in sight.reach.mentions(unit)
                    if not (unit == module and sight.program.module_of(each.target) == module)
                )
    return frozenset(shared), barrier


def shareable(sight: Sight, mention: Mention) -> bool:
    """Whether the mentioned code may be copied: it is nobody's model, page, task or command, and touches no data."""
    target = mention.target
    if mention.kind == "module" or sight.model_table(target) is not None or sight.model_table(mention.target_unit) is not None:
        return False
    if not sight.in_code(target) or mention.target_unit in sight.routed:
        return False
    if mention.kind == "binding":
        return True
    return not sight.reach.touches(mention.target_unit)


def placements(sight: Sight, placed: Cut) -> tuple[Placement, ...]:
    """What becomes of every module that a context has a part in."""
    return tuple(_placements(sight, placed.modules, placed.moved, placed.shared, placed.managers.methods))


def _placements(
    sight: Sight, modules: frozenset[str], moved: frozenset[str], shared: frozenset[str], methods: frozenset[str]
) -> Iterator[Placement]:
    for module in sorted(modules):
        path = sight.program.modules[module].path
        units = sight.reach.units(module)
        going = tuple(unit for unit in units if unit in moved)
        if len(going) == len(units) and (going or module in moved):
            yield Placement(module, path, "move", "everything in it is needed by the service")
        elif going or module in moved:
            staying = len(units) - len(going)
            yield Placement(module, path, "move", f"split: {staying} of {len(units)} definitions stay in the monolith", going)
        elif sight.program.modules[module].is_package:
            yield Placement(module, path, "drop", "the service's package starts empty: side effects of __init__ stay behind")
        else:
            yield Placement(module, path, "stay", _why_staying(sight, units))
    for module in sorted({sight.program.module_of(unit) for unit in shared}):
        units = sight.reach.units(module)
        going = tuple(unit for unit in units if unit in shared)
        split = tuple(sorted(method for method in methods if method.rpartition(".")[0] in going))
        whole = len(going) == len(units) and not split
        reason = "touches no data and is used by moved code: shared kernel" + ("" if whole else f", {len(going)} of {len(units)} definitions")
        yield Placement(module, sight.program.modules[module].path, "share", reason, () if whole else (*going, *split) or ("",))


def _why_staying(sight: Sight, units: tuple[str, ...]) -> str:
    if any(unit in sight.pages for unit in units):
        return "pages stay in the monolith and use the boundary"
    if not units:
        return "holds no definition that the service needs"
    return "nothing that the service runs needs it"
