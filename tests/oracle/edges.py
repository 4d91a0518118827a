"""Every use of a context's code from outside has an edge: a second opinion, by nothing but Python's own parser.

    python tests/oracle/edges.py PATH...

Of every file the names that its imports bind are followed to where they are defined, through packages that pass them on; nothing of the
analysis is used for that. What so leads to a definition that a plan moves, from code that it does not move, must stand on a line of some
edge. Printed are the lines without one.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple


class Use(NamedTuple):
    """``name`` leads to ``target``, a top-level definition; ``first`` and ``last`` are the lines of the statement, ``unit`` is where it stands."""

    path: str
    first: int
    last: int
    target: str
    unit: str


class Text:
    """One file as the parser sees it."""

    def __init__(self, module: str, path: str, source: str, is_package: bool) -> None:
        self.module, self.path = module, path
        self.tree = ast.parse(source)
        self.package = module if is_package else module.rpartition(".")[0]
        self.defined = {node.name for node in self.tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))}
        self.imported = {name: target for node in ast.walk(self.tree) for name, target in self._bound(node)}

    def _bound(self, node: ast.AST) -> Iterator[tuple[str, str]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0], alias.name.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            anchor = self.package.split(".") if node.level else []
            base = [*anchor[: len(anchor) - node.level + 1], *([node.module] if node.module else [])]
            for alias in node.names:
                yield alias.asname or alias.name, ".".join([*base, alias.name])

    def units(self) -> Iterator[tuple[str, ast.stmt]]:
        """Top-level statements with the unit that they belong to."""
        for node in self.tree.body:
            named = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
            yield (f"{self.module}.{node.name}" if named else self.module), node  # type: ignore[attr-defined]


def uses(texts: Mapping[str, Text]) -> Iterator[Use]:
    """Every use of a definition of another file that imports lead to."""
    for text in texts.values():
        for unit, statement in text.units():
            for inner in _statements(statement):
                if not isinstance(inner, (ast.Import, ast.ImportFrom)):
                    for line, chain in _chains(inner):
                        target = _target(texts, text, chain)
                        if target and target.rpartition(".")[0] != text.module:
                            # A simple statement is one place; of one that holds others, only the line itself is.
                            whole = not isinstance(getattr(inner, "body", None), list)
                            yield Use(text.path, inner.lineno if whole else line, (inner.end_lineno or line) if whole else line, target, unit)


def _statements(node: ast.stmt) -> Iterator[ast.stmt]:
    yield node
    for child in ast.walk(node):
        if child is not node and isinstance(child, ast.stmt):
            yield child


def _chains(node: ast.stmt) -> Iterator[tuple[int, list[str]]]:
    """Names with the attributes after them, of a statement alone, each with its line."""
    waiting = [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]
    while waiting:
        each = waiting.pop()
        names: list[str] = []
        inner: ast.AST = each
        while isinstance(inner, ast.Attribute):
            names.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            yield inner.lineno, [inner.id, *names]
            continue
        waiting += [child for child in ast.iter_child_nodes(each) if not isinstance(child, ast.stmt)]


def _target(texts: Mapping[str, Text], text: Text, chain: list[str], depth: int = 0) -> str:
    root = text.imported.get(chain[0])
    if root is None or depth > 8:
        return ""
    dotted = [*root.split("."), *chain[1:]]
    for end in range(len(dotted), 0, -1):
        owner = texts.get(".".join(dotted[:end]))
        if owner is not None and end < len(dotted):
            name = dotted[end]
            if name in owner.defined:
                return f"{owner.module}.{name}"
            return _target(texts, owner, dotted[end:], depth + 1) if name in owner.imported else ""
    return ""


def missing(base: Path) -> list[str]:
    """The uses without an edge, as ``context: path:line target``."""
    from decompose import pipeline
    from decompose.planning.placement import cut
    from decompose.planning.sight import Sight

    analysis = pipeline.analyze(base, cache=False)
    plan = pipeline.plan(analysis)
    sight = Sight(analysis.program, analysis.graph, plan.context_map)
    texts = {}
    for module in analysis.program.modules.values():
        # Files in the words of a newer Python are beyond the parser that runs this.
        if not module.failure and not module.newer and sight.roles.get(module.name) in ("code", "settings"):
            texts[module.name] = Text(module.name, module.path, analysis.text(module.path).decode(), module.is_package)
    found = list(uses(texts))
    lines = []
    for context in plan.contexts:
        placed = cut(sight, context.name)
        edges = {(edge.at.path, edge.at.line) for edge in context.edges} | {(at.path, at.line) for op in context.operations for at in op.at}
        for use in found:
            outside = use.unit not in placed.moved and use.unit not in placed.bodies and use.unit not in placed.shared
            if use.target in placed.moved and outside and not any((use.path, line) in edges for line in range(use.first, use.last + 1)):
                lines.append(f"{context.name}: {use.path}:{use.first} {use.target}")
    return lines


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        missed = missing(Path(argument))
        print(f"{argument}: {len(missed)} uses without an edge")
        print("".join(f"  {line}\n" for line in missed), end="")
