"""The accepted cut as the rules of other tools: import-linter, tach, and a forge's code owners.

All of them speak of packages and modules. A package goes as a whole where all of its modules are of one context, so that a module added to it is
held to the rules, too. A module that is itself shared out between contexts cannot be said in their words: it is named in a comment.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from decompose.model.codegraph import Module
from decompose.model.lock import PlanLock

_HEAD = "# Made by `decompose export` from plan.lock: change the cut there, and make this anew."


class Unit(msgspec.Struct, frozen=True, order=True):
    """A package with all inside it, or a single module; ``path`` is its folder or file."""

    name: str
    context: str
    path: str


class Cut(msgspec.Struct, frozen=True):
    """What the tools are told. ``left`` are modules that none of them can be told about, ``free`` those that may use
    everything, tests and the like, with their paths."""

    units: tuple[Unit, ...]
    left: tuple[str, ...]
    free: tuple[tuple[str, str], ...]
    shared: frozenset[str]
    known: tuple[tuple[str, str], ...]
    teams: Mapping[str, str]


def exported(lock: PlanLock, modules: Sequence[Module]) -> Cut:
    """The accepted cut in packages. ``modules`` are all of the project."""
    place = {module: name for name, context in lock.map.contexts.items() for module in context.modules}
    opened = {definition.rpartition(".")[0] for definition in lock.map.definitions}
    of = {each.id: "" if each.id in opened else place.get(each.id, "") for each in modules if each.role == "code"}
    inside: dict[str, set[str]] = {}
    for module, context in of.items():
        for package in _upwards(module):
            inside.setdefault(package, set()).add(context)
    units: list[Unit] = []
    left: list[str] = []
    for each in sorted(modules, key=lambda each: each.id):
        if each.role != "code" or any(len(inside[package]) == 1 and "" not in inside[package] for package in _upwards(each.id.rpartition(".")[0])):
            continue  # goes with the package around it
        whole = len(inside[each.id]) == 1
        if of[each.id] and whole:
            units.append(Unit(each.id, of[each.id], each.path.removesuffix("__init__.py") if each.is_package else each.path))
        else:
            left.append(each.id)
    known = tuple(sorted(tuple(key.removeprefix("D201 ").split(" -> ", 1)) for key in lock.known if key.startswith("D201 ")))
    return Cut(
        units=tuple(units),
        left=tuple(left),
        free=tuple((each.id, each.path) for each in modules if each.role != "code"),
        shared=frozenset(name for name, context in lock.map.contexts.items() if context.role == "shared"),
        known=known,  # type: ignore[arg-type]
        teams={name: context.team for name, context in lock.map.contexts.items()},
    )


def _upwards(module: str) -> Iterator[str]:
    while module:
        yield module
        module = module.rpartition(".")[0]


def _within(name: str, units: Iterable[Unit]) -> Unit | None:
    return next((unit for unit in units if name == unit.name or name.startswith(f"{unit.name}.")), None)


def _toml(values: Iterable[str]) -> list[str]:
    return [f"    {json.dumps(value, ensure_ascii=False)}," for value in values]


def _said_of_left(cut: Cut) -> list[str]:
    if not cut.left:
        return []
    return ["# Not in any rule, for they are shared out between contexts or belong to none:", *(f"#   {name}" for name in cut.left)]


# --- tools --------------------------------------------------------------------------------------


def import_linter(cut: Cut) -> str:
    """``.importlinter.toml`` for import-linter 2: for each context a contract that forbids direct imports of the others, the known ones excepted."""
    packages = [unit for unit in cut.units if "." in unit.name or unit.path.endswith("/")]  # a root of import-linter's is a package
    roots = sorted({unit.name.partition(".")[0] for unit in packages})
    lines = [_HEAD, "# Run with `lint-imports --config FILE`.", *_said_of_left(cut), "", "[tool.importlinter]"]
    lines += ["root_packages = [", *_toml(roots), "]", "exclude_type_checking_imports = true", ""]
    for context in sorted({unit.context for unit in packages}):
        own = [unit for unit in packages if unit.context == context]
        others = [unit.name for unit in packages if unit.context not in (context, *cut.shared)]
        if not others:
            continue
        known = [f"{source} -> {target}" for source, target in cut.known if _within(source, own)]
        # What may use everything is not held to the cut, though it lies in a package that is.
        known += [f"{name} -> {root}.**" for name, _ in cut.free if _within(name, own) for root in roots]
        lines += ["[[tool.importlinter.contracts]]", f"name = {json.dumps(f'{context} uses no other context')}", 'type = "forbidden"']
        lines += ["allow_indirect_imports = true", 'unmatched_ignore_imports_alerting = "none"']
        lines += ["source_modules = [", *_toml(unit.name for unit in own), "]", "forbidden_modules = [", *_toml(others), "]"]
        lines += ["ignore_imports = [", *_toml(known), "]", ""]
    return "\n".join(lines)


def tach(cut: Cut, sources: Sequence[str]) -> str:
    """``tach.toml``: each package may use those of its context and shared ones; uses that are known are marked as deprecated."""
    lines = [_HEAD, *_said_of_left(cut), "", "source_roots = [", *_toml(sources or ["."]), "]", "ignore_type_checking_imports = true", 'root_module = "ignore"']
    lines += ["exclude = [", *_toml(sorted(path for _, path in cut.free)), "]", ""]
    for unit in cut.units:
        allowed = [other.name for other in cut.units if other is not unit and (other.context == unit.context or other.context in cut.shared)]
        known = {target.name for source, name in cut.known if _within(source, (unit,)) and (target := _within(name, cut.units))}
        lines += ["[[modules]]", f"path = {json.dumps(unit.name, ensure_ascii=False)}", "depends_on = [", *_toml(sorted(allowed))]
        lines += [f"    {{ path = {json.dumps(name, ensure_ascii=False)}, deprecated = true }}," for name in sorted(known - {*allowed, unit.name})]
        lines += ["]", ""]
    return "\n".join(lines)


def codeowners(cut: Cut) -> str:
    """``CODEOWNERS``: the paths of each context with its team. The last line that fits a path counts, so packages come before what is in them."""
    lines = [_HEAD, *_said_of_left(cut)]
    for context in sorted({unit.context for unit in cut.units}):
        team = cut.teams.get(context, "")
        lines += ["", f"# {context}" if team else f"# {context}: no team; name one in decompose.toml, [contexts.{context}] team"]
        mark = "" if team else "# "
        lines += [f"{mark}/{unit.path.replace(' ', chr(92) + ' ')} {team}".rstrip() for unit in cut.units if unit.context == context]
    return "\n".join(lines) + "\n"
