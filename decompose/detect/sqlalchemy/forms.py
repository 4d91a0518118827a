"""The normal form of a statement: its own source with a parameter in the place of every value that the caller gives.

``db.session.scalars(select(Order).where(Order.state == wanted.lower())).all()`` is written
``db.session.scalars(select(Order).where(Order.state == state)).all()`` with the parameter ``state`` of the type of the column
``Order.state``. What belongs to the query language (mapped classes, their columns, SQLAlchemy's functions, the session) is evaluated by
whoever runs the statement; everything else is a value. What has no such form is an obstacle, with the reason.
"""

from __future__ import annotations

import ast
import keyword as python
import re
from collections.abc import Iterator

import msgspec

from decompose.detect.sqlalchemy.models import Models
from decompose.detect.sqlalchemy.names import Names
from decompose.detect.sqlalchemy.values import Evaluator, Value
from decompose.link.program import Program, Step
from decompose.model.nouns import plural, snake
from decompose.model.syntax import (
    Bound,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Item,
    Mapping,
    Opaque,
    Operation,
    Sequence,
    Slice,
    Template,
)

_COMPARING = frozenset({"==", "!=", "<", "<=", ">", ">=", "is", "is not"})
_JOINING = frozenset({"and", "or", "|", "&", "+", "-", "*", "/", "//", "%"})
_MEMBERSHIP = frozenset({"in_", "notin_", "not_in"})
_MATCHING = frozenset({"like", "ilike", "notlike", "not_like", "notilike", "contains", "icontains", "startswith", "endswith", "is_", "isnot", "is_not", "between", "is_distinct_from", "match", "op"})  # fmt: skip
_SAME_TYPE = frozenset({"lower", "upper", "trim", "coalesce", "max", "min", "abs"})
_NUMBERED = frozenset({"limit", "offset"})
ROWS = frozenset({"add", "add_all", "delete", "merge", "refresh", "expunge", "expire"})
"""Methods of a session that are given rows."""

_SAYING = frozenset({"class", "table", "columns", "attribute", "construct", "extension", "session", "query", "dml", "text", "maker", "engine", "tables", "classes"})
"""Kinds of values that belong to the query language."""

_LATER = frozenset({"query", "dml", "text", "table", "attribute", "class", "construct", "columns"})
"""What a local variable may hold that is no value yet."""


class Form(msgspec.Struct, frozen=True):
    """A statement with parameters: each of ``holes`` is ``name`` and what it is, joined by ``=``.

    What a hole is: ``session``; ``column <model>.<lookup>`` (a lookup ends in ``__in`` where it is a collection); ``row <model>`` and
    ``rows <model>``; ``parameter <method>.<name>``; ``integer``; nothing when nobody says. ``imports`` are dotted names, ``joins`` other models that it names.
    """

    text: str
    holes: tuple[str, ...]
    imports: tuple[str, ...]
    joins: tuple[str, ...]
    obstacle: str = ""


Kept = tuple[str, int]
"""A variable and the line on which it gets its value."""


class Unwritten(Exception):
    """An expression has no form; the message says why."""


class Forms:
    """Writes the normal forms of a program's statements."""

    def __init__(self, program: Program, names: Names, models: Models, chains: Evaluator) -> None:
        self.program = program
        self.names = names
        self.models = models
        self.chains = chains

    def form(self, chain: Chain, scope: str, start: int, end: int, model: str, built: frozenset[Kept] = frozenset()) -> Form:
        """The form of the steps from ``start`` to ``end`` of a chain; before ``start`` there may be a variable that holds a session.

        ``built`` are variables that hold a part of the statement and nothing else: it is written as one expression.
        """
        writer = _Writer(self, scope, model, built)
        try:
            # Parsed and written again it loses parentheses that are there only to be safe.
            text = ast.unparse(ast.parse(writer.chain(Chain(chain.root, chain.origin, chain.steps[:end]), start), mode="eval"))
        except Unwritten as reason:
            return Form("", (), (), tuple(sorted(self.models_in(chain, scope) - {model})), str(reason))
        joins = {each for each in writer.models if each != model}
        return Form(text, tuple(writer.holes), tuple(sorted(writer.imports)), tuple(sorted(joins)))

    def models_in(self, expression: Expression, scope: str) -> set[str]:
        """The mapped classes that an expression names."""
        return {value.model for each in chains_in(expression) if (value := self.root(each, scope)).kind == "class" and value.model in self.models.mapped}

    def root(self, chain: Chain, scope: str) -> Value:
        """What the name that a chain begins with stands for."""
        return self.chains.value(Chain(chain.root, chain.origin, chain.steps[: self.named(chain)]), scope)

    def named(self, chain: Chain) -> int:
        """How many steps still belong to the name of what the chain begins with: ``models`` ``.Order`` is one."""
        if chain.origin not in ("global", "cls"):
            return 0
        state, rest = self.program.head(chain)
        if state.kind == "external":
            return self._outside(chain)
        return len(chain.steps) - len(rest)

    def _outside(self, chain: Chain) -> int:
        """``sa.func.count`` is the attribute ``count`` of ``func``, ``sa.select`` a name of its own."""
        parts = chain.root.split(".")
        if "func" in parts:
            return 0
        count = 0
        for step in chain.steps:
            if not isinstance(step, str) or parts[-1][:1].isupper():
                break
            count, parts = count + 1, [*parts, step]
            if step == "func":
                break
        return count

    def speaks(self, expression: Expression, scope: str, built: frozenset[Kept] = frozenset()) -> bool:
        """Whether any of an expression belongs to the query language."""
        return any(self._says(each, scope, built) for each in chains_in(expression))

    def _says(self, chain: Chain, scope: str, built: frozenset[Kept]) -> bool:
        if any(isinstance(step, Bound) and (step.variable, step.line) not in built for step in chain.steps):
            return False
        if any(isinstance(step, Bound) for step in chain.steps):
            return True
        if chain.origin == "global":
            state, _ = self.program.head(chain)
            if state.kind == "external" and self.names.meaning(state.id):
                return True
        return chain.origin in ("global", "cls") and self.root(chain, scope).kind in _SAYING


class _Writer:
    """Writes one statement."""

    def __init__(self, forms: Forms, scope: str, model: str, built: frozenset[Kept]) -> None:
        self.forms = forms
        self.built = built
        self.scope = scope
        self.model = model
        self.holes: list[str] = []
        self.imports: dict[str, str] = {}
        self.models: set[str] = set()
        self._names: set[str] = set()
        self._followed: dict[int, tuple[Chain, list[Value]]] = {}

    def hole(self, what: str, name: str) -> str:
        """A parameter; a name that is taken gets a number."""
        plain = re.sub(r"\W", "_", name) or "value"
        if python.iskeyword(plain) or plain in self._taken():
            plain += "_"
        found, number = plain, 2
        while found in self._names:
            found, number = f"{plain}_{number}", number + 1
        self._names.add(found)
        self.holes.append(f"{found}={what}")
        return found

    def _taken(self) -> set[str]:
        return {*self.imports.values()}

    def valued(self, lookup: str) -> str:
        """A parameter for a value that is compared with what ``lookup`` says."""
        if lookup.startswith("column "):
            return self.hole(lookup, lookup.rpartition(".")[2].removesuffix("__in"))
        if lookup.startswith(("row ", "rows ")):
            name = snake(lookup.rpartition(".")[2])
            return self.hole(lookup, plural(name) if lookup.startswith("rows ") else name)
        if lookup.startswith("parameter "):
            return self.hole(lookup, lookup.rpartition(".")[2])
        return self.hole(lookup.partition(" ")[0], lookup.partition(" ")[2] or "value")

    # --- expressions ---------------------------------------------------------------------------

    def expression(self, given: Expression, lookup: str = "") -> str:
        """The source of an expression, values as parameters."""
        if lookup.startswith(("row ", "rows ")):
            return self.valued(lookup)  # rows are values, made on the spot or not
        if isinstance(given, Constant):
            plain = given.value is None or isinstance(given.value, bool) or not lookup
            return repr(given.value) if plain else self.valued(lookup)
        if isinstance(given, Chain) and not self.forms.speaks(given, self.scope, self.built):
            self._check_held(given)
            return self.valued(lookup)
        if isinstance(given, Opaque):
            raise Unwritten(f"{given.text[:60] or 'an argument'} is not followed")
        if not self.forms.speaks(given, self.scope, self.built):
            self._check_value(given)
            return self.valued(lookup)
        if isinstance(given, Chain):
            return self.chain(given, 0)
        if isinstance(given, Operation):
            return self._operation(given)
        if isinstance(given, Sequence):
            return f"[{', '.join(self.expression(each, lookup) for each in given.items)}]"
        raise Unwritten("a part of the statement has a form that is not followed")

    def _check_held(self, chain: Chain) -> None:
        """A variable that holds a part of the statement is no value."""
        value = self.forms.chains.value(chain, self.scope)
        if value.kind in _LATER:
            raise Unwritten(f"a part of the statement was made before, in {_name_of(chain)}: write it as one expression")

    def _check_value(self, given: Expression) -> None:
        if isinstance(given, Operation) and given.operator in ("lambda", "*") and len(given.operands) < 2:
            raise Unwritten("a function is given" if given.operator == "lambda" else "* cannot be passed over the boundary")
        for each in chains_in(given):
            self._check_held(each)

    def _operation(self, given: Operation) -> str:
        operator, operands = given.operator, given.operands
        if operator in _COMPARING and len(operands) == 2:
            lookup = self._column(operands[0]) or self._column(operands[1])
            return f"({self.expression(operands[0], lookup)} {operator} {self.expression(operands[1], lookup)})"
        if operator in _JOINING and len(operands) > 1:
            return f"({f' {operator} '.join(self.expression(each) for each in operands)})"
        if len(operands) == 1 and operator in ("not", "~", "-", "+"):
            return f"{operator}{' ' if operator == 'not' else ''}{self.expression(operands[0])}"
        raise Unwritten(f"an argument with {operator!r} is not followed" if operator != "*" else "* cannot be passed over the boundary")

    def _column(self, given: Expression) -> str:
        """The column that an operand is, perhaps inside a function that keeps its type."""
        if not isinstance(given, Chain):
            return ""
        value = self.forms.chains.value(given, self.scope)
        if value.kind == "attribute" and value.model and value.name:
            return f"column {value.model}.{value.name}"
        calls = [step for step in given.steps if isinstance(step, Call)]
        names = [*given.root.split("."), *(step for step in given.steps if isinstance(step, str))]
        if "func" in names and len(calls) == 1 and names[-1] in _SAME_TYPE and calls[0].arguments:
            return self._column(calls[0].arguments[0])
        return "integer count" if "func" in names and names[-1] == "count" else ""

    # --- chains --------------------------------------------------------------------------------

    def chain(self, chain: Chain, start: int) -> str:
        """The source of a chain from its beginning; with ``start`` what is before it is a variable."""
        text, position = self._beginning(chain, start)
        self._note(chain, position)
        while position < len(chain.steps):
            step = chain.steps[position]
            if isinstance(step, str):
                text += f".{step}"
            elif isinstance(step, Call):
                text += f"({', '.join(self._arguments(chain, position, step))})"
            elif isinstance(step, Item) and step.key is not None:
                text += f"[{step.key!r}]"
            elif isinstance(step, Bound) and (step.variable, step.line) in self.built:
                pass
            else:
                what = "a slice" if isinstance(step, Slice) else "a variable" if isinstance(step, Bound) else "an element"
                raise Unwritten(f"{what} stands inside the statement: write it as one expression")
            position += 1
            self._note(chain, position)
        return text

    def _note(self, chain: Chain, position: int) -> None:
        value = self._value(chain, position)
        if value.model in self.forms.models.mapped:
            self.models.add(value.model)

    def _value(self, chain: Chain, position: int) -> Value:
        held, values = self._followed.get(id(chain), (None, []))
        if held is not chain:
            values = self.forms.chains.prefixes(chain, self.scope)
            self._followed[id(chain)] = (chain, values)
        return values[position]

    def _beginning(self, chain: Chain, start: int) -> tuple[str, int]:
        if start or chain.origin not in ("global", "cls"):
            return self._session(chain, start)
        position = self.forms.named(chain)
        return self._imported(Chain(chain.root, chain.origin, chain.steps[:position])), position

    def _session(self, chain: Chain, start: int) -> tuple[str, int]:
        """A session that the caller holds: a parameter, a variable or an attribute."""
        for position in range(start, len(chain.steps) + 1):
            value = self._value(chain, position)
            if value.kind == "session":
                return self.hole("session", "session"), position
            if value.model:
                break
        raise Unwritten("what the statement begins with is not followed")

    def _imported(self, chain: Chain) -> str:
        state = self.forms.program.head(chain)[0]
        names = [chain.root, *(step for step in chain.steps if isinstance(step, str))]
        dotted = ".".join(names) if state.kind == "external" else state.id
        if "func" in dotted.split(".")[:-1]:
            dotted, _, rest = dotted.partition(".func.")
            dotted, rest = f"{dotted}.func", f".{rest}"
        else:
            rest = ""
        if state.kind == "function":
            raise Unwritten(f"{state.id.rpartition('.')[2]}() makes a part of the statement: write it as one expression")
        if state.kind not in ("class", "binding", "external"):
            raise Unwritten("what the statement begins with is not followed")
        name = dotted.rpartition(".")[2]
        if self.imports.setdefault(dotted, name) != name or [*self.imports.values()].count(name) > 1:
            raise Unwritten(f"two names {name} stand in the statement")
        return name + rest

    def _arguments(self, chain: Chain, position: int, call: Call) -> Iterator[str]:
        before = chain.steps[position - 1] if position else ""
        name = before if isinstance(before, str) else ""
        receiver = self._value(chain, position - 1) if name else self._value(chain, position)
        for index, given in enumerate(call.arguments):
            if isinstance(given, Operation) and given.operator == "*" and len(given.operands) == 1:
                raise Unwritten("* cannot be passed over the boundary")
            if isinstance(given, Mapping) and name in ("update", "values"):
                yield self._mapping(given, receiver)
                continue
            yield self.expression(given, self._lookup(receiver, name, index, ""))
        for word, given in call.keywords:
            if word == "**":
                raise Unwritten("** cannot be passed over the boundary")
            lookup = self._lookup(receiver, name, -1, word)
            value = self.valued(lookup) if isinstance(given, Constant) and lookup else self.expression(given, lookup)
            yield f"{word}={value}"

    def _mapping(self, given: Mapping, receiver: Value) -> str:
        """``update({"state": state})`` and ``update({Order.state: state})``."""
        items = []
        for key, value in given.items:
            if isinstance(key, Constant):
                items.append(f"{key.value!r}: {self.expression(value, f'column {receiver.model or self.model}.{key.value}')}")
            elif isinstance(key, Chain) and (lookup := self._column(key)):
                items.append(f"{self.expression(key)}: {self.expression(value, lookup)}")
            else:
                raise Unwritten("** cannot be passed over the boundary")
        return f"{{{', '.join(items)}}}"

    def _lookup(self, receiver: Value, name: str, index: int, word: str) -> str:
        """What an argument is: see :class:`Form`."""
        model = receiver.model or self.model
        if not name or receiver.kind == "method":
            return f"column {receiver.model}.{word}" if receiver.kind == "class" and word else ""
        own = self.forms.program.member(receiver.model, name) if receiver.kind in ("class", "instance") and receiver.model else None
        if isinstance(own, Definition):
            return self._parameter(own, receiver.model, index, word)
        if receiver.kind == "session" and name in ROWS:
            return f"{'rows' if name == 'add_all' else 'row'} {self.model}" if index == 0 else ""
        if name in ("get", "get_one", "get_or_404") and word == "" and index == (1 if receiver.kind in ("session", "extension") else 0):
            return f"column {self.model}.{self._key()}"
        if name in ("filter_by", "update", "values") and word and word != "synchronize_session":
            return f"column {model}.{word}"
        if receiver.kind == "attribute" and index >= 0 and name in _MEMBERSHIP | _MATCHING:
            return f"column {receiver.model}.{receiver.name}{'__in' if name in _MEMBERSHIP else ''}" if receiver.name else ""
        return f"integer {name}" if name in _NUMBERED else ""

    def _key(self) -> str:
        """The attribute of the model's primary key; nothing for one of several columns."""
        keys = [name for name, column in self.forms.models.mapped[self.model].columns.items() if column.primary_key]
        return keys[0] if len(keys) == 1 else ""

    def _parameter(self, own: Definition, model: str, index: int, word: str) -> str:
        """What a method of the project takes there; a further keyword is a column, as in ``get_by(name=...)``."""
        plain = [each for each in own.parameters if each.kind in ("positional", "normal")]
        plain = plain[1:] if plain and plain[0].name in ("self", "cls") else plain
        if index >= 0:
            return f"parameter {own.id}.{plain[index].name}" if index < len(plain) else ""
        if any(each.name == word for each in own.parameters):
            return f"parameter {own.id}.{word}"
        return f"column {model}.{word}"


def chains_in(expression: Expression) -> Iterator[Chain]:
    """The chains in an expression, those in the arguments of calls included."""
    waiting: list[Expression] = [expression]
    while waiting:
        each = waiting.pop()
        match each:
            case Chain():
                yield each
                waiting += _given(each.steps)
            case Operation():
                waiting += each.operands
            case Sequence():
                waiting += each.items
            case Mapping():
                waiting += (part for pair in each.items for part in pair)
            case Constant() | Template() | Opaque():
                pass


def _given(steps: tuple[Step, ...]) -> Iterator[Expression]:
    for step in steps:
        if isinstance(step, Call):
            yield from step.arguments
            yield from (value for _, value in step.keywords)


def _name_of(chain: Chain) -> str:
    """How the code calls a value: the variable that it passed last, else its root."""
    for step in reversed(chain.steps):
        if isinstance(step, Bound) and step.variable:
            return step.variable
    return chain.root.rpartition(".")[2]
