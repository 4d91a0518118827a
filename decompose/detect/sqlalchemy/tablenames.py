"""Names of tables: written down, made from the class's name, or given by the kind of declarative base."""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf

from decompose.detect.sqlalchemy.drafts import Body
from decompose.detect.sqlalchemy.names import Root
from decompose.link.expressions import argument, literal, source, value_of
from decompose.link.program import Program
from decompose.model.syntax import Call, Chain, Constant, Definition, Expression, Operation, Template, Use


class TableNames:
    """Names of the tables of mapped classes, as far as the text fixes them."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def table_name(self, id: str, mixins: list[str], parent: str, root: Root, body: Body) -> tuple[str | None, str]:
        """The table's name, or ``None`` with the reason it is not known (``""`` when the class just has no table of its own)."""
        program = self.program
        class_name = id.rpartition(".")[2]
        keyed = any(column.primary_key for column in body.columns.values())
        if root == "flask" and parent and not keyed:
            # Flask-SQLAlchemy gives a subclass without a primary key of its own no table, whatever name it asks for.
            return None, ""
        for owner in mixins:
            bound = program.bindings(owner).get("__tablename__")
            if bound:
                value = bound[-1].value
                if program.constant(value) is None and isinstance(value_of(program, value), Constant):
                    return None, ""
                name = self._string(value, class_name, owner)
                return name, "" if name else f"its __tablename__ is computed: {source(value)}"
            method = program.members(owner).get("__tablename__")
            if method is not None:
                name = self._returned_name(method, class_name)
                return name, "" if name else "its __tablename__ is computed by a method that is not followed"
        if parent and root != "flask":
            return None, ""
        if root == "flask":
            return camel_to_snake(class_name), ""
        if root == "sqlmodel":
            return class_name.lower(), ""
        if root == "alchemy":
            return camel_to_snake(class_name), ""
        return None, ""

    def _returned_name(self, method: Definition, class_name: str) -> str | None:
        for value in self.program.returned(method):
            name = self._string(value, class_name, method.id)
            if name:
                return name
        return None

    def _string(self, expression: Expression, class_name: str, scope: str = "", given: MappingOf[str, str] | None = None, depth: int = 0) -> str | None:
        """A string made from constants and the class's own name, as far as the text fixes it; ``given`` are parameters."""
        if depth > 8:
            return None
        fixed = literal(self.program, expression)
        if fixed is not None:
            return fixed
        given = given or {}
        if isinstance(expression, Template):
            return self._template(expression, class_name, scope, given, depth)
        if isinstance(expression, Operation) and expression.operator == "+":
            parts = [self._string(each, class_name, scope, given, depth + 1) for each in expression.operands]
            return "".join(part for part in parts if part is not None) if all(part is not None for part in parts) else None
        return self._chained(expression, class_name, scope, given, depth) if isinstance(expression, Chain) else None

    def _template(self, template: Template, class_name: str, scope: str, given: MappingOf[str, str], depth: int) -> str | None:
        """A string with holes, filled with what stands in the holes where the text has exactly as many values as holes."""
        parts = template.text.split("{}")
        values = [
            text
            for use in self._uses_of(scope)
            if use.sink in ("other", "argument", "return")
            and (text := self._string(use.chain, class_name, scope, given, depth + 1)) is not None
        ]
        if len(values) != len(parts) - 1:
            return None
        return "".join(each for pair in zip(parts, [*values, ""], strict=True) for each in pair)

    def _uses_of(self, scope: str) -> list[Use]:
        module = self.program.modules.get(self.program.module_of(scope)) if scope else None
        return [use for use in module.uses if use.scope == scope] if module is not None else []

    def _chained(self, chain: Chain, class_name: str, scope: str, given: MappingOf[str, str], depth: int) -> str | None:
        """``cls.__name__.lower()``, ``snake_case(cls.__name__) + "s"``, ``re.sub(pattern, "_", cls.__name__).lower()``."""
        steps = [step for step in chain.steps if isinstance(step, (str, Call))]
        if chain.origin in ("cls", "self", "parameter") and steps[:1] == ["__name__"]:
            return _applied(class_name, steps[1:])
        if chain.origin == "parameter":
            return _applied(given[chain.root], steps) if chain.root in given else None
        state, rest = self.program.head(chain)
        pattern = None
        if state.kind == "binding" and len(rest) > 1 and rest[0] in ("sub", "split") and isinstance(rest[1], Call):
            # NAME = re.compile(r"(?=[A-Z])"); NAME.sub("_", cls.__name__)
            pattern = self._compiled(self.program.value(state.id))
            rest = rest[1:]
        if not rest or not isinstance(rest[0], Call):
            return None
        after = [step for step in rest[1:] if isinstance(step, (str, Call))]
        words = [self._string(each, class_name, scope, given, depth + 1) for each in rest[0].arguments]
        if pattern is not None:
            words = [pattern, *words]
        if (pattern is not None or state.id == "re.sub") and len(words) >= 3:
            made = _substituted(words[0], words[1], words[2])
            return _applied(made, after) if made is not None else None
        if state.kind == "function":
            made = self._of_function(state.id, rest[0], words, class_name, depth)
            return _applied(made, after) if made is not None else None
        named = re.search(r"snake|underscore", state.id.rpartition(".")[2])
        if state.kind == "external" and named and len(words) == 1 and words[0]:
            return _applied(camel_to_snake(words[0]), after)
        return None

    def _compiled(self, expression: Expression | None) -> str | None:
        if isinstance(expression, Chain):
            state, rest = self.program.head(expression)
            if state.id == "re.compile" and rest and isinstance(rest[0], Call):
                return literal(self.program, argument(rest[0], 0, "pattern"))
        return None

    def _of_function(self, function: str, call: Call, words: list[str | None], class_name: str, depth: int) -> str | None:
        """What a function of the project makes of its arguments: by following it, else by recognising a snake-case converter."""
        definition = self.program.definition(function)
        if definition is None:
            return None
        names = [each.name for each in definition.parameters if each.kind in ("positional", "normal")]
        given = {name: word for name, word in zip(names, words, strict=False) if word is not None}
        for name, value in call.keywords:
            word = self._string(value, class_name, "", {}, depth + 1)
            if word is not None:
                given[name] = word
        for value in self.program.returned(definition):
            made = self._string(value, class_name, function, given, depth + 1)
            if made is not None:
                return made
        known = [word for word in words if word]
        return camel_to_snake(known[0]) if len(known) == 1 and self._makes_snake(function) else None

    def _makes_snake(self, function: str) -> bool:
        """Whether a function of the project puts underscores between words: by name, or since it splits before capitals."""
        if re.search(r"snake|underscore", function.rpartition(".")[2]):
            return True
        return any(
            isinstance(each, Constant) and isinstance(each.value, str) and "A-Z" in each.value
            for use in self._uses_of(function)
            for step in use.chain.steps
            if isinstance(step, Call)
            for each in step.arguments
        )


def camel_to_snake(name: str) -> str:
    """``CamelCase`` as Flask-SQLAlchemy writes it: ``HTTPLog`` is ``http_log``, ``Item2`` is ``item2``."""
    return re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name).lower().lstrip("_")


_HARMLESS = re.compile(r"[\w()?<!=^$\[\]\-+*|.\\ ]{1,80}")


def _substituted(pattern: str | None, replacement: str | None, text: str | None) -> str | None:
    """``re.sub`` for patterns that cannot run away: short, few repetitions, none of a group."""
    if pattern is None or replacement is None or text is None or len(text) > 200:
        return None
    if not _HARMLESS.fullmatch(pattern) or re.search(r"\)[+*?{]", pattern) or len(re.findall(r"[+*]", pattern)) > 2:
        return None
    try:
        return re.sub(pattern, replacement, text)
    except re.error:
        return None


def _applied(text: str, steps: list[str | Call]) -> str | None:
    """String methods applied one after the other; ``None`` at one that is not known."""
    position = 0
    while position < len(steps):
        name = steps[position]
        call = steps[position + 1] if position + 1 < len(steps) else None
        if not isinstance(name, str) or not isinstance(call, Call):
            return None
        words = [each.value for each in call.arguments if isinstance(each, Constant) and isinstance(each.value, str)]
        if name in ("lower", "upper", "capitalize", "title", "casefold") and not call.arguments:
            text = str(getattr(text, name)())
        elif name == "replace" and len(words) == 2:
            text = text.replace(words[0], words[1])
        elif name in ("removesuffix", "removeprefix", "strip", "lstrip", "rstrip") and len(words) <= 1:
            text = str(getattr(text, name)(*words))
        else:
            return None
        position += 2
    return text
