"""The only place that knows Jinja.

A template is layout; every value passes through a serializer on its way in, chosen by a filter:

==============  =====================================================================
``py``          Python source (``repr``, strings in double quotes where nothing needs escaping)
``json``        JSON on one line
``yaml``        a YAML scalar or flow collection on one line
``hcl``         a value of Terraform; its lines are indented by the filter's argument
``toml``        a TOML value on one line
``shell``       one word of a POSIX shell command
``comment``     lines behind ``# ``; nothing can break out of it
``line``        text on one line, for the end of a comment
``docstring``   text safe between triple double quotes
``sqlname``     a quoted SQL identifier, ``schema.table`` in parts
``sqltext``     a quoted SQL string
``markdown``    text safe in a Markdown line or table cell
``code``        inline code of Markdown
``camel``       ``customer-care`` as ``CustomerCare``
==============  =====================================================================
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from decompose.generate import hcl
from decompose.model.artifacts import Artifact

if TYPE_CHECKING:
    from decompose.model.service import ServicePlan


class Render(Protocol):
    """Renders a template by its name; an unknown variable is an error, the result ends as the template does."""

    def __call__(self, template: str, /, **values: Any) -> bytes: ...


Generator = Callable[["ServicePlan", Render], Iterator[Artifact]]


def make_render(templates: Mapping[str, str]) -> Render:
    """A :class:`Render` over templates given as texts by name."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    environment = Environment(
        loader=DictLoader(dict(templates)),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        # The output is code, configuration and Markdown; each filter below escapes for its own language.
        autoescape=False,
    )
    environment.filters.update(FILTERS)

    def render(template: str, /, **values: Any) -> bytes:
        return environment.get_template(template).render(**values).encode()

    return render


def python_literal(value: object) -> str:
    """Python source of a value made of plain types. Sets are refused: their order is not stable."""
    match value:
        case str():
            plain = repr(value)
            return f'"{value}"' if plain == f"'{value}'" and '"' not in value else plain
        case tuple():
            inner = ", ".join(map(python_literal, value))
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case list():
            return f"[{', '.join(map(python_literal, value))}]"
        case dict():
            return "{" + ", ".join(f"{python_literal(k)}: {python_literal(v)}" for k, v in value.items()) + "}"
        case None | bool() | int() | float() | bytes():
            return repr(value)
        case _:
            raise TypeError(f"no stable Python literal for {type(value).__name__}")


def json_text(value: object) -> str:
    """JSON on one line, keys in the given order."""
    return json.dumps(value, ensure_ascii=False)


def yaml_text(value: object) -> str:
    """YAML on one line: a scalar as a person would write it, collections in flow style."""
    plain = str(value).isprintable()
    style = None if plain else '"'
    text = yaml.safe_dump(
        value, default_flow_style=True, default_style=style, width=10**9, sort_keys=False, allow_unicode=plain
    )
    return text.removesuffix("\n").removesuffix("\n...").rstrip("\n")


def toml_text(value: object) -> str:
    """A TOML value on one line: strings, booleans, numbers and lists of them."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            # A JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
        case int() | float():
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(toml_text, value))}]"
        case _:
            raise TypeError(f"no TOML value for {type(value).__name__}")


def comment(text: str, prefix: str = "# ") -> str:
    """``text`` as comment lines. Line separators of any kind start a new comment line."""
    return "\n".join((prefix + line).rstrip() for line in text.splitlines() or [""])


def line(text: str) -> str:
    """``text`` on one line, without characters that end or break a comment."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


def docstring(text: str) -> str:
    """``text`` safe between triple double quotes."""
    safe = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return safe[:-1] + '\\"' if safe.endswith('"') else safe


def sql_name(name: str) -> str:
    """A quoted identifier; dots separate schema and name."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def sql_text(text: str) -> str:
    """A quoted SQL string."""
    return "'" + text.replace("'", "''") + "'"


def markdown(text: str) -> str:
    """``text`` on one line that Markdown shows as it stands."""
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", " ".join(text.split()))


def code(text: str) -> str:
    """``text`` as inline code of Markdown, safe in a table cell."""
    flat = " ".join(text.split()).replace("|", "\\|")
    ticks = "`" * (max((len(run) for run in re.findall("`+", flat)), default=0) + 1)
    pad = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{ticks}{pad}{flat}{pad}{ticks}"


def camel(name: str) -> str:
    """``customer-care`` as ``CustomerCare``: letters and digits only, as CloudFormation wants its ids."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


FILTERS: dict[str, Callable[..., str]] = {
    "py": python_literal,
    "json": json_text,
    "yaml": yaml_text,
    "hcl": hcl.literal,
    "toml": toml_text,
    "shell": lambda value: shlex.quote(str(value)),
    "comment": comment,
    "line": line,
    "docstring": docstring,
    "sqlname": sql_name,
    "sqltext": sql_text,
    "markdown": markdown,
    "code": code,
    "camel": camel,
}
