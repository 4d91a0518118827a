"""Assignments: variables inside functions, bindings at module and class level."""

from __future__ import annotations

import ast
from typing import Any

from decompose.model.expressions import (
    Call,
    Chain,
    Constant,
    Expression,
    Item,
    Mapping,
    Opaque,
    Sequence,
    Template,
)
from decompose.model.syntax import Binding
from decompose.syntax.annotations import Annotations
from decompose.syntax.expressions import CHANGERS, HEAVIEST_VALUE, UNPACKED, VALUES
from decompose.syntax.nodes import (
    Node,
    dotted,
)
from decompose.syntax.variables import CHAINS, Held, uncertain


class Assignments(Annotations):
    """Statements that bind names or change what they hold."""

    __slots__ = ()

    def _assign(self, node: Node) -> None:
        targets = node.targets
        first = targets[0]
        before = self.load
        value = node.value
        held = VALUES[value.__class__](self, value, "assign", first.id if first.__class__ is ast.Name else dotted(first))
        if self.inside:
            for target in targets:
                if target.__class__ is ast.Name:
                    self.bind(target.id, held, node.lineno, before)
                else:
                    self.store(target, held, node.lineno, before)
        else:
            held = self.whole(held)
            for target in targets:
                self.define(target, held, node.lineno)

    def define(self, target: Node, held: Expression, line: int) -> None:
        """Assignment of a value, written out in full, at module or class level."""
        kind = target.__class__
        if kind is ast.Name:
            self._define_name(target.id, held, line)
        elif kind is ast.Tuple or kind is ast.List:
            targets = target.elts
            starred = any(item.__class__ is ast.Starred for item in targets)
            if held.__class__ is Sequence and not starred and len(held.items) == len(targets):
                for item, part in zip(targets, held.items, strict=True):
                    self.define(item, part, line)
                return
            for position, item in enumerate(targets):
                if held.__class__ is Chain and not starred:
                    chain = held
                    self.define(item, Chain(chain.root, chain.origin, (*chain.steps, Item(position))), line)
                else:
                    self.define(item, Opaque(""), line)
        elif kind is ast.Starred:
            self.define(target.value, Opaque(""), line)
        else:
            self.chain(target, "store")
            if kind is ast.Attribute:
                name = dotted(target)
                if name:
                    self.bindings.append(Binding(self.scope, name, held, line))
            elif kind is ast.Subscript:
                name = dotted(target.value)
                key = target.slice
                if name and key.__class__ is ast.Constant:
                    self.bindings.append(
                        Binding(self.scope, name, Mapping(((self._plain(key), held),)), line, augmented=True)
                    )

    def _define_name(
        self, name: str, held: Expression, line: int, annotation: str = "", annotated: Expression | None = None
    ) -> None:
        if self.scope:
            self.local[name] = Chain(f"{self.scope}.{name}", "global")
        else:
            if not (self.guard and name in self.local):
                self.local[name] = Chain(self.prefix + name, "global")
            if name == "__all__":
                self.exports.clear()
                self.known_exports = None
                self._export(held)
        self.bindings.append(Binding(self.scope, name, held, line, annotation, annotated))

    def _export(self, held: Expression) -> None:
        """Names added to ``__all__``; something other than literal strings makes it unknown for good."""
        items = held.items if isinstance(held, Sequence) else (held,)
        names = [item.value for item in items if isinstance(item, Constant) and isinstance(item.value, str)]
        if len(names) < len(items) or not isinstance(held, Sequence):
            self.known_exports = False
        elif self.known_exports is not False:
            self.known_exports = True
            self.exports.extend(names)

    def _annotated_assign(self, node: Node) -> None:
        target = node.target
        text, symbol, annotated = self.annotation(node.annotation)
        name = target.id if target.__class__ is ast.Name else ""
        if node.value is None:
            if not name:
                return
            if self.inside:
                if name not in self.local:
                    self.local[name] = Chain(symbol, "instance") if symbol else Chain(name, "local")
            else:
                self._define_name(name, Opaque(""), node.lineno, text, annotated)
            return
        before = self.load
        held = self.value(node.value, "assign", name or dotted(target))
        if not name:
            if self.inside:
                self.store(target, held, node.lineno, before)
            else:
                self.define(target, self.whole(held), node.lineno)
        elif self.inside:
            self.bind(name, held, node.lineno, before, symbol)
        else:
            self._define_name(name, self.whole(held), node.lineno, text, annotated)

    def _augmented_assign(self, node: Node) -> None:
        target = node.target
        name = target.id if target.__class__ is ast.Name else ""
        before = self.load
        held = self.value(node.value, "assign", name or dotted(target))
        if not name:
            self.chain(target, "store")
            if not self.inside and (place := dotted(target)):
                self.bindings.append(Binding(self.scope, place, self.whole(held), node.lineno, augmented=True))
            return
        if not self.inside:
            held = self.whole(held)
            if name == "__all__" and not self.scope:
                self._export(held)
            self.bindings.append(Binding(self.scope, name, held, node.lineno, augmented=True))
            return
        known = self.local.get(name)
        if known is not None:
            self.load += self.weights.get(name, 1)
        if isinstance(known, (Constant, Template)) and node.op.__class__ is ast.Add:
            left = known.value if isinstance(known, Constant) else known.text
            if isinstance(left, str):
                right = held.value if isinstance(held, Constant) else held.text if isinstance(held, Template) else None
                if isinstance(right, str) and isinstance(known, Constant) and isinstance(held, Constant):
                    self.bind(name, self._string([left, right], node.lineno), node.lineno, before)
                else:
                    self.bind(
                        name,
                        self._holed(left + (right if isinstance(right, str) else "{}"), node.lineno),
                        node.lineno,
                        before,
                    )
                return
        if isinstance(known, Sequence) and isinstance(held, Sequence) and node.op.__class__ is ast.Add:
            self.bind(name, Sequence(known.items + held.items), node.lineno, before)
            return
        if known is not None and known.__class__ in CHAINS and known.steps and not isinstance(held, Constant):
            # ``queries |= other`` keeps the kind of thing that it was
            self.local[name] = uncertain(known)
            return
        self.bind(name, None, node.lineno, before)

    def _expression(self, node: Node) -> None:
        value = node.value
        kind = value.__class__
        if kind is ast.Constant and value.value.__class__ is str:
            return  # a string on its own is documentation
        if kind is not ast.Call:
            self.value(value, "discard")
            return
        function = value.func
        owner = function.value if function.__class__ is ast.Attribute and function.attr in CHANGERS else None
        if owner is None or owner.__class__ is not ast.Name:
            self.chain(value, "discard")
            return
        known = self.local.get(owner.id)
        held = self.chain(value, "discard")
        if held.__class__ is int:
            self._change(owner.id, function.attr, self.uses[held][1][-1], known, node.lineno)
        elif held.__class__ is Chain:
            self._change(owner.id, function.attr, held.steps[-1], known, node.lineno)

    def _change(self, name: str, method: str, call: Any, known: Held, line: int) -> None:
        """``name.append(x)`` and the like: more in a binding of the module or class, or in a local display."""
        added = _added(method, call) if call.__class__ is Call else None
        if not self.inside:
            if added is not None:
                added = self.whole(added)
                if name == "__all__" and not self.scope:
                    self._export(added)
                self.bindings.append(Binding(self.scope, name, added, line, augmented=True))
            elif name == "__all__":
                self.known_exports = False
        elif added is not None and self.weights.get(name, 1) < HEAVIEST_VALUE:
            if isinstance(known, Sequence) and isinstance(added, Sequence) and method != "insert":
                self.local[name] = Sequence(known.items + added.items)
            elif isinstance(known, Mapping) and isinstance(added, Mapping):
                self.local[name] = Mapping(known.items + added.items)
            else:
                return
            self.weights[name] = self.weights.get(name, 1) + 10

    def _delete(self, node: Node) -> None:
        for target in node.targets:
            if target.__class__ is ast.Name:
                if self.inside:
                    self.local[target.id] = Chain(target.id, "local")
            else:
                self.value(target, "delete")

    def _global(self, node: Node) -> None:
        if self.inside:
            for name in node.names:
                self.declared[name] = True
                self._own(name, True)
                self.local[name] = self.table[name]

    def _nonlocal(self, node: Node) -> None:
        for name in node.names:
            self.declared[name] = False


def _added(method: str, call: Call) -> Held:
    """What a method adds to a collection, as a display or a chain to one; ``None`` when it is not plain."""
    arguments, keywords = call.arguments, call.keywords
    if method in ("append", "add") and len(arguments) == 1:
        return Sequence(arguments)
    if method == "insert" and len(arguments) == 2:
        return Sequence(arguments[1:])
    if method in ("extend", "update") and len(arguments) == 1 and not keywords:
        return arguments[0]
    if method == "update" and keywords and not arguments:
        return Mapping(tuple([(Constant(name) if name != "**" else UNPACKED, held) for name, held in keywords]))
    return None
