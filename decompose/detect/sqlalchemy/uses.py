"""What code does with mapped classes and their rows, in the form that a boundary needs: statements, rows in hand, relationships followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from decompose.detect.sqlalchemy.chains import Chains
from decompose.detect.sqlalchemy.forms import ROWS, Form, Forms, Kept
from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.values import READING, Seen, Value, within
from decompose.link.expressions import last_bound
from decompose.link.program import Program, Step
from decompose.model.facts import Mode, ModelUse
from decompose.model.location import Span
from decompose.model.syntax import Bound, Call, Chain, Constant, Item, ModuleSummary, Slice

_OF_A_MODEL = frozenset({"class", "instance", "collection", "related", "query", "result", "rows", "row", "pagination", "dml", "attribute"})
_ASKED = frozenset({"session", "class", "query", "dml", "result", "rows", "extension", "construct", "maker", "pagination"})
"""Kinds of values whose methods are part of a statement; those of a row are not."""
_MANY = frozenset({"query", "result", "rows", "collection", "related", "pagination"})
_RESULTS = {"class": "class", "instance": "instance", "query": "queryset", "collection": "queryset", "related": "queryset", "result": "queryset", "rows": "values", "row": "values", "dml": "none", "pagination": "queryset"}  # fmt: skip
_NUMBERS = frozenset({"count", "delete", "update"})
_TAKEN = frozenset({"all", "fetchall", "fetchmany", "to_list"})
_SINGLE = frozenset({"scalar", "scalar_one", "scalar_one_or_none"})


class _Segment(msgspec.Struct, frozen=True):
    """A part of a chain that belongs to one model: from ``start`` to ``end``, in steps."""

    model: str
    head: Literal["class", "instance", "accessor", "continuation"]
    start: int
    end: int
    owner: str = ""


class ModelUses:
    """Makes facts of followed chains."""

    def __init__(self, program: Program, models: Models, chains: Chains, forms: Forms) -> None:
        self.program = program
        self.models = models
        self.chains = chains
        self.forms = forms

    def facts(self, scope: str, module: ModuleSummary, all_seen: list[Seen]) -> Iterator[ModelUse]:
        """The uses of one definition. What stands inside a statement is part of it, unless it is a statement itself."""
        statements: list[Span] = []
        built = self._built(scope)
        for seen in all_seen:
            inside = any(within(seen.use.span, each) and seen.use.span != each for each in reversed(statements[-8:]))
            if self._is_part(seen, built, inside):
                statements.append(seen.use.span)
                continue
            for segment, values in self._segments(seen, scope, built):
                if segment.head == "class":
                    if inside and not self._constructs(segment, seen.use.chain):
                        continue
                    if segment.end > segment.start:
                        statements.append(seen.use.span)
                yield self._fact(scope, module, seen, segment, values, built)

    def _built(self, scope: str) -> frozenset[Kept]:
        """Variables that hold a statement for one place that sends it: assigned once, and used once."""
        used: dict[Kept, list[Chain]] = {}
        assigned: dict[str, set[int]] = {}
        open_: set[Kept] = set()
        for use in self.chains.uses(scope):
            bounds = [step for step in use.chain.steps if isinstance(step, Bound)]
            for each in bounds:
                assigned.setdefault(each.variable, set()).add(each.line)
                if not each.certain or each.prefix >= 0 or each.symbol or not each.variable:
                    open_.add((each.variable, each.line))
            if bounds:
                used.setdefault((bounds[-1].variable, bounds[-1].line), []).append(use.chain)
        single = {key: chains[0] for key, chains in used.items() if len(chains) == 1 and key not in open_ and len(assigned[key[0]]) == 1}
        return frozenset(key for key, chain in single.items() if self._value(chain, last_bound(chain), scope).kind in ("query", "dml"))

    @staticmethod
    def _is_part(seen: Seen, built: frozenset[Kept], inside: bool) -> bool:
        """Whether a use only builds a statement for the place that sends it: its assignment, or the variable in the call there."""
        use = seen.use
        if use.sink == "assign" and any((use.target, line) in built for line in (use.span.line, use.span.line - 1)):
            return True
        bounds = [step for step in use.chain.steps if isinstance(step, Bound)]
        return inside and bool(bounds) and all((each.variable, each.line) in built for each in bounds)

    @staticmethod
    def _constructs(segment: _Segment, chain: Chain) -> bool:
        """Whether a use makes an object: that is a call of its own wherever it stands."""
        called = segment.end > 0 and isinstance(chain.steps[segment.end - 1], Call)
        name = chain.steps[segment.end - 2] if segment.end > 1 else chain.root.rpartition(".")[2]
        return called and isinstance(name, str) and name == segment.model.rpartition(".")[2]

    # --- what belongs to which model -----------------------------------------------------------

    def _segments(self, seen: Seen, scope: str, built: frozenset[Kept]) -> Iterator[tuple[_Segment, list[Value]]]:
        chain = seen.use.chain
        start = _start(chain, built)
        stored = seen.use.sink == "store"
        values = self.chains.prefixes(chain, scope)
        if stored:
            values.pop()
        written = self._written(seen, chain, values, start)
        if written is not None:
            yield written, values
            return
        found = self._first(chain, values, start) or self._columns(chain, values, start, scope)
        if found is None:
            return
        yield found, values
        model = found.model
        for position in range(found.end, len(values) - 1):
            reached, before = values[position + 1], values[position]
            if before.kind == "instance" and reached.kind in ("instance", "related", "query") and reached.model != model and self._mapped(reached):
                yield _Segment(reached.model, "accessor", position, len(chain.steps), model), values
                model = reached.model
            elif reached.model and self._mapped(reached):
                model = reached.model
        last = chain.steps[-1] if chain.steps else ""
        relation = self.models.mapped[model].relations.get(last) if stored and isinstance(last, str) and values[-1].kind == "instance" else None
        if relation is not None and relation.target in self.models.mapped:
            yield _Segment(relation.target, "accessor", len(chain.steps) - 1, len(chain.steps), model), values

    def _value(self, chain: Chain, position: int, scope: str) -> Value:
        return self.chains.value(Chain(chain.root, chain.origin, chain.steps[:position]), scope)

    def _mapped(self, value: Value) -> bool:
        return value.model in self.models.mapped

    def _written(self, seen: Seen, chain: Chain, values: list[Value], start: int) -> _Segment | None:
        """``session.add(order)``: the statement's model is that of the row it is given."""
        steps = chain.steps
        for position in range(start, len(values) - 2):
            step = steps[position]
            if values[position].kind == "session" and step in ROWS and isinstance(steps[position + 1], Call):
                targets = {event.target for event in seen.events if event.target in self.models.mapped}
                return _Segment(targets.pop(), "class", start, position + 2) if len(targets) == 1 else None
        return None

    def _first(self, chain: Chain, values: list[Value], start: int) -> _Segment | None:
        """Where the first model comes in, and how far the statement goes that begins there."""
        for position in range(start, len(values)):
            value = values[position]
            if value.kind not in _OF_A_MODEL or not self._mapped(value):
                continue
            if position == start == 0 and chain.origin == "parameter" and not value.certain:
                return None  # taken for a row by nothing but its name
            if position == start and (start or chain.origin not in ("global", "cls")):
                return _Segment(value.model, "continuation" if start else "instance", start, start)
            if position > start and any(each.kind == "state" for each in values[start:position]):
                # A function of the project gave it: the call has an edge of its own.
                return _Segment(value.model, "instance", position, position) if position < len(chain.steps) else None
            return _Segment(value.model, "class", start, self._end(chain, values, position))
        return None

    def _columns(self, chain: Chain, values: list[Value], start: int, scope: str) -> _Segment | None:
        """A statement that asks for columns or sums, not for rows: ``session.scalar(select(func.count(Order.id)))``."""
        steps = chain.steps
        for position in range(start, len(values) - 2):
            call = steps[position + 1]
            if values[position].kind == "session" and steps[position] in READING and isinstance(call, Call):
                named = sorted({model for each in call.arguments for model in self.forms.models_in(each, scope)})
                return _Segment(named[0], "class", start, self._end(chain, values, position + 2)) if named else None
        return None

    @staticmethod
    def _end(chain: Chain, values: list[Value], position: int) -> int:
        """The end of a statement: its last call, before what is done with the row or value that it gives."""
        end = position
        while end < len(chain.steps):
            step = chain.steps[end]
            if isinstance(step, Call) and end + 1 < len(values):
                position = end + 1
                if values[end + 1].kind not in _ASKED - {"pagination"}:
                    break
            elif not isinstance(step, str | Bound):
                break
            end += 1
        return position

    # --- facts ---------------------------------------------------------------------------------

    def _fact(self, scope: str, module: ModuleSummary, seen: Seen, segment: _Segment, values: list[Value], built: frozenset[Kept]) -> ModelUse:
        chain = seen.use.chain
        bound = chain.steps[segment.start - 1] if segment.head == "continuation" else None
        form = Form("", (), (), ())
        shape = _shape(chain.steps[segment.start :])
        if segment.head == "class":
            form = self.forms.form(chain, scope, segment.start, segment.end, segment.model, built) if segment.end else form
            shape = form.text or shape
        result = values[segment.end if segment.head == "class" else -1]
        obstacle = form.obstacle or self._obstacle(seen, segment, result)
        attributes = self._attributes(chain, segment, values)
        return ModelUse(
            definition=scope,
            model=segment.model,
            at=self.program.at(module.name, seen.use.span.line),
            span=seen.use.span,
            head=segment.head,
            shape=shape,
            result=self._result(chain, segment, result, scope),
            mode=self._mode(seen, segment, chain),
            sink=seen.use.sink,
            head_line=bound.line if isinstance(bound, Bound) else 0,
            loop=seen.use.loop,
            keywords=tuple(name for step in chain.steps[segment.start :] if isinstance(step, Call) for name, _ in step.keywords),
            attributes=attributes,
            owner=segment.owner,
            sealable=not obstacle,
            obstacle=obstacle,
            certain=seen.value.certain,
            holes=form.holes,
            imports=form.imports,
            joins=form.joins,
        )

    def _mode(self, seen: Seen, segment: _Segment, chain: Chain) -> Mode | Literal["none"]:
        if seen.use.sink == "store" or any(each.mode == "write" for each in seen.events):
            return "write"
        asked = segment.head == "class" and segment.end and not self._constructs(segment, chain)
        return "read" if seen.events or asked else "none"

    def _result(self, chain: Chain, segment: _Segment, value: Value, scope: str) -> str:
        if segment.head != "class" or segment.end < 2:
            return _RESULTS.get(value.kind, "unknown")
        last, before = chain.steps[segment.end - 2], self._value(chain, segment.end - 2, scope)
        if before.kind == "session" and last in ROWS and last != "merge":
            return "none"
        if last in _NUMBERS or (last in _SINGLE and value.kind == "unknown"):
            return "scalar"
        return _RESULTS.get(value.kind, "unknown")

    @staticmethod
    def _obstacle(seen: Seen, segment: _Segment, value: Value) -> str:
        """What the form does not show: a query that somebody else runs."""
        if segment.head == "continuation" and value.kind in ("query", "dml"):
            return "a query that began earlier continues here: write it as one expression"
        if segment.head != "class":
            return ""
        further = seen.use.chain.steps[segment.end :]
        if len(further) > 1 and isinstance(further[0], str) and isinstance(further[1], Call) and value.kind == "instance":
            return f"{further[0]}() is called on the row at once: put the row into a variable"
        if further:
            return ""
        if value.kind in ("query", "dml") and seen.use.sink not in ("iterate", "discard"):
            return "a statement is passed on before it is sent: send it here"
        last = seen.use.chain.steps[segment.end - 2] if segment.end > 1 else ""
        if value.kind in ("result", "rows") and last not in _TAKEN and seen.use.sink not in ("iterate", "argument", "discard"):
            return "a result is passed on before its rows are taken: take them here"
        return ""

    @staticmethod
    def _attributes(chain: Chain, segment: _Segment, values: list[Value]) -> tuple[str, ...]:
        """What is read or set on a row of the segment's model, before the chain goes on to another row or into a value."""
        position = segment.end if segment.head in ("class", "continuation", "instance") else segment.start + 1
        if segment.head == "accessor":
            return ()
        while position < len(chain.steps) and isinstance(chain.steps[position], Item | Bound):
            position += 1
        if position >= len(chain.steps) or position >= len(values) or values[position].kind != "instance":
            return ()
        step = chain.steps[position]
        called = position + 1 < len(chain.steps) and isinstance(chain.steps[position + 1], Call)
        return (step,) if isinstance(step, str) and not called else ()


def _start(chain: Chain, built: frozenset[Kept]) -> int:
    """Where an expression begins: after the last variable that is more than a part of the statement."""
    for index in range(len(chain.steps), 0, -1):
        step = chain.steps[index - 1]
        if isinstance(step, Bound) and (step.variable, step.line) not in built:
            return index
    return 0


def _shape(steps: tuple[Step, ...]) -> str:
    """The steps in the form of :mod:`decompose.planning.shape`."""
    parts: list[str] = []
    for step in steps:
        if isinstance(step, str):
            parts.append(f".{step}" if parts else step)
        elif isinstance(step, Call):
            given = [repr(each.value) if isinstance(each, Constant) else "?" for each in step.arguments]
            given += ["**" if name == "**" else f"{name}=" for name, _ in step.keywords]
            parts.append(f"({','.join(given)})")
        elif isinstance(step, Item):
            parts.append(f"[{step.key!r}]" if step.key is not None else "[]")
        elif isinstance(step, Slice):
            parts.append("[:]")
    return "".join(parts)
