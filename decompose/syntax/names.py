"""The state of the walk, and what a name stands for at a point of it."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from typing import Any

from decompose.model.expressions import Chain, Constant, Continued, Expression, Origin
from decompose.model.syntax import Binding, Block, Import, Parameter, Remark, Text
from decompose.model.uses import steps_with, value_with
from decompose.syntax.nodes import (
    Node,
    blocks,
    imported,
    stored,
    targets,
)
from decompose.syntax.variables import Environment, Held

_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__"}


class Names:
    """What has been collected from a file so far, and where in it the walk is."""

    __slots__ = (
        "annotations",
        "beginnings",
        "bindings",
        "blocks",
        "closure",
        "dead",
        "declared",
        "definitions",
        "enclosing",
        "escapes",
        "exports",
        "guard",
        "imports",
        "inside",
        "is_package",
        "klass",
        "known_exports",
        "late",
        "limit",
        "lines",
        "load",
        "local",
        "loop",
        "module",
        "outer",
        "passed",
        "path",
        "plain",
        "prefix",
        "reaches",
        "relative",
        "remarks",
        "results",
        "returned",
        "roots",
        "scope",
        "scopes",
        "star",
        "table",
        "text",
        "texts",
        "typing",
        "uses",
        "weights",
        "wholes",
        "yields",
    )  # fmt: skip

    def __init__(self, path: str, name: str, is_package: bool, text: str) -> None:
        self.path = path
        self.module = name
        self.prefix = f"{name}." if name else ""
        self.is_package = is_package
        self.text = text
        self.lines: list[str] | None = None

        self.imports: list[Import] = []
        self.definitions: list[Any] = []
        self.bindings: list[Binding] = []
        self.uses: list[tuple[Any, ...]] = []
        """In the order in which their evaluation ends: head, steps and so on as in :class:`KeptUses`."""
        self.scopes: list[tuple[str, int]] = []
        """Each scope that the walk was in, and how many uses there were when it was left."""
        self.reaches: dict[int, tuple[Origin, int]] = {}
        self.passed = 0
        """How often a variable was passed on that may hold numbers of uses without being a use itself."""
        self.beginnings: list[Chain | Continued] = []
        """What uses begin with, also variables that continue another use: the ``n``-th has the number ``-1 - n``."""
        self.wholes = Wholes(self.uses, self.beginnings)
        self.roots: dict[int, int] = {}
        """The number of a beginning by the id of the chain, which is good as long as the chain is there: among the beginnings."""
        self.blocks: list[Block] = []
        self.texts: list[Text] = []
        self.exports: list[str] = []
        self.remarks: list[Remark] = []
        self.known_exports: bool | None = None

        self.table: Environment = {}
        """What the module's names stand for in the end."""
        self.relative: dict[int, str] = {}
        """The packages that relative imports start from, by the number of dots."""
        self.plain: dict[str, tuple[Parameter, Chain]] = {}
        """Parameters that are just a name, which functions of a file often share."""
        self.star = False
        self.annotations: dict[str, Node] = {}

        self.local: Environment = {}
        self.outer: tuple[Environment, ...] = ()
        """Environments to look in after ``local``."""
        self.closure: tuple[Environment, ...] = ()
        """Environments of enclosing functions: what a nested function sees."""
        self.weights: dict[str, int] = {}
        self.declared: dict[str, bool] = {}
        """Names declared ``global`` (true) or ``nonlocal`` (false) in this function."""
        self.late: list[tuple[Any, ...]] = []
        """Functions met inside this function, to be taken after it."""
        self.returned: list[Held] = []
        self.results: list[tuple[int, tuple[Held, ...]]] = []
        """What functions return, each with its position among the definitions."""
        self.yields = False

        self.scope = ""
        self.klass = ""
        self.enclosing = ""
        """``""``, ``class`` or ``function``: what the scope is."""
        self.inside = False
        """Whether names are variables of a function (not of a module or class)."""
        self.loop = 0
        self.guard = 0
        self.typing = 0
        self.dead = False
        self.escapes: list[Environment] = []
        self.load = 0
        self.limit = 200_000 + 2 * len(text)

    def enter(self, scope: str) -> None:
        """What follows belongs to another definition."""
        self.scopes.append((self.scope, len(self.uses)))
        self.scope = scope

    def whole(self, held: Held) -> Expression:
        """The value with its chains written out in full, as they are outside functions anyway."""
        if held.__class__ is Constant or held.__class__ is Chain or not (self.inside or self.closure):
            plain: Expression = held
            return plain
        return value_with(held, self.wholes)

    # --- names of the module, before its functions are looked at

    def _names_of(self, body: Iterable[Node], guarded: bool) -> None:
        table = self.table
        for node in body:
            kind = node.__class__
            if kind is ast.Import:
                for alias in node.names:
                    bound, symbol = imported(alias)
                    if not (guarded and bound in table):
                        table[bound] = Chain(symbol, "global")
            elif kind is ast.ImportFrom:
                base = self._absolute(node)
                for alias in node.names:
                    if alias.name == "*":
                        self.star = True
                        continue
                    bound = alias.asname or alias.name
                    if not (guarded and bound in table):
                        table[bound] = Chain(symbol_of(base, alias.name), "global")
            elif kind is ast.FunctionDef or kind is ast.ClassDef or kind is ast.AsyncFunctionDef:
                self._own(node.name, guarded)
            elif kind is ast.Assign:
                for target in node.targets:
                    for name in stored(target):
                        self._own(name, guarded)
            elif kind is ast.Expr:
                pass
            else:
                for target in targets(node):
                    for name in stored(target):
                        self._own(name, guarded)
                if kind is ast.Global:
                    continue
                for inner in blocks(node):
                    self._names_of(inner, guarded or kind is not ast.With)

    def _own(self, name: str, guarded: bool) -> None:
        if not (guarded and name in self.table):
            self.table[name] = Chain(self.prefix + name, "global")

    def _absolute(self, node: Node) -> str:
        module: str = node.module or ""
        level: int = node.level
        if not level:
            return module
        known = self.relative.get(level)
        if known is None:
            parts = self.module.split(".") if self.module else []
            if not self.is_package:
                parts = parts[:-1]
            beyond = level > len(parts)
            known = self.relative[level] = "." * level if beyond else ".".join(parts[: len(parts) - level + 1])
        return symbol_of(known, module) if module else known

    # --- looking a name up

    def lookup(self, name: str) -> Held:
        found = self.local.get(name)
        return self.beyond(name) if found is None else found

    def beyond(self, name: str) -> Held:
        """What a name stands for that is not local."""
        for environment in self.outer:
            found = environment.get(name)
            if found is not None:
                return found
        found = self.table.get(name)
        if found is not None:
            return found
        if name in _BUILTINS:
            found = Chain(name, "builtin")
        elif self.star:
            found = Chain(self.prefix + name, "global")
        else:
            found = Chain(name, "local")
        self.table[name] = found
        return found


class Wholes(dict[int, Chain]):
    """The chains of uses and of what uses begin with, by number, written out when first asked for."""

    def __init__(self, uses: list[tuple[Any, ...]], beginnings: list[Chain | Continued]) -> None:
        super().__init__()
        self.uses = uses
        self.beginnings = beginnings

    def __missing__(self, number: int) -> Chain:
        if number < 0:
            beginning = self.beginnings[-1 - number]
            if isinstance(beginning, Chain):
                return beginning
            head, steps, inside = beginning.use, beginning.steps, 0
        else:
            head, steps, inside, *_ = self.uses[number]
        base = self[head]
        if not steps:
            found = base
        else:
            found = Chain(base.root, base.origin, base.steps + (steps_with(steps, self, {}) if inside else steps))
        self[number] = found
        return found


def symbol_of(module: str, name: str) -> str:
    return module + name if module.endswith(".") else f"{module}.{name}"
