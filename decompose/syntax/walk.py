"""One pass over a file's syntax tree: names resolved, local variables followed, chains collected.

How variables are followed. Inside a function the environment maps each local name to the expression it stands for.
Statements are taken in order and the latest assignment wins; the branches of ``if``, ``try``, ``match`` and loops each
start from a copy and are merged behind it, where a name with different values becomes uncertain (see
:class:`~decompose.model.syntax.Bound`). A branch that returns or raises takes no part in the merge. Nested functions are
taken after the function around them, because they see its variables as they are when it has run.

At module level a name stands for the symbol ``module.name``. Functions see the final state of the module, its own
statements the state so far. An import or definition under ``if`` or ``try`` never replaces an earlier one: the first is
the intended one, the other a fallback.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable
from typing import Any, Literal

from decompose.model.location import Span
from decompose.model.syntax import (
    Binding,
    Block,
    Bound,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Import,
    Item,
    Mapping,
    ModuleSummary,
    Opaque,
    Operation,
    Parameter,
    Remark,
    Sequence,
    Sink,
    Slice,
    Template,
    Text,
    Use,
    When,
)
from decompose.syntax.naming import names_something
from decompose.syntax.nodes import (
    Node,
    arguments,
    assigned,
    blocks,
    docstring,
    dotted,
    imported,
    is_string,
    is_type_checking,
    start,
    stored,
    targets,
)
from decompose.syntax.strings import LONGEST_STRING, clean, encodable, holes_of_format, holes_of_percent, joined
from decompose.syntax.variables import NONE, Environment, choice, followed, merged, uncertain

_BUILTINS = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "__package__"}

# Limits that keep a summary linear in the size of its file: what lies beyond is seen, but not followed.
LONGEST_CHAIN = 60
HEAVIEST_VALUE = 300
LONGEST_DISPLAY = 2_000
_LARGEST_INTEGER = 1 << 63

NO_ARGUMENTS = Call()
ELEMENT = Item()
SLICE = Slice()
UNPACKED = Opaque("**")


_UNWRAPPED = frozenset({"Optional", "Annotated", "ClassVar", "Final", "Required", "NotRequired", "ReadOnly"})
_STATIC = frozenset({"staticmethod"})
_OF_CLASS = frozenset({"classmethod"})
_TAKES_CLASS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})
_CHANGERS = frozenset(
    {
        "append", "add", "appendleft", "extend", "update", "insert", "setdefault",
        "pop", "remove", "clear", "discard", "popitem", "sort", "reverse",
    }
)  # fmt: skip

_OPERATORS: dict[type[Any], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Mod: "%", ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>",
    ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&", ast.FloorDiv: "//", ast.MatMult: "@", ast.And: "and", ast.Or: "or",
    ast.Not: "not", ast.Invert: "~", ast.UAdd: "+", ast.USub: "-", ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=",
    ast.Gt: ">", ast.GtE: ">=", ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in",
}  # fmt: skip

# Local names: the same objects under short names, because the walk compares classes a million times.
_Name, _Attribute, _Call, _Subscript, _Await, _Constant = (
    ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Await, ast.Constant,
)  # fmt: skip



class Walk:
    """The state of the pass. Use once: ``Walk(path, name, is_package, text).summary(tree)``."""

    __slots__ = (
        "annotations",
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
        "path",
        "prefix",
        "remarks",
        "returned",
        "scope",
        "star",
        "table",
        "text",
        "texts",
        "typing",
        "uses",
        "weights",
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
        self.uses: list[Any] = []
        self.blocks: list[Block] = []
        self.texts: list[Text] = []
        self.exports: list[str] = []
        self.remarks: list[Remark] = []
        self.known_exports: bool | None = None

        self.table: Environment = {}
        """What the module's names stand for in the end."""
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
        self.returned: list[Expression] = []
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

    def summary(self, tree: ast.Module, remarks: tuple[Remark, ...] = ()) -> ModuleSummary:
        self._names_of(tree.body, False)
        body = tree.body
        doc = ""
        if body and (found := docstring(body)) is not None:
            doc = clean(found)
            body = body[1:]
        self.block(body)
        return ModuleSummary(
            path=self.path,
            name=self.module,
            is_package=self.is_package,
            lines=self.text.count("\n") + (0 if self.text.endswith("\n") or not self.text else 1),
            doc=doc,
            exports=tuple(dict.fromkeys(self.exports)) if self.known_exports else None,
            imports=tuple(self.imports),
            definitions=tuple(self.definitions),
            bindings=tuple(self.bindings),
            uses=tuple(self.uses),
            blocks=tuple(self.blocks),
            texts=tuple(self.texts),
            remarks=tuple(sorted((*remarks, *self.remarks), key=lambda remark: remark.line)),
        )

    # --- names of the module, before its functions are looked at ----------------------------------

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
                        table[bound] = Chain(_symbol(base, alias.name), "global")
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
        parts = self.module.split(".") if self.module else []
        if not self.is_package:
            parts = parts[:-1]
        if level > len(parts):
            return "." * level + module
        base = parts[: len(parts) - level + 1]
        return ".".join([*base, module] if module else base)

    # --- looking a name up ------------------------------------------------------------------------

    def lookup(self, name: str) -> Expression:
        found = self.local.get(name)
        if found is not None:
            return found
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

    # --- expressions ------------------------------------------------------------------------------

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
            self.uses.append(Use(self.scope, base, _span(node), sink, self.loop, target))
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
            tuple([(each.arg or "**", values[each.value.__class__](self, each.value, "argument", "")) for each in keywords]),
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
            changed = link.__class__ is _Attribute and link.attr in _CHANGERS and isinstance(held, (Sequence, Mapping))
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

    # --- variables --------------------------------------------------------------------------------

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
                local[name] = Chain(symbol, "instance", (Bound(name, line, True, symbol),)) if symbol else Chain(name, "local")
                return
            chain, certain = found
        elif held.__class__ is Opaque or weight > HEAVIEST_VALUE:
            local[name] = Chain(symbol, "instance", (Bound(name, line, True, symbol),)) if symbol else Chain(name, "local")
            return
        else:
            local[name] = held
            self.weights[name] = weight
            return
        if weight > HEAVIEST_VALUE or len(chain.steps) > LONGEST_CHAIN:
            local[name] = Chain(symbol, "instance", (Bound(name, line, True, symbol),)) if symbol else Chain(name, "local")
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

    def _branches(self, bodies: Iterable[Iterable[Node]], *, falls_through: bool) -> None:
        """Blocks of which at most one runs; with ``falls_through`` perhaps none."""
        if not self.inside:
            for body in bodies:
                self.block(body)
            return
        start = self.local
        ends = [start] if falls_through else []
        last = start
        for body in bodies:
            self.local = start.copy()
            self.block(body)
            last = self.local
            if not self.dead:
                ends.append(last)
            self.dead = False
        self.dead = not ends
        self.local = merged(start, ends) if ends else last

    # --- statements -------------------------------------------------------------------------------

    def block(self, body: Iterable[Node]) -> None:
        statements = _STATEMENTS
        for node in body:
            statements[node.__class__](self, node)

    def _nothing(self, node: Node) -> None:
        """``pass``."""

    def _unknown_statement(self, node: Node) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and not (child.__class__ is _Name and child.ctx.__class__ is ast.Store):
                self.value(child, "other")
            elif isinstance(child, ast.stmt):
                self.block((child,))

    def _expression(self, node: Node) -> None:
        value = node.value
        kind = value.__class__
        if kind is _Constant and value.value.__class__ is str:
            return  # a string on its own is documentation
        if kind is not _Call:
            self.value(value, "discard")
            return
        function = value.func
        owner = function.value if function.__class__ is _Attribute and function.attr in _CHANGERS else None
        if owner is None or owner.__class__ is not _Name:
            self.chain(value, "discard")
            return
        known = self.local.get(owner.id)
        held = self.chain(value, "discard")
        if isinstance(held, Chain):
            self._change(owner.id, function.attr, held.steps[-1], known, node.lineno)

    def _change(self, name: str, method: str, call: Any, known: Expression | None, line: int) -> None:
        """``name.append(x)`` and the like: more in a binding of the module or class, or in a local display."""
        added = _added(method, call) if call.__class__ is Call else None
        if not self.inside:
            if added is not None:
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

    def _assign(self, node: Node) -> None:
        targets = node.targets
        first = targets[0]
        before = self.load
        if first.__class__ is _Name:
            name = first.id
            held = self.value(node.value, "assign", name)
        else:
            held = self.value(node.value, "assign", dotted(first))
        if self.inside:
            for target in targets:
                if target.__class__ is _Name:
                    self.bind(target.id, held, node.lineno, before)
                else:
                    self.store(target, held, node.lineno, before)
        else:
            for target in targets:
                self.define(target, held, node.lineno)

    def define(self, target: Node, held: Expression, line: int) -> None:
        """Assignment at module or class level."""
        kind = target.__class__
        if kind is _Name:
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
            if kind is _Attribute:
                name = dotted(target)
                if name:
                    self.bindings.append(Binding(self.scope, name, held, line))
            elif kind is _Subscript:
                name = dotted(target.value)
                key = target.slice
                if name and key.__class__ is _Constant:
                    self.bindings.append(
                        Binding(self.scope, name, Mapping(((self._plain(key), held),)), line, augmented=True)
                    )

    def _plain(self, node: Node) -> Expression:
        value = node.value
        return Constant(encodable(value)) if isinstance(value, str) else self._constant(node, "other", "")

    def _define_name(self, name: str, held: Expression, line: int, annotation: str = "", annotated: Expression | None = None) -> None:
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
        name = target.id if target.__class__ is _Name else ""
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
                self.define(target, held, node.lineno)
        elif self.inside:
            self.bind(name, held, node.lineno, before, symbol)
        else:
            self._define_name(name, held, node.lineno, text, annotated)

    def _augmented_assign(self, node: Node) -> None:
        target = node.target
        name = target.id if target.__class__ is _Name else ""
        before = self.load
        held = self.value(node.value, "assign", name or dotted(target))
        if not name:
            self.chain(target, "store")
            if not self.inside and (place := dotted(target)):
                self.bindings.append(Binding(self.scope, place, held, node.lineno, augmented=True))
            return
        if not self.inside:
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
                    self.bind(name, self._holed(left + (right if isinstance(right, str) else "{}"), node.lineno), node.lineno, before)
                return
        if isinstance(known, Sequence) and isinstance(held, Sequence) and node.op.__class__ is ast.Add:
            self.bind(name, Sequence(known.items + held.items), node.lineno, before)
            return
        if isinstance(known, Chain) and known.steps and not isinstance(held, Constant):
            # ``queries |= other`` keeps the kind of thing that it was
            self.local[name] = uncertain(known)
            return
        self.bind(name, None, node.lineno, before)

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

    def _delete(self, node: Node) -> None:
        for target in node.targets:
            if target.__class__ is _Name:
                if self.inside:
                    self.local[target.id] = Chain(target.id, "local")
            else:
                self.value(target, "delete")

    def _assert(self, node: Node) -> None:
        self.value(node.test, "test")
        if node.msg is not None:
            self.value(node.msg, "other")

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
            self._branches((node.body, node.orelse), falls_through=False)
        else:
            self._branches((node.body,), falls_through=True)
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
                    changing[name] = uncertain(known) if isinstance(known, Chain) else Chain(name, "local")
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
            self.local = merged(start, [start, *ends]) if ends else start.copy()
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
            interrupted = merged(start, [start, ended])
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
        self.local = merged(start, ends) if ends else last
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
            held = self.value(kind, "except")
        if node.name:
            root = "" if isinstance(kinds, ast.Tuple) else _plain_symbol(held)
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
            self.blocks.append(Block(self.scope, manager, node.lineno, node.end_lineno))
            if target is not None:
                self.store(target, manager if manager.__class__ is Chain else None, node.lineno, before)
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
            self.local = merged(start, ends)

    def _pattern(self, node: Node) -> None:
        for name in (getattr(node, "name", None), getattr(node, "rest", None)):
            if name:
                self.local[name] = Chain(name, "local")
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.pattern):
                self._pattern(child)
            elif isinstance(child, ast.expr):
                self.value(child, "test")

    def _global(self, node: Node) -> None:
        if self.inside:
            for name in node.names:
                self.declared[name] = True
                self._own(name, True)
                self.local[name] = self.table[name]

    def _nonlocal(self, node: Node) -> None:
        for name in node.names:
            self.declared[name] = False

    # --- imports ----------------------------------------------------------------------------------

    def _import(self, node: Node) -> None:
        for alias in node.names:
            bound, symbol = imported(alias)
            self._imported_name(bound, symbol)
            self.imports.append(
                Import(alias.name, "", bound, node.lineno, self._when(), self.guard > 0, self.scope)
            )

    def _import_from(self, node: Node) -> None:
        module = self._absolute(node)
        when, guarded = self._when(), self.guard > 0
        if module.startswith("."):
            self.remarks.append(Remark(node.lineno, f"relative import {module} leads beyond the top-level package"))
        for alias in node.names:
            if alias.name == "*":
                self.star = True
                self.imports.append(Import(module, "*", "", node.lineno, when, guarded, self.scope))
                continue
            bound = alias.asname or alias.name
            self._imported_name(bound, _symbol(module, alias.name))
            self.imports.append(Import(module, alias.name, bound, node.lineno, when, guarded, self.scope))

    def _imported_name(self, bound: str, symbol: str) -> None:
        if self.inside or not (self.guard and bound in self.local):
            self.local[bound] = Chain(symbol, "global")

    def _when(self) -> When:
        if self.typing:
            return "typing"
        return "call" if self.inside or self.closure else "load"

    # --- definitions ------------------------------------------------------------------------------

    def _class(self, node: Node) -> None:
        id = f"{self.scope}.{node.name}" if self.scope else self.prefix + node.name
        parent, self.scope = self.scope, id
        for parameter in getattr(node, "type_params", ()):
            self.local[parameter.name] = Chain(parameter.name, "local")
        index = len(self.definitions)
        self.definitions.append(None)
        decorators = tuple([self.value(decorator, "decorator") for decorator in node.decorator_list])
        bases = tuple([self.value(base, "base") for base in node.bases])
        keywords = tuple([(keyword.arg or "**", self.value(keyword.value, "base")) for keyword in node.keywords])
        body = node.body
        doc = docstring(body)
        self.definitions[index] = Definition(
            id=id,
            kind="class",
            line=node.lineno,
            start=start(node),
            end_line=node.end_lineno,
            parent=parent,
            bases=bases,
            decorators=decorators,
            doc=clean(doc) if doc else "",
            condition=self.guard > 0,
            keywords=keywords,
        )
        saved = (self.local, self.outer, self.closure, self.klass, self.enclosing, self.inside, self.loop, self.guard, self.dead)
        if self.inside:
            self.closure = (self.local, *self.outer)
        self.outer = (self.local, *self.outer)
        self.local = {}
        self.klass, self.enclosing, self.inside, self.loop, self.guard = id, "class", False, 0, 0
        self.block(body[1:] if doc is not None else body)
        self.local, self.outer, self.closure, self.klass, self.enclosing, self.inside, self.loop, self.guard, self.dead = saved
        self.scope = parent
        self._defined(node.name, id)

    def _defined(self, name: str, id: str) -> None:
        if self.inside or not (self.guard and name in self.local):
            self.local[name] = Chain(id, "global")

    def _function(self, node: Node) -> None:
        id = f"{self.scope}.{node.name}" if self.scope else self.prefix + node.name
        parent, self.scope = self.scope, id
        index = len(self.definitions)
        self.definitions.append(None)
        decorators = tuple([self.value(decorator, "decorator") for decorator in node.decorator_list])
        for parameter in getattr(node, "type_params", ()):
            self.local.setdefault(parameter.name, Chain(parameter.name, "local"))
        parameters, environment = self._parameters(node, decorators)
        returns, returned, _ = self.annotation(node.returns) if node.returns is not None else ("", "", None)
        doc = docstring(node.body)
        task = (node, id, environment, self.klass, (index, self.enclosing, parent, decorators, parameters, returns, returned, doc, self.guard > 0))
        self.scope = parent
        self._defined(node.name, id)
        if self.inside or self.closure:
            self.late.append(task)
        else:
            self._function_body(task, ())

    def _function_body(self, task: tuple[Any, ...], closure: tuple[Environment, ...]) -> None:
        node, id, environment, klass, (index, enclosing, parent, decorators, parameters, returns, returned, doc, condition) = task
        saved = (
            self.local, self.outer, self.closure, self.scope, self.enclosing, self.inside, self.loop, self.guard, self.dead,
            self.weights, self.declared, self.late, self.escapes, self.typing, self.klass, self.returned, self.yields,
        )  # fmt: skip
        self.local, self.outer, self.closure, self.scope, self.enclosing, self.inside = environment, closure, closure, id, "function", True
        self.loop, self.guard, self.dead, self.typing, self.klass, self.yields = 0, 0, False, 0, klass, False
        self.weights, self.declared, self.late, self.escapes, self.returned = {}, {}, [], [], []
        body = node.body
        self.block(body[1:] if doc is not None else body)
        self.definitions[index] = Definition(
            id,
            "method" if enclosing == "class" else "function",
            node.lineno,
            start(node),
            node.end_lineno,
            parent,
            (),
            decorators,
            parameters,
            returns,
            returned,
            clean(doc) if doc else "",
            node.__class__ is ast.AsyncFunctionDef,
            condition,
            (),
            tuple(self.returned),
            self.yields,
        )
        if self.late:
            visible = (self.local, *closure)
            for inner in self.late:
                self._function_body(inner, visible)
        (
            self.local, self.outer, self.closure, self.scope, self.enclosing, self.inside, self.loop, self.guard, self.dead,
            self.weights, self.declared, self.late, self.escapes, self.typing, self.klass, self.returned, self.yields,
        ) = saved  # fmt: skip

    def _parameters(self, node: Node, decorators: tuple[Expression, ...]) -> tuple[tuple[Parameter, ...], Environment]:
        arguments = node.args
        environment: Environment = {}
        parameters: list[Parameter] = []
        positional = [*arguments.posonlyargs, *arguments.args]
        first = self._receiver(node, decorators) if self.enclosing == "class" else None
        defaults: list[Node] = [None] * (len(positional) - len(arguments.defaults))
        defaults += arguments.defaults
        for position, (argument, default) in enumerate(zip(positional, defaults, strict=True)):
            kind: Any = "positional" if position < len(arguments.posonlyargs) else "normal"
            parameters.append(self._parameter(argument, default, kind, environment))
            if not position and first is not None:
                environment[argument.arg] = Chain(self.klass, "cls" if argument.arg == "cls" else first)
        if arguments.vararg is not None:
            parameters.append(self._parameter(arguments.vararg, None, "varargs", environment))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            parameters.append(self._parameter(argument, default, "keyword", environment))
        if arguments.kwarg is not None:
            parameters.append(self._parameter(arguments.kwarg, None, "varkeywords", environment))
        return tuple(parameters), environment

    def _receiver(self, node: Node, decorators: tuple[Expression, ...]) -> Literal["self", "cls"] | None:
        """What the first parameter of a method stands for; ``None`` for a static method."""
        for decorator in decorators:
            if decorator.__class__ is Chain and not decorator.steps:
                root = decorator.root
                if root in _STATIC:
                    return None
                if root in _OF_CLASS:
                    return "cls"
        return "cls" if node.name in _TAKES_CLASS else "self"

    def _parameter(self, argument: Node, default: Node, kind: Any, environment: Environment) -> Parameter:
        name = argument.arg
        text = symbol = given = ""
        annotated: Expression | None = None
        held: Expression | None = None
        if argument.annotation is not None:
            text, symbol, annotated = self.annotation(argument.annotation)
            if symbol and annotated.__class__ is Chain:
                annotated = None
        if default is not None:
            held = self.value(default, "other")
            given = self.source(default)
            if held.__class__ is Constant:
                held = None
        if symbol and kind != "varargs" and kind != "varkeywords":
            environment[name] = Chain(symbol, "instance")
        else:
            environment[name] = Chain(name, "parameter")
        return Parameter(name, text, given, kind, symbol, annotated, held)

    # --- annotations ------------------------------------------------------------------------------

    def annotation(self, node: Node) -> tuple[str, str, Expression]:
        """Its source, the symbol of the class if it is plain (``""`` if not), and its structure."""
        held = self._annotation(node, None)
        symbol = self._class_symbol(held)
        text = self.source(node)
        if node.__class__ is _Constant and isinstance(node.value, str):
            text = encodable(node.value)
        return text, symbol, held

    def _annotation(self, node: Node, span: Span | None) -> Expression:
        kind = node.__class__
        if kind is _Name or kind is _Attribute:
            links: list[str] = []
            inner: Any = node
            while inner.__class__ is _Attribute:
                links.append(inner.attr)
                inner = inner.value
            if inner.__class__ is not _Name:
                return self.value(node, "annotation")
            base = self.lookup(inner.id)
            if base.__class__ is not Chain:
                return Opaque(inner.id)
            chain = base
            if links:
                chain = Chain(chain.root, chain.origin, (*chain.steps, *reversed(links)))
            if chain.origin == "global":
                self.uses.append(Use(self.scope, chain, span or _span(node), "annotation", self.loop))
            return chain
        if kind is _Subscript:
            subscript = node
            generic = self._annotation(subscript.value, span)
            inside = subscript.slice
            parts = inside.elts if inside.__class__ is ast.Tuple else [inside]
            name = _last_name(generic)
            if name == "Literal":
                return Operation("[]", (generic, *[self.value(part, "annotation") for part in parts]))
            if name == "Annotated" and parts:
                return Operation(
                    "[]",
                    (generic, self._annotation(parts[0], span), *[self.value(part, "annotation") for part in parts[1:]]),
                )
            return Operation("[]", (generic, *[self._annotation(part, span) for part in parts]))
        if kind is _Constant:
            value = node.value
            if isinstance(value, str):
                parsed = self._parsed_annotation(value)
                return Constant(encodable(value)) if parsed is None else self._annotation(parsed, span or _span(node))
            return NONE if value is None else Opaque(self.source(node, 200))
        if kind is ast.BinOp and node.op.__class__ is ast.BitOr:
            return Operation("|", tuple([self._annotation(part, span) for part in self._operands(node)]))
        if kind is ast.List or kind is ast.Tuple:
            return Sequence(tuple([self._annotation(part, span) for part in node.elts]))
        if span is not None:
            return Opaque("")  # an expression inside a quoted annotation has no place of its own
        return self.value(node, "annotation")

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
            return _plain_symbol(held) if held.origin == "global" else ""
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


_ANONYMOUS = frozenset({"local", "parameter", "builtin"})
_HANDED_DOWN = frozenset({"argument", "return"})


def _span(node: Node) -> Span:
    return Span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)


def _symbol(module: str, name: str) -> str:
    return module + name if module.endswith(".") else f"{module}.{name}"


def _added(method: str, call: Call) -> Expression | None:
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


def _plain_symbol(held: Expression | None) -> str:
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


_VALUES: dict[Any, Callable[[Walk, Any, Sink, str], Expression]] = {
    **dict.fromkeys(ast.expr.__subclasses__(), Walk._unknown),
    ast.Name: Walk.chain,
    ast.Attribute: Walk.chain,
    ast.Call: Walk.chain,
    ast.Subscript: Walk.chain,
    ast.Await: Walk.chain,
    ast.Constant: Walk._constant,
    ast.JoinedStr: Walk._joined_string,
    ast.BinOp: Walk._binary,
    ast.BoolOp: Walk._boolean,
    ast.IfExp: Walk._conditional,
    ast.UnaryOp: Walk._unary,
    ast.Compare: Walk._compare,
    ast.List: Walk._sequence,
    ast.Tuple: Walk._sequence,
    ast.Set: Walk._sequence,
    ast.Dict: Walk._mapping,
    ast.Lambda: Walk._lambda,
    ast.ListComp: Walk._comprehension,
    ast.SetComp: Walk._comprehension,
    ast.GeneratorExp: Walk._comprehension,
    ast.DictComp: Walk._comprehension,
    ast.NamedExpr: Walk._walrus,
    ast.Starred: Walk._starred,
    ast.Yield: Walk._yield,
    ast.YieldFrom: Walk._yield,
}

_STATEMENTS: dict[Any, Callable[[Walk, Any], None]] = {
    **dict.fromkeys(ast.stmt.__subclasses__(), Walk._unknown_statement),
    ast.Pass: Walk._nothing,
    ast.Expr: Walk._expression,
    ast.Assign: Walk._assign,
    ast.AnnAssign: Walk._annotated_assign,
    ast.AugAssign: Walk._augmented_assign,
    ast.Return: Walk._return,
    ast.Raise: Walk._raise,
    ast.Break: Walk._leave_loop,
    ast.Continue: Walk._leave_loop,
    ast.Delete: Walk._delete,
    ast.Assert: Walk._assert,
    ast.If: Walk._if,
    ast.For: Walk._for,
    ast.AsyncFor: Walk._for,
    ast.While: Walk._while,
    ast.Try: Walk._try,
    ast.TryStar: Walk._try,
    ast.With: Walk._with,
    ast.AsyncWith: Walk._with,
    ast.Match: Walk._match,
    ast.Global: Walk._global,
    ast.Nonlocal: Walk._nonlocal,
    ast.Import: Walk._import,
    ast.ImportFrom: Walk._import_from,
    ast.ClassDef: Walk._class,
    ast.FunctionDef: Walk._function,
    ast.AsyncFunctionDef: Walk._function,
}
