"""Annotations: the classes that they name."""

from __future__ import annotations

import ast
from typing import Any

from decompose.model.expressions import Chain, Constant, Expression, Opaque, Operation, Sequence
from decompose.syntax.expressions import Expressions
from decompose.syntax.nodes import (
    Node,
)
from decompose.syntax.strings import encodable
from decompose.syntax.variables import CHAINS, NONE

_UNWRAPPED = frozenset({"Optional", "Annotated", "ClassVar", "Final", "Required", "NotRequired", "ReadOnly"})


class Annotations(Expressions):
    """Reading of annotations, quoted ones included."""

    __slots__ = ()

    def annotation(self, node: Node) -> tuple[str, str, Expression]:
        """Its source, the symbol of the class if it is plain (``""`` if not), and its structure."""
        held = self._annotation(node, None)
        symbol = self._class_symbol(held)
        text = self.source(node)
        if node.__class__ is ast.Constant and isinstance(node.value, str):
            text = encodable(node.value)
        return text, symbol, held

    def class_named(self, node: Node) -> str:
        """The symbol of the class that a plain name stands for, ``""`` when it stands for none of the project's or a library's."""
        held = self._named(node)
        return self._class_symbol(held) if held is not None else ""

    def _named(self, node: Node) -> Chain | None:
        """The chain of a dotted name; nothing is recorded."""
        links: list[str] = []
        inner: Any = node
        while inner.__class__ is ast.Attribute:
            links.append(inner.attr)
            inner = inner.value
        found = self.lookup(inner.id) if inner.__class__ is ast.Name else None
        if found.__class__ not in CHAINS:
            return None
        base = self.whole(found)
        assert isinstance(base, Chain)
        return Chain(base.root, base.origin, (*base.steps, *reversed(links))) if links else base

    def _annotation(self, node: Node, place: Node) -> Expression:
        """What the annotation says, written out in full; ``place`` is the string in which it stands, ``None`` outside strings."""
        kind = node.__class__
        if kind is ast.Name or kind is ast.Attribute:
            chain = self._named(node)
            if chain is None:
                return self.whole(self.value(node, "annotation"))
            if chain.origin == "global":
                self.use(place or node, chain, "annotation")
            return chain
        if kind is ast.Subscript:
            subscript = node
            generic = self._annotation(subscript.value, place)
            inside = subscript.slice
            parts = inside.elts if inside.__class__ is ast.Tuple else [inside]
            name = _last_name(generic)
            if name == "Literal":
                return Operation("[]", (generic, *[self.whole(self.value(part, "annotation")) for part in parts]))
            if name == "Annotated" and parts:
                return Operation(
                    "[]",
                    (
                        generic,
                        self._annotation(parts[0], place),
                        *[self.whole(self.value(part, "annotation")) for part in parts[1:]],
                    ),
                )
            return Operation("[]", (generic, *[self._annotation(part, place) for part in parts]))
        if kind is ast.Constant:
            value = node.value
            if isinstance(value, str):
                parsed = self._parsed_annotation(value)
                return Constant(encodable(value)) if parsed is None else self._annotation(parsed, place or node)
            return NONE if value is None else Opaque(self.source(node, 200))
        if kind is ast.BinOp and node.op.__class__ is ast.BitOr:
            return Operation("|", tuple([self._annotation(part, place) for part in self._operands(node)]))
        if kind is ast.List or kind is ast.Tuple:
            return Sequence(tuple([self._annotation(part, place) for part in node.elts]))
        if place is not None:
            return Opaque("")  # an expression inside a quoted annotation has no place of its own
        return self.whole(self.value(node, "annotation"))

    def _parsed_annotation(self, text: str) -> Node:
        if text not in self.annotations:
            try:
                self.annotations[text] = ast.parse(text.strip(), mode="eval").body if len(text) < 500 else None
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self.annotations[text] = None
        return self.annotations[text]

    def _class_symbol(self, held: Expression) -> str:
        """The class that values of this annotation are instances of, when it is one plain class."""
        if isinstance(held, Chain):
            return plain_symbol(held) if held.origin == "global" else ""
        if not isinstance(held, Operation):
            return ""
        if held.operator == "|":
            return self._only([part for part in held.operands if part != NONE])
        if held.operator == "[]" and len(held.operands) > 1:
            name = _last_name(held.operands[0])
            if name in _UNWRAPPED:
                return self._class_symbol(held.operands[1])
            if name == "Union":
                return self._only([part for part in held.operands[1:] if part != NONE])
        return ""

    def _only(self, parts: list[Expression]) -> str:
        return self._class_symbol(parts[0]) if len(parts) == 1 else ""


def plain_symbol(held: Expression | None) -> str:
    """A chain of attributes as one dotted symbol, ``""`` for anything else."""
    if not isinstance(held, Chain):
        return ""
    names = [step for step in held.steps if isinstance(step, str)]
    return ".".join((held.root, *names)) if len(names) == len(held.steps) else ""


def _last_name(held: Expression) -> str:
    if not isinstance(held, Chain):
        return ""
    last = held.steps[-1] if held.steps else held.root
    return last.rpartition(".")[2] if isinstance(last, str) else ""
