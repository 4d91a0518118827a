"""Projects drawn as text, so that a test of the cut shows what it is about.

One module a line, clauses after a colon, separated by ``;``::

    shop.orders.models: table orders_order; key customer_id -> crm_customer CASCADE
    shop.orders.views: imports shop.orders.models; writes orders_order; route /orders/
    shop.orders.services: atomic writes orders_order, stock_item; calls shop.stock.services.reserve
    shop.stock.services: def reserve writes stock_item
    tests.test_orders [test]: imports shop.orders.views

Clauses: ``table T`` (mapped by a class named after ``T``), ``key COLUMN -> T [ON_DELETE]`` (of the table before it), ``imports M, ...``,
``calls D, ...``, ``writes T, ...``, ``reads T, ...``, ``route PATH``, ``task NAME``, ``class NAME``, ``lines N``, ``app`` (the package has
an application config). ``def NAME writes T`` puts the access into a function of its own, ``atomic writes T, ...`` into a transaction,
whose block covers the clauses after it, too.
"""

from __future__ import annotations

from typing import Any

from decompose.model import facts
from decompose.model.codegraph import CodeGraph, Definition, Edge, Module
from decompose.model.location import Location


def draw(text: str) -> CodeGraph:
    """The graph of a drawn project."""
    world = _World()
    for line in text.strip().splitlines():
        if line.strip():
            world.module(line.strip())
    return world.graph()


class _World:
    def __init__(self) -> None:
        self.parts: dict[str, list[Any]] = {name: [] for name in CodeGraph.__struct_fields__ if name != "runtime"}

    def module(self, line: str) -> None:
        head, _, rest = line.partition(":")
        name, _, role = head.strip().partition(" [")
        self.name, self.path = name, name.replace(".", "/") + ".py"
        self.line, self.scope, self.table, self.block = 0, name, "", None
        lines = 20
        for clause in filter(None, (part.strip() for part in rest.split(";"))):
            self.line += 10
            word, _, argument = clause.partition(" ")
            if word == "lines":
                lines = int(argument)
            else:
                getattr(self, f"_{word}")(argument)
        if self.block is not None:
            self.parts["transactions"].append(facts.Transaction(f"{name}.commit", self.block, self.line + 9))
        self.parts["modules"].append(Module(name, self.path, lines, role.rstrip("]") or "code"))  # type: ignore[arg-type]

    @property
    def at(self) -> Location:
        return Location(self.path, self.line)

    def _define(self, name: str, kind: str) -> str:
        definition = f"{self.name}.{name}"
        self.parts["definitions"].append(
            Definition(definition, self.name, kind, self.line, self.line + 9, definition)  # type: ignore[arg-type]
        )
        return definition

    def _app(self, _: str) -> None:
        package = self.name.rpartition(".")[0]
        self.parts["modules"].append(Module(f"{package}.apps", package.replace(".", "/") + "/apps.py", 5))

    def _table(self, table: str) -> None:
        self.table = table
        model = self._define("".join(part.title() for part in table.split("_")[-1:]), "class")
        self.parts["tables"].append(facts.Table(table, model, self.at, "drawn", models=(model,)))

    def _key(self, argument: str) -> None:
        column, _, target = argument.partition(" -> ")
        table, _, on_delete = target.partition(" ")
        self.parts["foreign_keys"].append(
            facts.ForeignKey(self.table, column, column.removesuffix("_id"), table, "many-to-one", self.at, on_delete)
        )

    def _imports(self, modules: str) -> None:
        self.parts["edges"] += [Edge(self.name, module.strip(), "import", (self.at,)) for module in modules.split(",")]

    def _calls(self, definitions: str) -> None:
        self.parts["edges"] += [Edge(self.scope, name.strip(), "call", (self.at,)) for name in definitions.split(",")]

    def _writes(self, tables: str) -> None:
        self._access(tables, "write")

    def _reads(self, tables: str) -> None:
        self._access(tables, "read")

    def _access(self, tables: str, mode: str) -> None:
        self.parts["accesses"] += [
            facts.Access(self.scope, table.strip(), mode, self.at) for table in tables.split(",")  # type: ignore[arg-type]
        ]

    def _def(self, argument: str) -> None:
        name, _, clause = argument.partition(" ")
        self.scope = self._define(name, "function")
        if clause:
            word, _, rest = clause.partition(" ")
            getattr(self, f"_{word}")(rest)

    def _class(self, name: str) -> None:
        self._define(name, "class")

    def _atomic(self, clause: str) -> None:
        self.block = self.at
        self._def(f"commit {clause}")

    def _route(self, path: str) -> None:
        self.parts["routes"].append(facts.Route(("GET",), path, self._define("page", "function"), self.at, "drawn"))

    def _task(self, name: str) -> None:
        self.parts["tasks"].append(facts.Task(name, self._define("job", "function"), self.at, "drawn"))

    def graph(self) -> CodeGraph:
        parts: dict[str, Any] = {name: tuple(values) for name, values in self.parts.items()}
        parts["modules"] = tuple(sorted(parts["modules"], key=lambda module: module.id))
        lines = sum(module.lines for module in parts["modules"])
        return CodeGraph(**{**parts, "files": len(parts["modules"]), "lines": lines, "digest": "drawn", "sources": (".",)})
