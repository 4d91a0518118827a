"""Statements that decide which others run: branches, loops, exceptions."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from decompose.model.expressions import Bound, Chain, Expression
from decompose.model.syntax import Block
from decompose.syntax.annotations import plain_symbol
from decompose.syntax.assignments import Assignments
from decompose.syntax.nodes import (
    Node,
    assigned,
    dotted,
    is_type_checking,
)
from decompose.syntax.variables import CHAINS, NONE, Environment, merged, uncertain


class Flow(Assignments):
    """Control flow. Each branch starts from a copy of the environment; behind it they are merged."""

    __slots__ = ()

    def block(self, body: Iterable[Node]) -> None:
        """The statements in order."""
        raise NotImplementedError

    def _branches(
        self, bodies: Iterable[Iterable[Node]], *, falls_through: bool, checked: tuple[str, Chain] | None = None
    ) -> None:
        """Blocks of which at most one runs; with ``falls_through`` perhaps none. In the first, ``checked`` holds."""
        if not self.inside:
            for body in bodies:
                self.block(body)
            return
        start = self.local
        ends = [start] if falls_through else []
        last = start
        for body in bodies:
            last = self.local = start.copy()
            if checked is not None:
                last[checked[0]] = checked[1]
            self.block(body)
            last = self.local
            if checked is not None and last.get(checked[0]) is checked[1]:
                last[checked[0]] = start[checked[0]]
            checked = None
            if not self.dead:
                ends.append(last)
            self.dead = False
        self.dead = not ends
        self.local = merged(start, ends, self.whole) if ends else last

    def _checked(self, test: Node) -> tuple[str, Chain] | None:
        """What ``isinstance(order, Order)`` says of a variable of which nothing else is known."""
        if test.__class__ is ast.BoolOp and test.op.__class__ is ast.And:
            test = test.values[0]
        if test.__class__ is not ast.Call or test.func.__class__ is not ast.Name or test.func.id != "isinstance":
            return None
        if not self.inside or len(test.args) != 2 or test.args[0].__class__ is not ast.Name:
            return None
        known = self.local.get(test.args[0].id)
        if known is None or known.__class__ not in CHAINS or known.origin not in ("parameter", "local"):
            return None
        symbol = self.class_named(test.args[1])
        name = test.args[0].id
        return (name, Chain(symbol, "instance", (Bound(name, test.lineno),))) if symbol else None

    def _return(self, node: Node) -> None:
        self.returned.append(NONE if node.value is None else self.value(node.value, "return"))
        self.dead = True

    def _raise(self, node: Node) -> None:
        if node.exc is not None:
            self.value(node.exc, "other")
        if node.cause is not None:
            self.value(node.cause, "other")
        self.dead = True

    def _leave_loop(self, node: Node) -> None:
        if self.inside:
            self.escapes.append(self.local)
        self.dead = True

    def _assert(self, node: Node) -> None:
        self.value(node.test, "test")
        if node.msg is not None:
            self.value(node.msg, "other")
        if (checked := self._checked(node.test)) is not None:
            self.local[checked[0]] = checked[1]

    def _if(self, node: Node) -> None:
        test = node.test
        self.value(test, "test")
        typing = is_type_checking(test)
        self.guard += 1
        if typing:
            self.typing += 1
            self.block(node.body)
            self.typing -= 1
            self.dead = False
            self.block(node.orelse)
        elif node.orelse:
            self._branches((node.body, node.orelse), falls_through=False, checked=self._checked(test))
        else:
            refused = self._checked(test.operand) if test.__class__ is ast.UnaryOp else None
            before = self.local
            self._branches((node.body,), falls_through=True, checked=self._checked(test))
            if refused is not None and self.local is before and test.op.__class__ is ast.Not:
                # The block was left when the check failed: behind it the check holds.
                self.local = {**before, refused[0]: refused[1]}
        self.guard -= 1

    def _for(self, node: Node) -> None:
        before = self._enter_loop(node.body)
        loop = self.loop
        self._iterate(node.target, node.iter, node.lineno)
        self.loop = node.lineno
        self._loop_body(node, before, loop)

    def _while(self, node: Node) -> None:
        before = self._enter_loop(node.body)
        loop, self.loop = self.loop, node.lineno
        self.value(node.test, "test")
        self._loop_body(node, before, loop)

    def _enter_loop(self, body: list[Node]) -> tuple[Environment, Environment]:
        """The environment before a loop, and what the names that it assigns stand for when its body is entered."""
        start = self.local
        changing: Environment = {}
        if self.inside:
            for name in assigned(body):
                known = start.get(name)
                if known is not None:
                    changing[name] = uncertain(known) if known.__class__ in CHAINS else Chain(name, "local")
            self.local = start | changing
        return start, changing

    def _loop_body(self, node: Node, entered: tuple[Environment, Environment], loop: int) -> None:
        start, changing = entered
        escapes, self.escapes = self.escapes, []
        self.guard += 1
        self.block(node.body)
        if self.inside:
            ends = self.escapes if self.dead else [*self.escapes, self.local]
            for end in ends:
                for name, known in changing.items():
                    if end.get(name) is known:
                        end[name] = start[name]
            self.local = merged(start, [start, *ends], self.whole) if ends else start.copy()
        self.dead = False
        self.escapes = escapes
        self.loop = loop
        if node.orelse:
            self._branches((node.orelse,), falls_through=True)
        self.guard -= 1

    def _try(self, node: Any) -> None:
        self.guard += 1
        if not self.inside:
            self.block(node.body)
            for handler in node.handlers:
                self._handler(handler)
                self.block(handler.body)
            self.block(node.orelse)
            self.guard -= 1
            self.block(node.finalbody)
            self.dead = False
            return
        start = self.local
        self.local = start.copy()
        self.block(node.body)
        ended = self.local
        alive = not self.dead
        self.dead = False
        if alive and node.orelse:
            self.block(node.orelse)
            alive = not self.dead
            self.dead = False
        ends = [self.local] if alive else []
        last = self.local
        if node.handlers:
            interrupted = merged(start, [start, ended], self.whole)
            for handler in node.handlers:
                self.local = interrupted.copy()
                self._handler(handler)
                self.block(handler.body)
                last = self.local
                if not self.dead:
                    ends.append(last)
                self.dead = False
        # The body without failure is the intended way: its values come last and so win.
        if alive and len(ends) > 1:
            ends.append(ends.pop(0))
        self.local = merged(start, ends, self.whole) if ends else last
        self.guard -= 1
        dead = not ends
        self.block(node.finalbody)
        self.dead = self.dead or dead

    def _handler(self, node: Node) -> None:
        kinds = node.type
        if kinds is None:
            return
        held: Expression | None = None
        for kind in kinds.elts if isinstance(kinds, ast.Tuple) else (kinds,):
            held = self.whole(self.value(kind, "except"))
        if node.name:
            root = "" if isinstance(kinds, ast.Tuple) else plain_symbol(held)
            if root:
                self.local[node.name] = Chain(root, "instance", (Bound(node.name, node.lineno),))
            else:
                self.local[node.name] = Chain(node.name, "local")

    def _with(self, node: Node) -> None:
        for item in node.items:
            target = item.optional_vars
            before = self.load
            if target is None:
                manager = self.value(item.context_expr, "other")
            else:
                manager = self.value(item.context_expr, "assign", dotted(target))
            self.blocks.append(Block(self.scope, self.whole(manager), node.lineno, node.end_lineno))
            if target is not None:
                self.store(target, manager if manager.__class__ in CHAINS else None, node.lineno, before)
        self.block(node.body)

    def _match(self, node: Node) -> None:
        self.value(node.subject, "test")
        start = self.local
        ends = [start]
        self.guard += 1
        for case in node.cases:
            if self.inside:
                self.local = start.copy()
            self._pattern(case.pattern)
            if case.guard is not None:
                self.value(case.guard, "test")
            self.block(case.body)
            if self.inside and not self.dead:
                ends.append(self.local)
            self.dead = False
        self.guard -= 1
        if self.inside:
            self.local = merged(start, ends, self.whole)

    def _pattern(self, node: Node) -> None:
        for name in (getattr(node, "name", None), getattr(node, "rest", None)):
            if name:
                self.local[name] = Chain(name, "local")
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.pattern):
                self._pattern(child)
            elif isinstance(child, ast.expr):
                self.value(child, "test")
