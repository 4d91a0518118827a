"""Expressions: their values, the chains in them, and the variables that they are assigned to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

from decompose.model.expressions import (
    Bound,
    Call,
    Chain,
    Constant,
    Continued,
    Expression,
    Item,
    Mapping,
    Opaque,
    Operation,
    Origin,
    Sequence,
    Slice,
    Step,
    Template,
)
from decompose.model.syntax import Binding, Text
from decompose.model.uses import Sink
from decompose.syntax.names import Names
from decompose.syntax.naming import names_something
from decompose.syntax.nodes import (
    Node,
    arguments,
    is_string,
)
from decompose.syntax.strings import LONGEST_STRING, encodable, holes_of_format, holes_of_percent, joined
from decompose.syntax.variables import CHAINS, Held, choice, length

# Limits that keep a summary linear in the size of its file: what lies beyond is seen, but not followed.
LONGEST_CHAIN = 60
HEAVIEST_VALUE = 300
LONGEST_DISPLAY = 2_000
_LARGEST_INTEGER = 1 << 63

NO_ARGUMENTS = Call()
ELEMENT = Item()
_SLICES = {bounds: Slice(*bounds) for bounds in product((False, True), repeat=3)}
UNPACKED = Opaque("**")

CHANGERS = frozenset(
    {
        "append", "add", "appendleft", "extend", "update", "insert", "setdefault",
        "pop", "remove", "clear", "discard", "popitem", "sort", "reverse",
    }
)  # fmt: skip
"""Methods that change a collection in place."""

_ANONYMOUS = frozenset({"local", "parameter", "builtin"})
_HANDED_DOWN = frozenset({"argument", "return"})

_OPERATORS: dict[type[Any], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>",
    ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.FloorDiv: "//", ast.MatMult: "@", ast.And: "and", ast.Or: "or",
    ast.Not: "not", ast.Invert: "~", ast.UAdd: "+", ast.USub: "-", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=",
    ast.Gt: ">", ast.GtE: ">=", ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip

# The same objects under short names, because the walk compares classes a million times.
_Name, _Attribute, _Call, _Subscript, _Await, _Constant, _Starred = (
    ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Await, ast.Constant, ast.Starred,
)  # fmt: skip


class Expressions(Names):
    """Evaluation of expressions. Every chain met on the way becomes a use."""

    __slots__ = ()

    def value(self, node: Node, sink: Sink, target: str = "") -> Held:
        """The expression's value; every chain in it becomes a use."""
        return VALUES[node.__class__](self, node, sink, target)

    def chain(self, node: Node, sink: Sink, target: str = "") -> Held:
        """Attribute access, calls and subscripts; the number of the use unless the chain is something simpler."""
        links: list[Any] = []
        others = 0
        inner: Node = node
        kind: Any = node.__class__
        while kind is not _Name:
            if kind is _Attribute:
                links.append(inner.attr)
                inner = inner.value
            elif kind is _Call:
                links.append(inner)
                others += 1
                inner = inner.func
            elif kind is _Subscript:
                links.append(inner)
                others += 1
                inner = inner.value
            elif kind is _Await:
                inner = inner.value
            else:
                break
            kind = inner.__class__
        head: Any
        before: tuple[Step, ...] = ()
        if kind is _Name:
            if not links:
                return self.name(inner, sink, target)
            name = inner.id
            head = self.local.get(name)
            if head is None:
                head = self.beyond(name)
            kind = head.__class__
            if kind is Chain or kind is Continued:
                if head.origin == "builtin":
                    last = links[-1]
                    if last.__class__ is _Call:
                        if name == "super" and self.klass:
                            for argument in last.args:
                                self.value(argument, "other")
                            links.pop()
                            others -= 1
                            head = Chain(self.klass, "super")
                        elif name == "dict" and len(links) == 1 and not last.args and last.keywords:
                            return self._dict_call(last, sink)
                elif head.steps:
                    self.load += self.weights.get(name, 1)
                    if self.load > self.limit or length(head) > LONGEST_CHAIN:
                        head = Chain(name, "local")
            else:
                if self.inside:
                    self._changed(name, head, links[-1])
                head = Chain(name, "local")
        else:
            if (kind is _Constant or kind is ast.JoinedStr) and len(links) == 2 and links[1] == "format":
                return self._format(inner, node, links[0])
            found = self.followed(self.value(inner, "other"), inner.lineno)
            if found is None:
                for link in reversed(links):
                    if link.__class__ is _Call:
                        self._call(link.args, link.keywords)
                    elif link.__class__ is not str:
                        self._item(link)
                return self.opaque(node)
            if found.__class__ is Continued:
                head, before = found.use, found.steps
            else:
                head = found
        uses = self.uses
        inside = 0
        links.reverse()
        if others:
            start, passed = len(uses), self.passed
            link = links[-1]
            if others == 1 and link.__class__ is _Call:
                given, keywords = link.args, link.keywords
                links[-1] = self._call(given, keywords) if given or keywords else NO_ARGUMENTS
            else:
                self._evaluate(links)
            inside = len(uses) - start
            if not inside and self.passed != passed:
                inside = -1
        steps = tuple(links)
        made: Held = len(uses)
        if head.__class__ is int:
            if before:
                steps = before + steps
        elif self.inside or self.closure or head.__class__ is Continued:
            head = self.roots.get(id(head)) or self._root(head)
        else:
            # Nothing is repeated outside functions, and most of what stands there is wanted in full.
            made = Chain(head.root, head.origin, head.steps + steps)
            self.beginnings.append(made)
            head = -len(self.beginnings)
            steps = ()
        place: dict[str, Any] = node.__dict__
        uses.append(
            (
                head, steps, inside, place["lineno"], place["col_offset"], place["end_lineno"], place["end_col_offset"],
                sink, self.loop, target,
            )
        )  # fmt: skip
        return made

    def _evaluate(self, links: list[Any]) -> None:
        """Calls and subscripts among the links become steps, in the order in which Python evaluates them."""
        for position, link in enumerate(links):
            if link.__class__ is _Call:
                given, keywords = link.args, link.keywords
                links[position] = self._call(given, keywords) if given or keywords else NO_ARGUMENTS
            elif link.__class__ is not str:
                links[position] = self._item(link)

    def name(self, node: Node, sink: Sink, target: str = "") -> Held:
        """A name by itself: a use when it stands for something global or an instance."""
        name = node.id
        head = self.local.get(name)
        if head is None:
            head = self.beyond(name)
        kind = head.__class__
        if kind is Chain:
            if head.steps:
                self.load += self.weights.get(name, 1)
                if self.load > self.limit:
                    return Chain(name, "local")
            if head.origin in _ANONYMOUS:
                return head
        else:
            self.load += self.weights.get(name, 1)
            if self.load > self.limit:
                return Chain(name, "local")
            if kind is not Continued or head.origin in _ANONYMOUS:
                self.passed += 1
                return head
        uses = self.uses
        made: Held = head if kind is Chain and not (self.inside or self.closure) else len(uses)
        head = self.roots.get(id(head)) or self._root(head)
        uses.append(
            (
                head, (), 0, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, sink, self.loop, target,
            )
        )  # fmt: skip
        return made

    def _root(self, chain: Held) -> int:
        """The number, negative, of a chain or variable that uses begin with."""
        self.beginnings.append(chain)
        number = self.roots[id(chain)] = -len(self.beginnings)
        return number

    def use(self, node: Node, chain: Chain, sink: Sink) -> None:
        """A use of a chain that is at hand in full."""
        head = self.roots.get(id(chain)) or self._root(chain)
        self.uses.append(
            (
                head, (), 0, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, sink, self.loop, "",
            )
        )  # fmt: skip

    def _call(self, given: list[Node], keywords: list[Node]) -> Call:
        values = VALUES
        self.load += len(given) + len(keywords) + 1
        arguments: tuple[Held, ...] = ()
        if given:
            if len(given) == 1:
                node = given[0]
                arguments = (values[node.__class__](self, node, "argument", ""),)
            else:
                arguments = tuple([values[node.__class__](self, node, "argument", "") for node in given])
        if not keywords:
            return Call(arguments)
        named = []
        for keyword in keywords:
            node = keyword.value
            named.append((keyword.arg or "**", values[node.__class__](self, node, "argument", "")))
        return Call(arguments, tuple(named))

    def _item(self, node: Node) -> Item | Slice:
        index = node.slice
        if index.__class__ is ast.Slice:
            bounds = (index.lower, index.upper, index.step)
            for part in bounds:
                if part is not None:
                    self.value(part, "other")
            return _SLICES[bounds[0] is not None, bounds[1] is not None, bounds[2] is not None]
        key = self.value(index, "argument")
        if key.__class__ is Constant:
            found = key.value
            if found.__class__ is str or found.__class__ is int:
                return Item(found)
        return ELEMENT

    def _dict_call(self, node: Node, sink: Sink) -> Mapping:
        handed = sink if sink in _HANDED_DOWN else "other"
        items = [
            (Constant(keyword.arg) if keyword.arg else UNPACKED, self.value(keyword.value, handed)) for keyword in node.keywords
        ]
        return Mapping(tuple(items), tuple([keyword.lineno for keyword in node.keywords]) if _nested(items) else ())

    def _changed(self, name: str, held: Held, link: Any) -> None:
        """A variable that holds a display is changed in place: what it holds is no longer known."""
        if link.__class__ is _Subscript:
            changed = link.ctx.__class__ is not ast.Load
        else:
            changed = link.__class__ is str and link in CHANGERS and isinstance(held, (Sequence, Mapping))
        if changed:
            self.local[name] = Chain(name, "local")

    def _constant(self, node: Node, sink: Sink, target: str) -> Held:
        value = node.value
        kind = value.__class__
        if kind is str:
            if value.isidentifier() and len(value) <= LONGEST_STRING:
                return Constant(value)
            if ("." in value or " " in value or ":" in value) and names_something(value):
                self.texts.append(Text(self.scope, encodable(value), node.lineno))
                return Constant(value if value.isascii() else encodable(value))
            if len(value) > LONGEST_STRING:
                return Opaque(encodable(value[:200]))
            return Constant(value if value.isascii() else encodable(value))
        if kind is int:
            return Constant(value) if -_LARGEST_INTEGER <= value < _LARGEST_INTEGER else Opaque(hex(value)[:200])
        if kind is bool or value is None or kind is float:
            return Constant(value)
        return self.opaque(node)

    def _unknown(self, node: Node, sink: Sink, target: str) -> Held:
        """Syntax that did not exist when this was written: only what it holds."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, "other")
        return self.opaque(node)

    def _joined_string(self, node: Node, sink: Sink, target: str) -> Held:
        parts = self._parts(node)
        return self._string(parts, node.lineno)

    def _parts(self, node: Node) -> list[str | None]:
        parts: list[str | None] = []
        for part in node.values:
            if part.__class__ is _Constant:
                parts.append(str(part.value))
                continue
            held = self.value(part.value, "other")
            specification = getattr(part, "format_spec", None)
            if specification is not None:
                self._parts(specification)
            if held.__class__ is Constant and held.value.__class__ is str:
                parts.append(held.value)
            else:
                parts.append(None)
        return parts

    def _string(self, parts: list[str | None], line: int) -> Expression:
        """A string of known and unknown parts."""
        text = joined(parts)
        holes = None in parts
        if len(text) > LONGEST_STRING:
            return Opaque(encodable(text[:200]))
        text = encodable(text)
        if names_something(text):
            self.texts.append(Text(self.scope, text, line, holes))
        return Template(text) if holes else Constant(text)

    def _format(self, root: Node, node: Node, link: Any) -> Held:
        if root.__class__ is ast.JoinedStr:
            text = joined(self._parts(root))
        else:
            text = root.value
        if link.__class__ is _Call:
            self._call(link.args, link.keywords)
            if isinstance(text, str):
                return self._holed(holes_of_format(text), link.lineno)
        elif link.__class__ is not str:
            self._item(link)
        return self.opaque(node)

    def _holed(self, text: str, line: int) -> Expression:
        if len(text) > LONGEST_STRING:
            return Opaque(encodable(text[:200]))
        text = encodable(text)
        if names_something(text):
            self.texts.append(Text(self.scope, text, line, True))
        return Template(text)

    def _operands(self, node: Node) -> list[Node]:
        """``a + b + c`` as a list, without recursion: long sums are common in generated code."""
        rights: list[Node] = []
        inner: Node = node
        operator = node.op.__class__
        while inner.__class__ is ast.BinOp and inner.op.__class__ is operator:
            rights.append(inner.right)
            inner = inner.left
        rights.append(inner)
        rights.reverse()
        return rights

    def _binary(self, node: Node, sink: Sink, target: str) -> Held:
        operator = node.op.__class__
        if operator is ast.Mod and is_string(node.left):
            left = node.left
            if left.__class__ is ast.JoinedStr:
                text = joined(self._parts(left))
            else:
                text = left.value
            self.value(node.right, "other")
            return self._holed(holes_of_percent(text), node.lineno)
        nodes = self._operands(node)
        if operator is not ast.Add:
            return Operation(_OPERATORS[operator], tuple([self.value(operand, "other") for operand in nodes]))
        handed = sink if sink in _HANDED_DOWN else "other"
        values: list[Held] = []
        strings = displays = 0
        for operand in nodes:
            if operand.__class__ is _Constant and operand.value.__class__ is str:
                values.append(Constant(operand.value))
                strings += 1
                continue
            if operand.__class__ is ast.JoinedStr:
                parts = self._parts(operand)
                values.append(Template(joined(parts)))
                strings += 1
                continue
            held = self.value(operand, handed)
            values.append(held)
            if held.__class__ is Sequence:
                displays += 1
            elif held.__class__ is Template or (held.__class__ is Constant and isinstance(held.value, str)):
                strings += 1
        if strings:
            texts = [
                str(held.value) if held.__class__ is Constant
                else held.text if held.__class__ is Template else None
                for held in values
            ]  # fmt: skip
            if strings == len(values) and not any(held.__class__ is Template for held in values):
                return self._string(texts, node.lineno)
            return self._holed(joined(texts), node.lineno)
        if displays:
            items: list[Held] = []
            for held in values:
                if held.__class__ is Sequence:
                    items.extend(held.items)
                else:
                    items.append(held)
            return Sequence(tuple(items))
        return Operation("+", tuple(values))

    def _boolean(self, node: Node, sink: Sink, target: str) -> Held:
        return Operation(
            "or" if node.op.__class__ is ast.Or else "and",
            tuple([self.value(operand, sink, target) for operand in node.values]),
        )

    def _conditional(self, node: Node, sink: Sink, target: str) -> Held:
        self.value(node.test, "test")
        return Operation("if", (self.value(node.body, sink, target), self.value(node.orelse, sink, target)))

    def _unary(self, node: Node, sink: Sink, target: str) -> Held:
        operator = node.op.__class__
        held = self.value(node.operand, "test" if operator is ast.Not and sink == "test" else "other")
        if operator is ast.USub and held.__class__ is Constant:
            number = held.value
            if number.__class__ is int or number.__class__ is float:
                return Constant(-number)
        return Operation(_OPERATORS[operator], (held,))

    def _compare(self, node: Node, sink: Sink, target: str) -> Held:
        values = VALUES
        operators = node.ops
        left = node.left
        if len(operators) == 1:
            right = node.comparators[0]
            return Operation(
                _OPERATORS[operators[0].__class__],
                (values[left.__class__](self, left, "other", ""), values[right.__class__](self, right, "other", "")),
            )
        operands = [self.value(operand, "other") for operand in (left, *node.comparators)]
        return Operation(" ".join([_OPERATORS[operator.__class__] for operator in operators]), tuple(operands))

    def _sequence(self, node: Node, sink: Sink, target: str) -> Held:
        handed = sink if sink in _HANDED_DOWN else "other"
        values = VALUES
        nodes = node.elts
        if _Starred in map(type, nodes):
            nodes = [item.value if item.__class__ is _Starred else item for item in nodes]
        items = [values[item.__class__](self, item, handed, "") for item in nodes]
        self.load += len(items)
        return Sequence(tuple(items)) if len(items) <= LONGEST_DISPLAY else self.opaque(node)

    def _mapping(self, node: Node, sink: Sink, target: str) -> Held:
        handed = sink if sink in _HANDED_DOWN else "other"
        values = VALUES
        items = []
        for key, item in zip(node.keys, node.values, strict=True):
            held = UNPACKED if key is None else values[key.__class__](self, key, "other", "")
            items.append((held, values[item.__class__](self, item, handed, "")))
        self.load += 2 * len(items)
        if len(items) > LONGEST_DISPLAY:
            return self.opaque(node)
        if not _nested(items):
            return Mapping(tuple(items))
        starts = [item if key is None else key for key, item in zip(node.keys, node.values, strict=True)]
        return Mapping(tuple(items), tuple([start.lineno for start in starts]))

    def _lambda(self, node: Node, sink: Sink, target: str) -> Held:
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.value(default, "other")
        saved = self.local
        self.local = saved.copy()
        for argument in arguments(node.args):
            self.local[argument.arg] = Chain(argument.arg, "parameter")
        body = self.value(node.body, "return")
        self.local = saved
        return Operation("lambda", (body,))

    def _comprehension(self, node: Any, sink: Sink, target: str) -> Held:
        saved, loop = self.local, self.loop
        self.local = saved.copy()
        iterables = []
        for generator in node.generators:
            iterables.append(self._iterate(generator.target, generator.iter, generator.iter.lineno))
            self.loop = node.lineno
            for condition in generator.ifs:
                self.value(condition, "test")
        if node.__class__ is ast.DictComp:
            elements = [self.value(node.key, "other"), self.value(node.value, "other")]
        else:
            elements = [self.value(node.elt, "other")]
        self.local, self.loop = saved, loop
        return Operation("for", (*elements, *iterables))

    def _iterate(self, target: Node, iterable: Node, line: int) -> Held:
        name = target.id if target.__class__ is _Name else ""
        before = self.load
        held = self.value(iterable, "iterate", name)
        element = held if held.__class__ in CHAINS else self.followed(held, 0)
        if element is not None:
            element = self.after(element, ELEMENT)
        elif held.__class__ is Sequence and held.items:
            self._in_turn(target, held.items, line, before)
            return held
        self.store(target, element, line, before)
        return held

    def _in_turn(self, target: Node, items: tuple[Held, ...], line: int, before: int) -> None:
        """A loop over a display: of names, or of tuples in which each part has its own variable."""
        kind = target.__class__
        element: Held = None
        if kind is _Name and all(item.__class__ in CHAINS for item in items):
            element = Operation("each", items)
        elif kind is ast.Tuple and all(item.__class__ is Sequence and len(item.items) == len(target.elts) for item in items):
            for position, part in enumerate(target.elts):
                column = tuple(item.items[position] for item in items)
                plain = part.__class__ is _Name and all(each.__class__ in CHAINS or each.__class__ is Constant for each in column)
                self.store(part, Operation("each", column) if plain else None, line, before)
            return
        self.store(target, element, line, before)

    def _walrus(self, node: Node, sink: Sink, target: str) -> Held:
        name = node.target.id
        before = self.load
        held = self.value(node.value, "assign", name)
        self.bind(name, held, node.lineno, before)
        self.passed += 1
        bound = self.local.get(name)
        return held if bound is None else bound

    def _starred(self, node: Node, sink: Sink, target: str) -> Held:
        return Operation("*", (self.value(node.value, sink),))

    def _yield(self, node: Node, sink: Sink, target: str) -> Held:
        self.yields = True
        if node.value is not None:
            self.value(node.value, "return")
        return self.opaque(node)

    def opaque(self, node: Node) -> Opaque:
        return Opaque(self.source(node, 200))

    def source(self, node: Node, longest: int = 1_000) -> str:
        """The node's text as written, cut at ``longest`` characters."""
        lines = self.lines
        if lines is None:
            lines = self.lines = self.text.split("\n")
        first: int = node.lineno - 1
        last: int = node.end_lineno - 1
        line = lines[first]
        start: int = node.col_offset
        end: int = node.end_col_offset
        if first == last:
            if line.isascii():
                return line[start : min(end, start + longest)]
            return encodable(line.encode(errors="replace")[start:end].decode(errors="replace"))[:longest]
        pieces = [line[start:] if line.isascii() else line.encode(errors="replace")[start:].decode(errors="replace")]
        size = len(pieces[0])
        for number in range(first + 1, last + 1):
            if size > longest:
                break
            line = lines[number]
            if number == last:
                line = line[:end] if line.isascii() else line.encode(errors="replace")[:end].decode(errors="replace")
            pieces.append(line)
            size += len(line) + 1
        return encodable("\n".join(pieces))[:longest]

    # --- variables

    def followed(self, held: Held, line: int) -> Held:
        """The chain to go on with from a value: itself, or the likely one of ``(a or b)``; a chain use's number is no answer."""
        kind = held.__class__
        if kind is int:
            return self.after(held)
        if kind is Chain or kind is Continued:
            return held
        found = choice(held) if kind is Operation else None
        return None if found is None else self.after(found[0], Bound("", line, found[1]))

    def after(self, held: Held, *steps: Step) -> Held:
        """The chain continued by some steps."""
        kind = held.__class__
        if kind is Chain:
            return Chain(held.root, held.origin, held.steps + steps)
        if kind is Continued:
            return Continued(held.use, held.steps + steps, held.origin, held.length + len(steps))
        origin, size = self._reach(held)
        return Continued(held, steps, origin, size + len(steps))

    def _reach(self, number: int) -> tuple[Origin, int]:
        """Origin and length of the whole chain of a use."""
        known = self.reaches.get(number)
        if known is None:
            head, steps, *_ = self.uses[number]
            size = len(steps)
            while head >= 0:
                head, steps, *_ = self.uses[head]
                size += len(steps)
            root = self.beginnings[-1 - head]
            known = self.reaches[number] = root.origin, size + length(root)
        return known

    def bind(self, name: str, held: Held, line: int, before: int, symbol: str = "") -> None:
        """The variable stands for ``held`` from here on. ``before`` is ``load`` before ``held`` was evaluated."""
        if self.declared and name in self.declared:
            self._bind_elsewhere(name, held, line)
            return
        local = self.local
        if held is None:
            local[name] = Chain(name, "local")
            return
        weight = self.load - before + 1
        kind = held.__class__
        chain: Held = None
        certain = True
        if kind is int:
            origin, size = self._reach(held)
            if weight <= HEAVIEST_VALUE and size <= LONGEST_CHAIN:
                local[name] = Continued(held, (Bound(name, line, True, symbol),), origin, size + 1)
                self.weights[name] = weight
                return
        elif kind is Chain or kind is Continued:
            chain = held
        elif kind is Operation and held.operator not in ("each", "for"):
            found = choice(held)
            if found is not None:
                chain, certain = found
        elif kind is not Opaque and weight <= HEAVIEST_VALUE:
            local[name] = held
            self.weights[name] = weight
            return
        if chain is not None and weight <= HEAVIEST_VALUE:
            bound = self.after(chain, Bound(name, line, certain, symbol))
            if length(bound) <= LONGEST_CHAIN + 1:
                local[name] = bound
                self.weights[name] = weight
                return
        if symbol:
            local[name] = Chain(symbol, "instance", (Bound(name, line, True, symbol),))
        else:
            local[name] = Chain(name, "local")

    def _bind_elsewhere(self, name: str, held: Held, line: int) -> None:
        if self.declared[name]:
            self._own(name, True)
            self.bindings.append(Binding("", name, Opaque("") if held is None else self.whole(held), line))
            return
        for environment in self.closure:
            if name in environment:
                environment[name] = Chain(name, "local")
                return

    def store(self, target: Node, held: Held, line: int, before: int) -> None:
        """Assignment of ``held`` to a target of any shape."""
        kind = target.__class__
        if kind is _Name:
            name = target.id
            self.bind(name, held, line, before)
        elif kind is ast.Tuple or kind is ast.List:
            targets = target.elts
            starred = any(item.__class__ is ast.Starred for item in targets)
            if held.__class__ is Sequence and not starred and len(held.items) == len(targets):
                for item, part in zip(targets, held.items, strict=True):
                    self.store(item, part, line, before)
                return
            for position, item in enumerate(targets):
                if held.__class__ in CHAINS and not starred:
                    self.store(item, self.after(held, Item(position)), line, before)
                else:
                    self.store(item, None, line, before)
        elif kind is ast.Starred:
            self.store(target.value, None, line, before)
        else:
            self._store_part(target, held)

    def _store_part(self, target: Node, held: Held) -> None:
        """Assignment to an attribute or item; ``context["orders"] = value`` on a known dict display is one item more."""
        owner = target.value
        name = owner.id if self.inside and target.__class__ is _Subscript and owner.__class__ is _Name else ""
        known = self.local.get(name) if name else None
        self.chain(target, "store")
        if isinstance(known, Mapping) and held is not None and target.slice.__class__ is _Constant:
            weight = self.weights.get(name, 1) + 10
            if weight < HEAVIEST_VALUE:
                self.local[name] = Mapping((*known.items, (self._plain(target.slice), held)))
                self.weights[name] = weight

    def _plain(self, node: Node) -> Expression:
        value = node.value
        return Constant(encodable(value)) if isinstance(value, str) else self._constant(node, "other", "")


# By the class of the node. Looked up directly where it counts: a call through `Expressions.value` is a tenth of the time for a name.
VALUES: dict[Any, Callable[[Expressions, Any, Sink, str], Held]] = {
    **dict.fromkeys(ast.expr.__subclasses__(), Expressions._unknown),
    ast.Name: Expressions.name,
    ast.Attribute: Expressions.chain,
    ast.Call: Expressions.chain,
    ast.Subscript: Expressions.chain,
    ast.Await: Expressions.chain,
    ast.Constant: Expressions._constant,
    ast.JoinedStr: Expressions._joined_string,
    ast.BinOp: Expressions._binary,
    ast.BoolOp: Expressions._boolean,
    ast.IfExp: Expressions._conditional,
    ast.UnaryOp: Expressions._unary,
    ast.Compare: Expressions._compare,
    ast.List: Expressions._sequence,
    ast.Tuple: Expressions._sequence,
    ast.Set: Expressions._sequence,
    ast.Dict: Expressions._mapping,
    ast.Lambda: Expressions._lambda,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension,
    ast.NamedExpr: Expressions._walrus,
    ast.Starred: Expressions._starred,
    ast.Yield: Expressions._yield,
    ast.YieldFrom: Expressions._yield,
}


def _nested(items: Iterable[tuple[Held, Held]]) -> bool:
    """Whether a mapping holds mappings, as tables of settings do."""
    return Mapping in [held.__class__ for _, held in items]
