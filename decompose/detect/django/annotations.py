"""What query sets add to their rows beside columns, and its types: ``annotate(number=Count("lines"))``, ``extra(select=...)``.

The types are those that Django's expressions have ("Query Expressions", "Aggregation functions", "Database Functions", for Django 4.2 to 6.0).
What the text does not say has none: ``output_field`` says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from decompose.detect.django import standard
from decompose.detect.django.lookups import expression_name
from decompose.detect.django.schema import Model
from decompose.detect.django.values import Value
from decompose.link.expressions import argument, keyword
from decompose.model.facts import Annotation
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Constant, Expression, Mapping, Operation


class Typed(NamedTuple):
    """A neutral type, ``""`` when it is not known, and whether a value may be missing."""

    type: str
    nullable: bool = True


UNKNOWN = Typed("")
_NULL = Typed("none")
Follow = Callable[[Expression], Value | None]
"""What an expression stands for at the place where the annotation is written."""

_WHOLE = frozenset({"Count", "RowNumber", "Rank", "DenseRank", "Ntile", "RegrCount"})
"""Whole numbers that are never null."""
_TEXT = frozenset({
    "Chr", "Concat", "ConcatPair", "Left", "Lower", "LPad", "LTrim", "MD5", "Repeat", "Replace", "Reverse", "Right", "RPad", "RTrim", "SHA1", "SHA224",
    "SHA256", "SHA384", "SHA512", "StringAgg", "Substr", "Trim", "Upper",
})  # fmt: skip
_INTEGER = frozenset({
    "Extract", "ExtractDay", "ExtractHour", "ExtractIsoWeekDay", "ExtractIsoYear", "ExtractMinute", "ExtractMonth", "ExtractQuarter", "ExtractSecond",
    "ExtractWeek", "ExtractWeekDay", "ExtractYear", "Length", "Ord", "StrIndex",
})  # fmt: skip
_FLOAT = frozenset({"CumeDist", "PercentRank", "Pi", "Random", "SearchRank", "TrigramSimilarity", "TrigramDistance"})
_OF_SOURCE = frozenset({
    "Abs", "BitAnd", "BitOr", "BitXor", "Ceil", "FirstValue", "Floor", "Lag", "LastValue", "Lead", "Max", "Min", "NthValue", "NullIf", "Round", "Sum",
    "TruncDay", "TruncHour", "TruncMinute", "TruncMonth", "TruncQuarter", "TruncSecond", "TruncWeek", "TruncYear",
})  # fmt: skip
"""Expressions that give what their first argument is."""
_MEANS = frozenset({"Avg", "StdDev", "Variance"})
_COMMON = frozenset({"Coalesce", "Greatest", "Least"})
_TRUTH = frozenset({"Exists", "Q"})
_NOT_ON_ROWS = frozenset({"FilteredRelation"})
"""Given to ``annotate()`` for the sake of later conditions: rows do not have them."""
_OF_COLUMN = {"text": "string", "file": "string", "big": "big", "other": ""}
_TRANSFORMS = {"date": "date", "time": "time"} | dict.fromkeys(
    ("year", "iso_year", "quarter", "month", "week", "week_day", "iso_week_day", "day", "hour", "minute", "second"), "integer"
)
_NUMBERS = ("integer", "big", "float", "decimal")


def added(method: str, call: Call, owner: Value, follow: Follow, at: Location | None) -> Iterator[Annotation]:
    """What a method of a query set adds to the rows of ``owner``."""
    match method:
        case "annotate" | "alias":
            reader = _Reader(owner, follow)
            for name, expression in _named(call):
                if isinstance(expression, Chain) and expression_name(expression) in _NOT_ON_ROWS:
                    continue
                found = reader.typed(expression) if name != "**" else UNKNOWN
                yield Annotation(name, found.type, found.nullable, at, "" if found.type else _untyped(expression), method == "alias")
        case "extra":
            chosen = argument(call, 0, "select")
            if isinstance(chosen, Mapping):
                for key, _ in chosen.items:
                    known = isinstance(key, Constant) and isinstance(key.value, str)
                    yield Annotation(str(key.value) if known and isinstance(key, Constant) else "**", "", True, at, "its SQL says no type")
            elif chosen is not None and chosen != Constant(None):
                yield Annotation("**", "", True, at, "its names are not in the text")
        case "raw":
            yield Annotation("**", "", True, at, "the columns of its SQL are not followed")
        case "prefetch_related":
            for each in call.arguments:
                for step in each.steps if isinstance(each, Chain) and expression_name(each) == "Prefetch" else ():
                    kept = argument(step, 2, "to_attr") if isinstance(step, Call) else None
                    if kept is not None:
                        name = str(kept.value) if isinstance(kept, Constant) else "**"
                        yield Annotation(name, "", False, at, "it is a list of other rows")


def _named(call: Call) -> Iterator[tuple[str, Expression]]:
    """Annotations by name: an aggregate given by position is named after its path, ``lines__count``."""
    for each in call.arguments:
        name = expression_name(each) if isinstance(each, Chain) else ""
        path = next((step.arguments[0] for step in each.steps if isinstance(step, Call) and step.arguments), None) if isinstance(each, Chain) and name else None
        known = isinstance(path, Constant) and isinstance(path.value, str)
        yield (f"{path.value}__{name.lower()}" if known and isinstance(path, Constant) else "**"), each
    yield from call.keywords


def _untyped(expression: Expression) -> str:
    name = expression_name(expression) if isinstance(expression, Chain) else ""
    return f"what {name or 'its expression'} gives is not known: say it with output_field"


class _Reader:
    """Types of expressions on the rows of one query set."""

    def __init__(self, owner: Value, follow: Follow) -> None:
        self._model = owner.model
        self._known = {each.name: each for each in owner.annotations}
        self._follow = follow

    def typed(self, expression: Expression) -> Typed:
        match expression:
            case Constant(value=value):
                return self._path(value) if isinstance(value, str) else of_constant(value)
            case Operation(operator="~" | "not"):
                return Typed("boolean", True)
            case Operation(operator="&" | "|" | "^"):
                return Typed("boolean", True)
            case Operation(operator=operator, operands=operands):
                return _combined(operator, [self._operand(each) for each in operands])
            case Chain():
                return self._chain(expression)
        return UNKNOWN

    def _operand(self, expression: Expression) -> Typed:
        """An operand of arithmetic: a bare value is one, not a path."""
        return of_constant(expression.value) if isinstance(expression, Constant) else self.typed(expression)

    def _chain(self, chain: Chain) -> Typed:
        name = expression_name(chain)
        call = next((step for step in chain.steps if isinstance(step, Call)), None)
        if call is None:
            return UNKNOWN
        if chain.root == "decimal.Decimal" and chain.steps == (call,):
            return Typed("decimal", False)
        said = keyword(call, "output_field") or (argument(call, 1) if name == "Cast" else None)
        if said is not None:
            return Typed(field_type(said), name not in _WHOLE)
        default = keyword(call, "default")
        inner = [self.typed(each) for each in call.arguments]
        first = inner[0] if inner else UNKNOWN
        if name in _WHOLE:
            return Typed("integer", False)
        if name in _TRUTH:
            return Typed("boolean", name != "Exists")
        if name in _TEXT:
            return Typed("string")
        if name in _INTEGER:
            return Typed("integer")
        if name in _FLOAT:
            return Typed("float")
        if name in _MEANS:
            return Typed({"integer": "float", "big": "float", "float": "float"}.get(first.type, first.type))
        if name in _OF_SOURCE:
            return Typed(first.type)
        if name in _COMMON:
            return _common(inner, nullable=all(each.nullable for each in inner))
        match name:
            case "F" | "ExpressionWrapper":
                return first
            case "Value":
                return self._operand(call.arguments[0]) if call.arguments else UNKNOWN
            case "Now":
                return Typed("datetime", False)
            case "TruncDate":
                return Typed("date")
            case "TruncTime":
                return Typed("time")
            case "Case":
                last = [self.typed(default)] if default is not None else []
                found = [*(self._then(each) for each in call.arguments), *last]
                return _common(found, nullable=default is None or any(each.nullable for each in found))
            case "Window":
                return self.typed(call.arguments[0] if call.arguments else keyword(call, "expression") or Constant(None))
            case "Subquery":
                return self._selected(call.arguments[0]) if call.arguments else UNKNOWN
        return UNKNOWN

    def _then(self, expression: Expression) -> Typed:
        for step in expression.steps if isinstance(expression, Chain) else ():
            if isinstance(step, Call):
                then = keyword(step, "then")
                return self.typed(then) if then is not None else UNKNOWN
        return UNKNOWN

    def _selected(self, query: Expression) -> Typed:
        """The one column that a sub-query selects: ``Subquery(newest.values("amount")[:1])``."""
        held = self._follow(query)
        if not isinstance(query, Chain) or held is None or held.model is None or held.kind != "values":
            return UNKNOWN
        for position, step in enumerate(query.steps):
            following = query.steps[position + 1] if position + 1 < len(query.steps) else None
            if step in ("values", "values_list") and isinstance(following, Call):
                last = following
        return self._column(last, held) if any(step in ("values", "values_list") for step in query.steps) else UNKNOWN

    def _column(self, call: Call, held: Value) -> Typed:
        if len(call.arguments) != 1 or any(name not in ("flat",) for name, _ in call.keywords):
            return UNKNOWN
        return Typed(_Reader(held, self._follow).typed(call.arguments[0]).type)

    def _path(self, path: str) -> Typed:
        """The column at the end of ``lines__product__price``, or what the query set calls so."""
        parts = path.split("__")
        if path in self._known:
            known = self._known[path]
            return Typed(known.type, known.nullable)
        current, nullable = self._model, False
        for index, part in enumerate(parts):
            if current is None:
                return UNKNOWN
            field = current.field(part)
            reverse = current.query(part) if field is None else None
            if reverse is not None:
                current, nullable = reverse.source, True
            elif field is None:
                return UNKNOWN
            elif field.target is not None and part == field.name and part != "pk":
                nullable = nullable or field.nullable or field.kind not in ("fk", "o2o")
                current = field.target
            else:
                return _transformed(Typed(_column_type(field.type, field.target), nullable or field.nullable), parts[index + 1 :])
        return Typed(_column_type("", current), nullable)


def _transformed(column: Typed, parts: list[str]) -> Typed:
    """What transforms make of a column: ``created__date``."""
    for each in parts:
        column = Typed(_TRANSFORMS.get(each, ""), column.nullable)
    return column


def _column_type(declared: str, target: Model | None) -> str:
    """The neutral type of a column; of a foreign key that of the key it holds."""
    if target is not None:
        return _column_type(target.key.type, None) if target.key is not None and target.key.target is None else ""
    return _OF_COLUMN.get(declared, declared)


def field_type(said: Expression) -> str:
    """The neutral type of a field that is made in an expression: ``models.IntegerField()``."""
    if not isinstance(said, Chain):
        return ""
    name = expression_name(said)
    return _OF_COLUMN.get(standard.FIELD_TYPES.get(name, ""), standard.FIELD_TYPES.get(name, ""))


def of_constant(value: object) -> Typed:
    """The type of a literal."""
    if value is None:
        return _NULL
    kinds = {bool: "boolean", int: "integer", float: "float", str: "string"}
    return Typed(kinds.get(type(value), ""), False)


def _common(found: Iterable[Typed], *, nullable: bool) -> Typed:
    """The type that all have, ``None`` among them left out."""
    types = {each.type for each in found if each != _NULL}
    return Typed(types.pop(), nullable) if len(types) == 1 and "" not in types else UNKNOWN


def _combined(operator: str, operands: list[Typed]) -> Typed:
    """Arithmetic, as ``CombinedExpression`` types it: of mixed numbers the wider one, of two times their difference."""
    types = {each.type for each in operands}
    nullable = any(each.nullable for each in operands)
    if "" in types or operator not in ("+", "-", "*", "/", "%", "**"):
        return UNKNOWN
    if len(types) == 1 and types <= {*_NUMBERS}:
        return Typed(types.pop(), nullable or operator in ("/", "%"))
    if types <= {"integer", "big", "float"} or types <= {"integer", "big", "decimal"}:
        widest = max(types, key=_NUMBERS.index)
        return Typed(widest, nullable or operator in ("/", "%"))
    if operator == "-" and len(types) == 1 and types <= {"date", "datetime", "time"}:
        return Typed("duration", nullable)
    if operator in ("+", "-") and "duration" in types and types <= {"date", "datetime", "duration"}:
        return Typed("duration" if len(types) == 1 else "datetime", nullable)
    return UNKNOWN
