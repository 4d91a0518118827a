"""Settings that a service takes over from the monolith, as lines of source."""

from __future__ import annotations

import ast

from decompose.generate.layout import WIDTH, double_quoted, value
from decompose.generate.render import python_literal
from decompose.model.facts import Setting

SETTING_IMPORTS = {
    "os": "os", "Path": "pathlib.Path", "Decimal": "decimal.Decimal", "timedelta": "datetime.timedelta", "date": "datetime.date",
    "crontab": "celery.schedules.crontab", "datetime": "datetime", "decimal": "decimal", "re": "re",
}  # fmt: skip
"""Names that an expression in settings may use, and where they come from."""


def setting_line(setting: Setting, defined: set[str]) -> tuple[str, set[str]]:
    """An assignment and the names it needs imported; what cannot be carried over comes from the environment."""
    start = f"{setting.name} = "
    try:
        literal = ast.literal_eval(setting.value)
    except (ValueError, SyntaxError):
        literal = None
    if setting.environment:
        # Same variable, same default: an operator sets it as for the monolith.
        if isinstance(literal, str):
            return _fitting(start, f"os.environ.get({python_literal(setting.environment)}, {python_literal(literal)})"), set()
    elif literal is not None and not isinstance(literal, set):
        return start + value(literal, 0, len(start)), set()
    names = free_names(setting.value)
    if names is not None and names <= SETTING_IMPORTS.keys() | defined:
        return _fitting(start, double_quoted(ast.unparse(ast.parse(setting.value, mode="eval")))), names & SETTING_IMPORTS.keys()
    variable = python_literal(setting.environment or setting.name)
    return f"{start}environment.computed({variable}, {python_literal(str(setting.at))})", set()


def _fitting(start: str, expression: str) -> str:
    line = start + expression
    return line if len(line) <= WIDTH else f"{line}  # fmt: skip"


_BUILTINS = frozenset({"int", "str", "bool", "float", "list", "tuple", "dict", "set", "len", "min", "max", "True", "False", "None"})


def free_names(source: str) -> set[str] | None:
    """Free names of an expression other than harmless builtins, ``None`` when it is no expression."""
    try:
        tree = ast.parse(source, mode="eval")
    except (SyntaxError, ValueError):
        return None
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - _BUILTINS
