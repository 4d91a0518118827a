"""Modules named by strings where Python itself imports them: ``import_module("shop.orders")``, ``__import__``, ``pkgutil.resolve_name``."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.link.expressions import argument, first_call, last_bound, literal, source
from decompose.link.program import Program
from decompose.model.facts import StringReference, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Expression, ModuleSummary, Use

_IMPORTERS = frozenset(
    {
        "importlib.import_module", "builtins.__import__", "importlib.__import__", "pkgutil.resolve_name", "pydoc.locate",
        "runpy.run_module", "werkzeug.utils.import_string",
    }
)  # fmt: skip
_LAST_NAMES = frozenset(name.rpartition(".")[2] for name in _IMPORTERS)
_SETTINGS = "django.conf.settings"


def detect(program: Program) -> Iterator[StringReference | Unresolved]:
    """Imports by name; one whose name is computed is an ``Unresolved``. What a setting names is left to whoever knows the settings."""
    for module, use in program.uses.calling(_LAST_NAMES):
        if use.chain.origin in ("global", "builtin"):
            yield from _imported(program, module, use)


def _imported(program: Program, module: ModuleSummary, use: Use) -> Iterator[StringReference | Unresolved]:
    steps = use.chain.steps
    call = first_call(steps)
    if call is None or steps.index(call) < last_bound(use.chain) or _called(program, use.chain) not in _IMPORTERS:
        return
    named = argument(call, 0, "name", "path", "mod_name", "import_name")
    if _is_setting(program, named):
        return
    at: Location = program.at(module.name, use.span.line)
    text = literal(program, named)
    package = argument(call, 1, "package")
    absolute = _absolute(module, text, package, literal(program, package)) if text else None
    if text is None or absolute is None:
        reason = "the name is computed" if text is None else "its dots do not lead to a package that is known"
        yield Unresolved("import", source(use.chain), reason, at)
    elif absolute:
        yield StringReference(use.scope or module.name, "dotted", text, _target(program, absolute), at)


def _called(program: Program, chain: Chain) -> str:
    """The dotted name of the function that the chain calls first."""
    names = [step for step in chain.steps[: next(i for i, step in enumerate(chain.steps) if isinstance(step, Call))] if isinstance(step, str)]
    if chain.origin == "builtin":
        return ".".join(("builtins", chain.root, *names))
    state = program.resolve(".".join((chain.root, *names)))
    return state.id if state.kind == "external" else ""


def _is_setting(program: Program, named: Expression | None) -> bool:
    return isinstance(named, Chain) and named.origin == "global" and program.resolve(named.root).id.startswith(_SETTINGS)


def _absolute(module: ModuleSummary, text: str, package: Expression | None, stated: str | None) -> str | None:
    """The name without leading dots, ``None`` where they count from a package that is neither this file's nor ``stated``."""
    if not text.startswith("."):
        return text.replace(":", ".")
    own = isinstance(package, Chain) and package.root.rpartition(".")[2] in ("__name__", "__package__")
    if stated:
        parts = stated.split(".")
    elif own:
        parts = module.name.split(".") if module.is_package else module.name.split(".")[:-1]
    else:
        return None
    up = len(text) - len(text.lstrip(".")) - 1
    if up >= len(parts):
        return None
    return ".".join([*parts[: len(parts) - up], text.lstrip(".")]).rstrip(".")


def _target(program: Program, dotted: str) -> str:
    """The module, definition or module-level name of the project that it means, ``""`` for one from outside."""
    state = program.resolve(dotted)
    return state.id if state.kind in ("class", "function", "module", "binding") else ""
