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
from collections.abc import Callable, Iterable
from typing import Any, Literal

from decompose.model.expressions import Chain, Constant, Continued, Expression
from decompose.model.syntax import (
    Definition,
    Import,
    ModuleSummary,
    Parameter,
    Remark,
    When,
)
from decompose.model.uses import SINKS, KeptUses
from decompose.syntax.flow import Flow
from decompose.syntax.names import symbol_of
from decompose.syntax.nodes import (
    Node,
    docstring,
    imported,
    start,
)
from decompose.syntax.strings import clean
from decompose.syntax.variables import Environment

_STATIC = frozenset({"staticmethod"})
_OF_CLASS = frozenset({"classmethod"})
_TAKES_CLASS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})


class Walk(Flow):
    """The pass over one file. Use once: ``Walk(path, name, is_package, text).summary(tree)``."""

    __slots__ = ()

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
            blocks=tuple(self.blocks),
            texts=tuple(self.texts),
            remarks=tuple(sorted((*remarks, *self.remarks), key=lambda remark: remark.line)),
            kept=kept(self.uses, self.beginnings, [*self.scopes, (self.scope, len(self.uses))], self.results),
        )

    def block(self, body: Iterable[Node]) -> None:
        statements = _STATEMENTS
        for node in body:
            statements[node.__class__](self, node)

    def _nothing(self, node: Node) -> None:
        """``pass``."""

    def _unknown_statement(self, node: Node) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and not (child.__class__ is ast.Name and child.ctx.__class__ is ast.Store):
                self.value(child, "other")
            elif isinstance(child, ast.stmt):
                self.block((child,))

    # --- imports

    def _import(self, node: Node) -> None:
        for alias in node.names:
            bound, symbol = imported(alias)
            self._imported_name(bound, symbol)
            self.imports.append(Import(alias.name, "", bound, node.lineno, self._when(), self.guard > 0, self.scope))

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
            self._imported_name(bound, symbol_of(module, alias.name))
            self.imports.append(Import(module, alias.name, bound, node.lineno, when, guarded, self.scope))

    def _imported_name(self, bound: str, symbol: str) -> None:
        if self.inside or not (self.guard and bound in self.local):
            self.local[bound] = Chain(symbol, "global")

    def _when(self) -> When:
        if self.typing:
            return "typing"
        return "call" if self.inside or self.closure else "load"

    # --- definitions

    def _class(self, node: Node) -> None:
        id = f"{self.scope}.{node.name}" if self.scope else self.prefix + node.name
        parent = self.scope
        self.enter(id)
        for parameter in getattr(node, "type_params", ()):
            self.local[parameter.name] = Chain(parameter.name, "local")
        index = len(self.definitions)
        self.definitions.append(None)
        decorators = tuple([self.whole(self.value(decorator, "decorator")) for decorator in node.decorator_list])
        bases = tuple([self.whole(self.value(base, "base")) for base in node.bases])
        keywords = tuple([(keyword.arg or "**", self.whole(self.value(keyword.value, "base"))) for keyword in node.keywords])
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
        saved = (
            self.local,
            self.outer,
            self.closure,
            self.klass,
            self.enclosing,
            self.inside,
            self.loop,
            self.guard,
            self.dead,
        )
        if self.inside:
            self.closure = (self.local, *self.outer)
        self.outer = (self.local, *self.outer)
        self.local = {}
        self.klass, self.enclosing, self.inside, self.loop, self.guard = id, "class", False, 0, 0
        self.block(body[1:] if doc is not None else body)
        (
            self.local,
            self.outer,
            self.closure,
            self.klass,
            self.enclosing,
            self.inside,
            self.loop,
            self.guard,
            self.dead,
        ) = saved
        self.enter(parent)
        self._defined(node.name, id)

    def _defined(self, name: str, id: str) -> None:
        if self.inside or not (self.guard and name in self.local):
            self.local[name] = Chain(id, "global")

    def _function(self, node: Node) -> None:
        id = f"{self.scope}.{node.name}" if self.scope else self.prefix + node.name
        parent = self.scope
        self.enter(id)
        index = len(self.definitions)
        self.definitions.append(None)
        decorators = tuple([self.whole(self.value(decorator, "decorator")) for decorator in node.decorator_list])
        for parameter in getattr(node, "type_params", ()):
            self.local.setdefault(parameter.name, Chain(parameter.name, "local"))
        parameters, environment = self._parameters(node, decorators)
        returns, returned, _ = self.annotation(node.returns) if node.returns is not None else ("", "", None)
        doc = docstring(node.body)
        task = (
            node,
            id,
            environment,
            self.klass,
            (index, self.enclosing, parent, decorators, parameters, returns, returned, doc, self.guard > 0),
        )
        self.enter(parent)
        self._defined(node.name, id)
        if self.inside or self.closure:
            self.late.append(task)
        else:
            self._function_body(task, ())

    def _function_body(self, task: tuple[Any, ...], closure: tuple[Environment, ...]) -> None:
        (
            node,
            id,
            environment,
            klass,
            (index, enclosing, parent, decorators, parameters, returns, returned, doc, condition),
        ) = task
        saved = (
            self.local, self.outer, self.closure, self.enclosing, self.inside, self.loop, self.guard, self.dead,
            self.weights, self.declared, self.late, self.escapes, self.typing, self.klass, self.returned, self.yields,
        )  # fmt: skip
        before = self.scope
        self.enter(id)
        self.local, self.outer, self.closure, self.enclosing, self.inside = environment, closure, closure, "function", True
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
            self.yields,
        )
        if self.returned:
            self.results.append((index, tuple(self.returned)))
        if self.late:
            visible = (self.local, *closure)
            for inner in self.late:
                self._function_body(inner, visible)
        (
            self.local, self.outer, self.closure, self.enclosing, self.inside, self.loop, self.guard, self.dead,
            self.weights, self.declared, self.late, self.escapes, self.typing, self.klass, self.returned, self.yields,
        ) = saved  # fmt: skip
        self.enter(before)

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
        if argument.annotation is None and default is None:
            known = self.plain.get(name)
            if known is None:
                known = self.plain[name] = Parameter(name), Chain(name, "parameter")
            parameter, environment[name] = known
            return parameter if kind == "normal" else Parameter(name, "", "", kind)
        text = symbol = given = ""
        annotated: Expression | None = None
        held: Expression | None = None
        if argument.annotation is not None:
            text, symbol, annotated = self.annotation(argument.annotation)
            if symbol and annotated.__class__ is Chain:
                annotated = None
        if default is not None:
            held = self.whole(self.value(default, "other"))
            given = self.source(default)
            if held.__class__ is Constant:
                held = None
        if symbol and kind != "varargs" and kind != "varkeywords":
            environment[name] = Chain(symbol, "instance")
        else:
            environment[name] = Chain(name, "parameter")
        return Parameter(name, text, given, kind, symbol, annotated, held)


_SINK_NUMBERS = {sink: number for number, sink in enumerate(SINKS)}


def kept(uses: list[tuple[Any, ...]], beginnings: list[Chain | Continued], left: list[tuple[str, int]], returned: list[Any]) -> KeptUses:
    """The uses that a walk has collected, as columns; ``left`` are the scopes and how many uses there were at their ends."""
    if not uses:
        return KeptUses(returned=tuple(returned))
    scopes: list[str] = []
    counts: list[int] = []
    before = 0
    for scope, number in left:
        if number > before:
            scopes.append(scope)
            counts.append(number - before)
            before = number
    heads, steps, inside, lines, columns, end_lines, end_columns, sinks, loops, targets = zip(*uses, strict=True)
    return KeptUses(
        tuple(beginnings), tuple(scopes), tuple(counts), heads, steps, inside, lines, columns, end_lines, end_columns,
        tuple(map(_SINK_NUMBERS.__getitem__, sinks)), loops, targets, tuple(returned),
    )  # fmt: skip


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
