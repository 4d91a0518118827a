"""Expressions: their values, the chains in them, and the variables that they are assigned to."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from decompose.model.location import Span
from decompose.model.syntax import (
    Binding,
    Bound,
    Call,
    Chain,
    Constant,
    Expression,
    Item,
    Mapping,
    Opaque,
    Operation,
    Sequence,
    Sink,
    Slice,
    Template,
    Text,
    Use,
)
from decompose.syntax.names import Names
from decompose.syntax.naming import names_something
from decompose.syntax.nodes import (
    Node,
    arguments,
    is_string,
)
from decompose.syntax.strings import LONGEST_STRING, encodable, holes_of_format, holes_of_percent, joined
from decompose.syntax.variables import choice, followed

# Limits that keep a summary linear in the size of its file: what lies beyond is seen, but not followed.
LONGEST_CHAIN = 60
HEAVIEST_VALUE = 300
LONGEST_DISPLAY = 2_000
_LARGEST_INTEGER = 1 << 63

NO_ARGUMENTS = Call()
ELEMENT = Item()
SLICE = Slice()
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
_Name, _Attribute, _Call, _Subscript, _Await, _Constant = (
    ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Await, ast.Constant,
)  # fmt: skip


class Expressions(Names):
    """Evaluation of expressions. Every chain met on the way becomes a use."""

    __slots__ = ()

    def value(self, node: Node, sink: Sink, target: str = "") -> Expression:
        """The expression's value; every chain in it becomes a use."""
        return _VALUES[node.__class__](self, node, sink, target)

    def chain(self, node: Node, sink: Sink, target: str = "") -> Expression:
        links: list[Any] = []
        inner: Any = node
        kind: Any = node.__class__
        while kind is not _Name:
            if kind is _Attribute or kind is _Subscript:
                links.append(inner)
                inner = inner.value
            elif kind is _Call:
                links.append(inner)
                inner = inner.func
            elif kind is _Await:
                inner = inner.value
            else:
                break
            kind = inner.__class__
        base: Any
        if kind is _Name:
            name = inner.id
            base = self.local.get(name)
            if base is None:
                base = self.lookup(name)
            if not links:
                return self._variable(inner, base, sink, target)
            if base.__class__ is not Chain:
                if self.inside:
                    self._changed(name, base, links[-1])
                base = Chain(name, "local")
            elif base.origin == "builtin":
                last = links[-1]
                if last.__class__ is _Call:
                    if name == "super" and self.klass:
                        for argument in last.args:
                            self.value(argument, "other")
                        links.pop()
                        base = Chain(self.klass, "super")
                    elif name == "dict" and len(links) == 1 and not last.args and last.keywords:
                        return self._dict_call(last, sink)
            elif base.steps:
                self.load += self.weights.get(name, 1)
                if self.load > self.limit or len(base.steps) > LONGEST_CHAIN:
                    base = Chain(name, "local")
        else:
            if (
                (kind is _Constant or kind is ast.JoinedStr)
                and len(links) == 2
                and links[1].__class__ is _Attribute
                and links[1].attr == "format"
            ):
                return self._format(inner, links[0])
            base = followed(self.value(inner, "other"), inner.lineno)
            if base is None:
                for link in reversed(links):
                    if link.__class__ is _Call:
                        self._call(link)
                    elif link.__class__ is _Subscript:
                        self._item(link)
                return self.opaque(node)
        # The place is kept before the arguments are looked at, so that uses stand in the order in which they begin.
        uses = self.uses
        index = len(uses)
        uses.append(None)
        steps: list[Any] = [*base.steps]
        links.reverse()
        for link in links:
            kind = link.__class__
            if kind is _Attribute:
                steps.append(link.attr)
            elif kind is _Call:
                steps.append(self._call(link) if link.args or link.keywords else NO_ARGUMENTS)
            else:
                steps.append(self._item(link))
        made = Chain(base.root, base.origin, tuple(steps))
        uses[index] = Use(
            self.scope,
            made,
            Span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset),
            sink,
            self.loop,
            target,
        )
        return made

    def _variable(self, node: Node, base: Any, sink: Sink, target: str) -> Expression:
        """A name by itself."""
        if base.__class__ is not Chain:
            self.load += self.weights.get(node.id, 1)
            return Chain(node.id, "local") if self.load > self.limit else base
        if base.steps:
            self.load += self.weights.get(node.id, 1)
            if self.load > self.limit:
                return Chain(node.id, "local")
        if base.origin not in _ANONYMOUS:
            self.uses.append(Use(self.scope, base, span_of(node), sink, self.loop, target))
        return base

    def _call(self, node: Node) -> Call:
        values = _VALUES
        given = node.args
        keywords = node.keywords
        self.load += len(given) + len(keywords) + 1
        arguments = tuple([values[each.__class__](self, each, "argument", "") for each in given]) if given else ()
        if not keywords:
            return Call(arguments)
        return Call(
            arguments,
            tuple(
                [
                    (each.arg or "**", values[each.value.__class__](self, each.value, "argument", ""))
                    for each in keywords
                ]
            ),
        )

    def _item(self, node: Node) -> Item | Slice:
        index = node.slice
        if index.__class__ is ast.Slice:
            for part in (index.lower, index.upper, index.step):
                if part is not None:
                    self.value(part, "other")
            return SLICE
        key = self.value(index, "argument")
        if key.__class__ is Constant:
            found = key.value
            if found.__class__ is str or found.__class__ is int:
                return Item(found)
        return ELEMENT

    def _dict_call(self, node: Node, sink: Sink) -> Expression:
        handed = sink if sink in _HANDED_DOWN else "other"
        return Mapping(
            tuple(
                (Constant(keyword.arg) if keyword.arg else UNPACKED, self.value(keyword.value, handed))
                for keyword in node.keywords
            )
        )

    def _changed(self, name: str, held: Expression, link: Node) -> None:
        """A variable that holds a display is changed in place: what it holds is no longer known."""
        if link.__class__ is _Subscript:
            changed = link.ctx.__class__ is not ast.Load
        else:
            changed = link.__class__ is _Attribute and link.attr in CHANGERS and isinstance(held, (Sequence, Mapping))
        if changed:
            self.local[name] = Chain(name, "local")

    def _constant(self, node: Node, sink: Sink, target: str) -> Expression:
        value = node.value
        kind = value.__class__
        if kind is str:
            if ("." in value or " " in value or ":" in value) and names_something(value):
                self.texts.append(Text(self.scope, encodable(value), node.lineno))
            elif len(value) > LONGEST_STRING:
                return Opaque(encodable(value[:200]))
            return Constant(value if value.isascii() else encodable(value))
        if kind is int:
            return Constant(value) if -_LARGEST_INTEGER <= value < _LARGEST_INTEGER else Opaque(hex(value)[:200])
        if kind is bool or value is None or kind is float:
            return Constant(value)
        return self.opaque(node)

    def _unknown(self, node: Node, sink: Sink, target: str) -> Expression:
        """Syntax that did not exist when this was written: only what it holds."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.value(child, "other")
        return self.opaque(node)

    def _joined_string(self, node: Node, sink: Sink, target: str) -> Expression:
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

    def _format(self, root: Node, call: Node) -> Expression:
        if root.__class__ is ast.JoinedStr:
            text = joined(self._parts(root))
        elif isinstance(root.value, str):
            text = root.value
        else:
            self._call(call)
            return self.opaque(call)
        self._call(call)
        return self._holed(holes_of_format(text), call.lineno)

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

    def _binary(self, node: Node, sink: Sink, target: str) -> Expression:
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
        values: list[Expression] = []
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
            items: list[Expression] = []
            for held in values:
                if held.__class__ is Sequence:
                    items.extend(held.items)
                else:
                    items.append(held)
            return Sequence(tuple(items))
        return Operation("+", tuple(values))

    def _boolean(self, node: Node, sink: Sink, target: str) -> Expression:
        return Operation(
            "or" if node.op.__class__ is ast.Or else "and",
            tuple([self.value(operand, sink, target) for operand in node.values]),
        )

    def _conditional(self, node: Node, sink: Sink, target: str) -> Expression:
        self.value(node.test, "test")
        return Operation("if", (self.value(node.body, sink, target), self.value(node.orelse, sink, target)))

    def _unary(self, node: Node, sink: Sink, target: str) -> Expression:
        operator = node.op.__class__
        held = self.value(node.operand, "test" if operator is ast.Not and sink == "test" else "other")
        if operator is ast.USub and held.__class__ is Constant:
            number = held.value
            if number.__class__ is int or number.__class__ is float:
                return Constant(-number)
        return Operation(_OPERATORS[operator], (held,))

    def _compare(self, node: Node, sink: Sink, target: str) -> Expression:
        operands = [self.value(operand, "other") for operand in (node.left, *node.comparators)]
        operators = node.ops
        if len(operators) == 1:
            return Operation(_OPERATORS[operators[0].__class__], tuple(operands))
        return Operation(" ".join([_OPERATORS[operator.__class__] for operator in operators]), tuple(operands))

    def _sequence(self, node: Node, sink: Sink, target: str) -> Expression:
        handed = sink if sink in _HANDED_DOWN else "other"
        values = _VALUES
        items = []
        for item in node.elts:
            if item.__class__ is ast.Starred:
                item = item.value
            items.append(values[item.__class__](self, item, handed, ""))
        self.load += len(items)
        return Sequence(tuple(items)) if len(items) <= LONGEST_DISPLAY else self.opaque(node)

    def _mapping(self, node: Node, sink: Sink, target: str) -> Expression:
        handed = sink if sink in _HANDED_DOWN else "other"
        values = _VALUES
        items = []
        for key, item in zip(node.keys, node.values, strict=True):
            held = UNPACKED if key is None else values[key.__class__](self, key, "other", "")
            items.append((held, values[item.__class__](self, item, handed, "")))
        self.load += 2 * len(items)
        return Mapping(tuple(items)) if len(items) <= LONGEST_DISPLAY else self.opaque(node)

    def _lambda(self, node: Node, sink: Sink, target: str) -> Expression:
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

    def _comprehension(self, node: Any, sink: Sink, target: str) -> Expression:
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

    def _iterate(self, target: Node, iterable: Node, line: int) -> Expression:
        name = target.id if target.__class__ is _Name else ""
        before = self.load
        held = self.value(iterable, "iterate", name)
        element = followed(held, 0)
        if element is not None:
            element = Chain(element.root, element.origin, (*element.steps, ELEMENT))
        self.store(target, element, line, before)
        return held

    def _walrus(self, node: Node, sink: Sink, target: str) -> Expression:
        name = node.target.id
        before = self.load
        held = self.value(node.value, "assign", name)
        self.bind(name, held, node.lineno, before)
        return self.local.get(name) or held

    def _starred(self, node: Node, sink: Sink, target: str) -> Expression:
        return Operation("*", (self.value(node.value, sink),))

    def _yield(self, node: Node, sink: Sink, target: str) -> Expression:
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

    def bind(self, name: str, held: Expression | None, line: int, before: int, symbol: str = "") -> None:
        """The variable stands for ``held`` from here on. ``before`` is ``load`` before ``held`` was evaluated."""
        if self.declared and name in self.declared:
            self._bind_elsewhere(name, held, line)
            return
        local = self.local
        if held is None:
            local[name] = Chain(name, "local")
            return
        weight = self.load - before + 1
        if held.__class__ is Chain:
            chain, certain = held, True
        elif held.__class__ is Operation:
            found = choice(held)
            if found is None:
                local[name] = (
                    Chain(symbol, "instance", (Bound(name, line, True, symbol),)) if symbol else Chain(name, "local")
                )
                return
            chain, certain = found
        elif held.__class__ is Opaque or weight > HEAVIEST_VALUE:
            local[name] = (
                Chain(symbol, "instance", (Bound(name, line, True, symbol),)) if symbol else Chain(name, "local")
            )
            return
        else:
            local[name] = held
            self.weights[name] = weight
            return
        if weight > HEAVIEST_VALUE or len(chain.steps) > LONGEST_CHAIN:
            local[name] = (
                Chain(symbol, "instance", (Bound(name, line, True, symbol),)) if symbol else Chain(name, "local")
            )
            return
        local[name] = Chain(chain.root, chain.origin, (*chain.steps, Bound(name, line, certain, symbol)))
        self.weights[name] = weight

    def _bind_elsewhere(self, name: str, held: Expression | None, line: int) -> None:
        if self.declared[name]:
            self._own(name, True)
            self.bindings.append(Binding("", name, Opaque("") if held is None else held, line))
            return
        for environment in self.closure:
            if name in environment:
                environment[name] = Chain(name, "local")
                return

    def store(self, target: Node, held: Expression | None, line: int, before: int) -> None:
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
                if held.__class__ is Chain and not starred:
                    chain = held
                    self.store(item, Chain(chain.root, chain.origin, (*chain.steps, Item(position))), line, before)
                else:
                    self.store(item, None, line, before)
        elif kind is ast.Starred:
            self.store(target.value, None, line, before)
        else:
            self._store_part(target, held)

    def _store_part(self, target: Node, held: Expression | None) -> None:
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


def span_of(node: Node) -> Span:
    return Span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


_VALUES: dict[Any, Callable[[Expressions, Any, Sink, str], Expression]] = {
    **dict.fromkeys(ast.expr.__subclasses__(), Expressions._unknown),
    ast.Name: Expressions.chain,
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
