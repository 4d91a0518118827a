"""Every expression that goes through a model: its normal form for the boundary, and the tables it reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from decompose.detect.django import standard
from decompose.detect.django.evaluate import Evaluator
from decompose.detect.django.lookups import expression_name
from decompose.detect.django.schema import Model
from decompose.detect.django.values import MAYBE, MODEL_KINDS, Step, Trace, Value
from decompose.link.expressions import last_bound, shape
from decompose.model.facts import Access, Annotation, ModelUse
from decompose.model.location import Location, Span
from decompose.model.syntax import (
    Bound,
    Call,
    Chain,
    Constant,
    Expression,
    Mapping,
    Operation,
    Sequence,
    Use,
)

_RESULTS = {
    "class": "class", "manager": "manager", "queryset": "queryset", "instance": "instance", "list": "queryset", "values": "values",
    "row": "values", "pair": "instance", "enumerated": "queryset", "indexed": "instance", "scalar": "scalar", "none": "none",
    "exception": "exception",
}  # fmt: skip
_ROWS = frozenset({"queryset", "list", "instance", "indexed", "enumerated", "values"})
_NO_CONTEXT = (None,)
Kept = tuple[str, int]
"""A variable and the line on which it gets its value."""


class _Segment(msgspec.Struct):
    """The part of a chain that belongs to one model, from ``start`` to the end of the chain."""

    model: Model
    head: Literal["class", "instance", "accessor", "continuation"]
    start: int
    owner: str = ""
    head_line: int = 0
    prefix: str = ""


class UseReader:
    """Turns uses into facts."""

    def __init__(self, evaluator: Evaluator) -> None:
        self.evaluator = evaluator
        self._shapes: dict[str, str] = {}
        self._words: dict[tuple[str, ...], tuple[str, ...]] = {}
        """Shapes and lists of names are the same for many uses: each is kept once."""
        self._absorbed: tuple[Chain, Span] | None = None
        self._written_only: frozenset[Kept] = frozenset()

    def facts(self) -> Iterator[Access | ModelUse]:
        """All accesses and model uses of the program, module by module."""
        evaluator = self.evaluator
        never_run = self._never_run()
        for module in evaluator.program.modules.values():
            self._written_only = never_run.get(module.path, frozenset())
            accesses: dict[tuple[str, str, str, int], bool] = {}
            for use in module.uses:
                chain = use.chain
                for context in self._contexts(chain) if chain.origin in ("self", "cls", "super") else _NO_CONTEXT:
                    trace = evaluator.follow(chain, use.scope, context, use.sink == "store")
                    if trace is not None and trace.telling:
                        self._note_accesses(use, module.name, trace, trace.start, accesses)
                        segments = self._segments(chain, trace, trace.start, use.span)
                        if segments:
                            yield from self._uses(use, module.name, module.path, trace, segments)
                    if chain.origin in ("parameter", "instance"):
                        # Only the accesses: an expression on rows of several models has no one form for a boundary.
                        for choice in evaluator.choices(chain, use.scope) if trace is None or chain.origin == "instance" else ():
                            followed = evaluator.follow_from(choice, chain, use.scope, use.sink == "store")
                            self._note_accesses(use, module.name, followed, followed.start, accesses)
            for (definition, table, mode, line), certain in accesses.items():
                yield Access(definition, table, "write" if mode == "write" else "read", Location(module.path, line), "orm", certain)

    def _contexts(self, chain: Chain) -> tuple[Value | None, ...]:
        """What ``self`` stands for: in a manager or query set class, a collection of each model that uses the class."""
        roles = self.evaluator.roles
        role = roles.of(chain.root)
        if role == "model":
            return self.evaluator.concrete(chain)
        if role not in ("manager", "queryset"):
            return _NO_CONTEXT
        using = roles.models_using(chain.root)
        return tuple(self.evaluator.collection(role, model, chain.root, len(using) == 1) for model in using[:6])

    def _never_run(self) -> dict[str, frozenset[Kept]]:
        """By file, the variables that hold a query set which is only ever changed as a whole: no query of its own is run for it."""
        waiting: dict[str, dict[Kept, None]] = {}
        for module, use in self.evaluator.program.uses.calling(standard.SILENT_TWINS):
            if use.scope and last_bound(use.chain) and self._ends_silently(use):
                waiting.setdefault(module.name, {}).update(dict.fromkeys(_kept_in(use.chain)))
        found: dict[str, frozenset[Kept]] = {}
        for name, kept in waiting.items():
            module = self.evaluator.program.modules[name]
            for use in module.uses:
                if use.chain.steps and last_bound(use.chain):
                    held = [each for each in _kept_in(use.chain) if each in kept]
                    if held and not self._is_put_off(use) and not self._ends_silently(use):
                        for each in held:
                            del kept[each]
            found[module.path] = frozenset(kept)
        return found

    def _only_written(self, use: Use, trace: Trace) -> tuple[str, ...]:
        """The tables that are hardly read where a variable gets its query set, because all that follows changes it as a whole (a test may still run it)."""
        if not self._written_only or use.sink != "assign" or trace.values[-1].model is None:
            return ()
        # A parenthesis may open on the line of the variable.
        kept = (use.target, use.span.line) in self._written_only or (use.target, use.span.line - 1) in self._written_only
        return trace.values[-1].model.tables if kept else ()

    @staticmethod
    def _uncounted(chain: Chain, trace: Trace) -> tuple[str, ...]:
        """The tables of the models that a counted one extends: they are asked only for what the conditions name."""
        if len(chain.steps) < 2 or chain.steps[-2] not in standard.COUNTS or len(trace.values) < len(chain.steps):
            return ()
        owner = trace.values[len(chain.steps) - 1].owner
        return owner.model.tables[1:] if owner is not None and owner.model is not None and owner.kind in ("queryset", "manager") else ()

    def _ends_silently(self, use: Use) -> bool:
        trace = self.evaluator.follow(use.chain, use.scope)
        return trace is not None and self._silent(use.chain, trace, trace.start)[0] == len(use.chain.steps) - 1

    def _is_put_off(self, use: Use) -> bool:
        """Whether a use only builds a query set for another variable."""
        if use.sink != "assign" or "." in use.target or use.chain.steps[-1].__class__ is not Call:
            return False
        value = self.evaluator.evaluate(use.chain, use.scope)
        return value is not None and value.kind == "queryset"

    def _note_accesses(self, use: Use, module: str, trace: Trace, start: int, accesses: dict[tuple[str, str, str, int], bool]) -> None:
        definition = use.scope or module
        silent = self._silent(use.chain, trace, start)
        put_off = self._only_written(use, trace) or self._uncounted(use.chain, trace)
        for position in range(start, len(trace.effects)):
            certain = trace.values[position].certain and (position + 1 >= len(trace.values) or trace.values[position + 1].certain)
            for table, mode in trace.effects[position]:
                if mode == "read" and position < silent[0] and table in silent[1]:
                    continue
                key = (definition, table, "read" if mode == MAYBE else mode, use.span.line)
                accesses[key] = accesses.get(key, False) or (certain and mode != MAYBE and table not in put_off)

        last = trace.values[-1]
        if use.sink == "iterate" and len(trace.values) == len(use.chain.steps) + 1 and last.kind in ("queryset", "values") and last.model is not None:
            # The loop runs the query, whoever built it.
            for table in (*last.model.tables, *last.joins, *last.along):
                key = (definition, table, "read", use.span.line)
                accesses[key] = accesses.get(key, False) or last.certain

    @staticmethod
    def _silent(chain: Chain, trace: Trace, start: int) -> tuple[int, tuple[str, ...]]:
        """Where a chain ends in ``update()`` or ``delete()``, and the tables for which the steps before it run no query."""
        for position in range(len(trace.effects) - 1, start, -1):
            value = trace.values[position]
            if value.kind == "method" and value.name in standard.SILENT_TWINS and isinstance(chain.steps[position], Call):
                owner = value.owner
                if owner is not None and owner.kind in ("queryset", "manager") and owner.model is not None:
                    return position, owner.model.tables
        return 0, ()

    # --- model uses ----------------------------------------------------------------------------

    def _uses(self, use: Use, module: str, path: str, trace: Trace, segments: list[_Segment]) -> Iterator[ModelUse]:
        at = Location(path, use.span.line)
        definition = use.scope or module
        last = trace.values[-1]
        whole = len(trace.values) == len(use.chain.steps) + 1
        result = _RESULTS.get(last.kind, "unknown") if whole else "unknown"
        certain = True
        for value in trace.values[trace.start :]:
            if not value.certain:
                certain = False
                break
        for segment in segments:
            steps = use.chain.steps[segment.start :]
            keywords = tuple([name for step in steps if step.__class__ is Call for name, _ in step.keywords])
            attributes = self._attributes(segment, use.chain, trace)
            written = segment.prefix or shape(steps)
            obstacle = self._obstacle(steps, use.scope)
            yield ModelUse(
                definition, segment.model.id, at, use.span,
                segment.head, self._shapes.setdefault(written, written), result, self._mode(segment, trace), use.sink, segment.head_line, use.loop,
                self._words.setdefault(keywords, keywords), self._words.setdefault(attributes, attributes), segment.owner, not obstacle, obstacle, certain,
                annotations=_annotations(segment, trace),
            )  # fmt: skip

    def _segments(self, chain: Chain, trace: Trace, start: int, span: Span) -> list[_Segment]:
        values = trace.values
        if start >= len(values):
            return []
        if self._absorbed is not None and _within(span, self._absorbed[1]) and chain == self._absorbed[0]:
            return []  # the class in `get_object_or_404(Order, ...)`: the call stands for it
        found: list[_Segment] = []
        value = values[start]
        if value.kind in MODEL_KINDS and value.model is not None and value.model.id:
            if start:
                bound = chain.steps[start - 1]
                assert isinstance(bound, Bound)
                found.append(_Segment(value.model, "continuation", start, head_line=bound.line))
            else:
                found.append(_Segment(value.model, "class" if value.kind == "class" else "instance", 0))
        previous = value
        for position in range(start, len(values) - 1):
            reached = values[position + 1]
            model = reached.model
            if reached.kind not in MODEL_KINDS or model is None or not model.id:
                previous = reached if reached.kind != "method" else previous
                continue
            if previous.model is None or previous.kind not in MODEL_KINDS:
                head: Literal["class", "instance"] = "class" if reached.kind in ("class", "manager") and not found else "instance"
                step = chain.steps[position]
                if position + 1 == len(chain.steps) and values[position].state.id.startswith("builtins."):
                    continue  # `list(orders)`: the argument is a use of its own
                if isinstance(step, Call) and self._is_shortcut(values[position]):
                    found.append(self._shortcut(model, chain, position, span))
                else:
                    found.append(_Segment(model, head, position + 1))
            elif model is not previous.model:
                begin = position
                if isinstance(chain.steps[position], Call) and position > start and isinstance(chain.steps[position - 1], str):
                    begin = position - 1
                found.append(_Segment(model, "accessor", begin, owner=previous.model.id))
            previous = reached
        return found

    @staticmethod
    def _is_shortcut(value: Value) -> bool:
        return value.kind == "state" and value.state.kind == "external" and value.state.id in standard.SHORTCUTS

    def _shortcut(self, model: Model, chain: Chain, position: int, span: Span) -> _Segment:
        """``get_object_or_404(Order, pk=1)``: a use of the class, with the function in its shape."""
        call = chain.steps[position]
        assert isinstance(call, Call)
        first = call.arguments[0]
        plain = isinstance(first, Chain) and not any(isinstance(step, Call) for step in first.steps)
        if isinstance(first, Chain) and plain:
            self._absorbed = (first, span)
        rest = Call(call.arguments[1:] if plain else call.arguments, call.keywords)
        name = next((step for step in reversed(chain.steps[:position]) if isinstance(step, str)), chain.root.rpartition(".")[2])
        return _Segment(model, "class", position, prefix=name + shape((rest, *chain.steps[position + 1 :])))

    def _mode(self, segment: _Segment, trace: Trace) -> Literal["read", "write", "none"]:
        tables = segment.model.tables
        mode: Literal["read", "none"] = "none"
        for effects in trace.effects[segment.start :]:
            for table, each in effects:
                if table in tables:
                    if each == "write":
                        return "write"
                    mode = "read"
        return mode

    def _attributes(self, segment: _Segment, chain: Chain, trace: Trace) -> tuple[str, ...]:
        """Dotted paths of fields used on instances of the segment's model."""
        found: dict[str, None] = {}
        path: list[str] = []
        for position in range(segment.start, len(trace.values) - 1):
            value = trace.values[position]
            step = chain.steps[position]
            after = trace.values[position + 1]
            if isinstance(step, str) and value.kind == "instance" and after.kind != "method" and after.name != "property":
                if path or value.model is segment.model:
                    path.append(step)
                continue
            if path:
                found.setdefault(".".join(path))
                path = []
        if path:
            found.setdefault(".".join(path))
        return tuple(found)

    # --- obstacles -----------------------------------------------------------------------------

    def _obstacle(self, steps: tuple[Step, ...], scope: str) -> str:
        for step in steps:
            if isinstance(step, Call) and (step.arguments or step.keywords):
                for argument in step.arguments:
                    found = self._obstacle_in(argument, scope, 0)
                    if found:
                        return found
                for name, value in step.keywords:
                    if name == "**" and not isinstance(value, Mapping):
                        return "**"
                    found = self._obstacle_in(value, scope, 0)
                    if found:
                        return found
        return ""

    def _obstacle_in(self, expression: Expression, scope: str, depth: int) -> str:
        if isinstance(expression, Constant) or depth > 6:
            return ""
        if isinstance(expression, Chain):
            name = expression_name(expression)
            if name:
                return name if name in standard.UNSEALABLE or depth == 0 else self._inside(expression, scope, depth) or name
            if expression.origin in ("global", "self", "local", "builtin", "instance") and expression.steps:
                value = self.evaluator.evaluate(expression, scope)
                if value is not None and value.kind in ("queryset", "manager", "values"):
                    return "sub-query"
            return ""
        if isinstance(expression, Operation):
            if expression.operator == "*" and len(expression.operands) == 1:
                return "*"
            if expression.operator == "lambda":
                return "lambda"
            return next(filter(None, (self._obstacle_in(each, scope, depth + 1) for each in expression.operands)), "")
        if isinstance(expression, Sequence):
            return next(filter(None, (self._obstacle_in(each, scope, depth + 1) for each in expression.items[:20])), "")
        if isinstance(expression, Mapping):
            return next(filter(None, (self._obstacle_in(each, scope, depth + 1) for _, each in expression.items[:20])), "")
        return ""

    def _inside(self, chain: Chain, scope: str, depth: int) -> str:
        for step in chain.steps:
            if isinstance(step, Call):
                for argument in (*step.arguments, *(value for _, value in step.keywords)):
                    found = self._obstacle_in(argument, scope, depth + 1)
                    if found:
                        return found
        return ""


def _annotations(segment: _Segment, trace: Trace) -> tuple[Annotation, ...]:
    """What the rows have beside their columns that a segment gives, before anything of theirs is read."""
    found: tuple[Annotation, ...] = ()
    for value in trace.values[segment.start :]:
        if value.kind in _ROWS and value.model is segment.model:
            found = value.annotations
    return tuple([each for each in found if not each.alias]) if found else ()


def _kept_in(chain: Chain) -> list[Kept]:
    return [(step.variable, step.line) for step in chain.steps if step.__class__ is Bound]


def _within(inner: Span, outer: Span) -> bool:
    starts = (outer.line, outer.column) <= (inner.line, inner.column)
    return starts and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
