"""The pages of the reference, made from the code: nothing in them is written a second time."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import click

from decompose.cli.app import COMMANDS, root
from decompose.config import values
from decompose.cut.coupling import KINDS
from decompose.model import disposition, facts, migration, settings, target
from decompose.planning import decisions, steps
from decompose.report.codes import CODES
from decompose.report.schemas import KINDS as SCHEMAS
from decompose.report.schemas import json_schema
from decompose.resources import templates
from handbook import python_api
from handbook.prose import code, markdown, one_line, table

MADE = "*This page is made from the code.*"


def pages() -> dict[str, str]:
    """All pages of the reference by their path below docs/."""
    documents = {f"reference/json-{kind}.md": json_output(kind) for kind in SCHEMAS if kind != "config"}
    return {
        "reference/commands.md": commands(),
        "reference/configuration.md": configuration(),
        "reference/codes.md": codes(),
        "reference/json.md": json_outputs(),
        **documents,
        "reference/python.md": python_api.page(),
        "reference/boundary.md": boundary(),
        "reference/edges.md": edges(),
    }


# --- commands -----------------------------------------------------------------------------------


def commands() -> str:
    context = click.Context(root, info_name="decompose")
    common = {tuple(each.opts) for each in root.get_params(context)}
    sections: dict[str, list[tuple[str, str]]] = {}
    for name, entry in COMMANDS.items():
        sections.setdefault(entry.section, []).append((name, entry.summary))
    lines = ["# Commands", "", MADE, "", "`decompose COMMAND --help` says the same in the terminal.", ""]
    for section, entries in sections.items():
        lines += [f"**{section}**", "", *(f"- [`{name}`](#{name}): {summary}" for name, summary in entries), ""]
    lines += ["## Options of every command { #options }", "", "They may stand before or after the command.", ""]
    lines += _parameters(root.get_params(context))
    lines += [
        ("Every option can come from the environment: `DECOMPOSE_ANALYZE_FORMAT=json` is `--format json` of `analyze`. "
        "`NO_COLOR` and `FORCE_COLOR` are obeyed. Results go to standard output, everything else to standard error."),
        "",
    ]
    for name in COMMANDS:
        command = root.get_command(context, name)
        assert command is not None
        lines += _command(command, click.Context(command, context, info_name=name), common, 2)
    lines += ["## Exit codes", "", *_exit_codes()]
    return "\n".join(lines)


def _command(command: click.Command, context: click.Context, common: set[tuple[str, ...]], depth: int) -> Iterator[str]:
    path = context.command_path.removeprefix("decompose ")
    yield from (f"{'#' * depth} {path} {{ #{path.replace(' ', '-')} }}", "")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield from ("```text", usage, "```", "", _help(command.help or ""), "")
    own = [each for each in command.get_params(context) if tuple(each.opts) not in common]
    yield from _parameters(own)
    examples = [line.strip() for line in (command.epilog or "").replace("\b", "").splitlines() if line.strip() and not line.strip().endswith(":")]
    if examples:
        yield from ("```console", *(f"$ {line}" for line in examples), "```", "")
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _command(inner, click.Context(inner, context, info_name=name), common, depth + 1)


def _help(text: str) -> str:
    """Help as Markdown: blocks that click leaves as they are stay so, and words in capitals are what the usage names."""
    shown = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            shown.append("```text\n" + paragraph.removeprefix("\b").strip("\n") + "\n```")
        else:
            shown.append(_plain(" ".join(paragraph.split())))
    return "\n\n".join(shown)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"(?<!`)([<*_\[])(?![^`]*`)", r"\\\1", text)


def _parameters(parameters: Iterable[click.Parameter]) -> list[str]:
    rows = [(_spelling(each), f"{_plain(getattr(each, 'help', None) or '').replace('|', chr(92) + '|')}{_default(each)}".strip()) for each in parameters if not getattr(each, "hidden", False)]
    return table(("option or argument", "meaning"), rows) if rows else []


def _spelling(parameter: click.Parameter) -> str:
    if not isinstance(parameter, click.Option):
        return code(parameter.metavar or (str(parameter.name).upper() if parameter.required else f"[{str(parameter.name).upper()}]"))
    names = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if parameter.is_flag or parameter.count:
        return code(names)
    holds = parameter.metavar
    if not holds:
        choices = getattr(parameter.type, "choices", None)
        holds = "{" + ",".join(map(str, choices)) + "}" if choices else "N" if isinstance(parameter.type, click.types.IntParamType) else parameter.type.name.upper()
    return code(f"{names} {holds}") + (" (repeatable)" if parameter.multiple else "")


def _default(parameter: click.Parameter) -> str:
    value = parameter.default
    if isinstance(parameter, click.Option) and (parameter.is_flag or parameter.count or "default:" in (parameter.help or "")):
        return ""
    return f" Default: {code(str(value))}." if isinstance(value, (str, int, float)) and value not in ("", "-") else ""


def _exit_codes() -> list[str]:
    from decompose import errors

    words = re.findall(r"(\w+) +(\d+) {2,}(.+)", errors.__doc__ or "")
    kinds = {int(number): meaning for _, number, meaning in words if int(number) > 2}
    rows = [("0", "fine"), ("1", "findings: not ready, drifted, not accepted, failed verification, new crossings"), ("2", "usage, configuration or refused input")]
    rows += [(str(number), meaning) for number, meaning in sorted(kinds.items())]
    return table(("exit code", "meaning"), [*rows, ("70", "a bug of ours; `--debug` shows where"), ("130, 143", "ended by a signal")])


# --- decompose.toml -----------------------------------------------------------------------------

_NAMED = {"contexts": ("NAME",), "operations": ("CONTEXT", "OPERATION"), "target.ecs.services": ("NAME",)}


def configuration() -> str:
    schema = json_schema("config")
    lines = [
        "# decompose.toml", "", MADE, "",
        ("The nearest `decompose.toml`, or `[tool.decompose]` in a `pyproject.toml`, counts, looking upwards from the project to the root of its repository. "
        "An unknown key is an error. `decompose config show --source` prints what is in force and from which line; "
        "`decompose schema config` prints the schema that editors complete from ([the same as a file](../schemas/config.json))."), "",
    ]  # fmt: skip
    known: dict[str, str] = {}
    for path, body in _tables(schema, ""):
        keys = repr(sorted(body["properties"].items()) if ".join" not in path else sorted(set(body["properties"]) - {"staging", "production"}))
        repeats = ".services." in path or path.endswith((".staging", ".production"))
        lines += _configuration_table(path, body, known.get(keys, "") if repeats else "")
        known.setdefault(keys, path)
    return "\n".join(lines)


def _tables(schema: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every table with keys of its own, by its path with placeholders for names."""
    for name, inner in schema.get("properties", {}).items():
        below = f"{path}.{name}" if path else name
        if inner.get("type") == "array" and inner["items"].get("type") == "object":
            yield f"[{below}]", inner["items"]
            continue
        for placeholder in _NAMED.get(below, ()):
            below, inner = f"{below}.{placeholder}", inner["additionalProperties"]
        if inner.get("type") == "object" and "properties" in inner:
            yield below, inner
            yield from _tables(inner, below)


def _configuration_table(path: str, body: Mapping[str, Any], same: str) -> Iterator[str]:
    plain = path.strip("[]")
    rows = [_setting(plain, key, inner) for key, inner in body["properties"].items() if "properties" not in inner and "additionalProperties" not in inner.get("additionalProperties", {})]
    if not rows:
        return
    yield from (f"## [{path}] {{ #{_anchor(plain)} }}", "")
    if same:
        yield from (f"The keys of [`[{same}]`](#{_anchor(same)}).", "")
        return
    if plain.startswith("target.ecs"):
        yield from ("What the keys do, and what is generated from them: [Services on Amazon ECS](../ecs.md).", "")
    heads = ("key", "meaning", "holds", "default")
    shown = [index for index in range(4) if index in (0, 2) or any(row[index] for row in rows)]
    yield from table([heads[index] for index in shown], [[row[index] for index in shown] for row in rows])


def _anchor(path: str) -> str:
    return path.lower().replace(".", "-")


def _setting(path: str, key: str, schema: Mapping[str, Any]) -> tuple[str, str, str, str]:
    meaning = schema.get("description") or (KINDS[key].reason if path == "weights" else "")
    return code(key), meaning.replace("|", "\\|"), _holds(schema, patterns=not meaning), code(_default_of(path, key))


def _holds(schema: Mapping[str, Any], *, patterns: bool) -> str:
    """What a key takes, in words; where a sentence says what a text means, its pattern is for editors only."""
    if "enum" in schema:
        return ", ".join(code(str(each)) for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_holds(each, patterns=patterns) for each in schema["anyOf"])
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_holds(schema.get('items', {'type': 'value'}), patterns=patterns)}"
    if kind in ("integer", "number"):
        least, most = schema.get("minimum"), schema.get("maximum")
        span = f" from {least} to {most}" if most is not None else f", at least {least}" if least is not None else ""
        return ("whole number" if kind == "integer" else "number") + span
    if kind == "object":
        return f"table of {_holds(schema['additionalProperties'], patterns=patterns)}" if isinstance(schema.get("additionalProperties"), dict) else "table"
    words = {"string": "text", "boolean": "`true` or `false`"}.get(str(kind), "value")
    if schema.get("format") == "date":
        words = "day"
    pattern = re.sub(r"^\^\(?(.*?)\)?\$$", r"\1", schema.get("pattern", ""))
    return words + (f" like {code(pattern)}" if patterns and pattern and len(pattern) <= 60 else "")


def _default_of(path: str, key: str) -> str:
    if path == "weights":
        return f"{KINDS[key].weight:g}"
    if path == "target.ecs.services.NAME":  # as for all services, where nothing is said
        return ""
    found = values(settings.Config()).get(f"{path}.{key}")
    if isinstance(found, bool):
        return str(found).lower()
    return "" if found in (None, "", [], {}) else str(found)


# --- codes --------------------------------------------------------------------------------------


def codes() -> str:
    lines = ["# Error and finding codes", "", MADE, "", "`decompose explain CODE` prints the same text.", ""]
    lines += table(("code", "title", "exit code"), [(f"[{name}](#{name.lower()})", each.title, str(each.exit_code)) for name, each in CODES.items()])
    for name, each in CODES.items():
        lines += [f"## {name}: {each.title} {{ #{name.lower()} }}", "", f"Exit code {each.exit_code}.", "", each.text, ""]
    return "\n".join(lines)


# --- JSON ---------------------------------------------------------------------------------------


def json_outputs() -> str:
    rows = [
        (f"[{kind}](json-{kind}.md)" if kind != "config" else "[config](configuration.md)", one_line(_root(json_schema(kind)).get("description", "the settings, for editors")),
         f"[{kind}.json](../schemas/{kind}.json)")
        for kind in SCHEMAS
    ]  # fmt: skip
    lines = [
        "# JSON outputs", "", MADE, "",
        "Every document names its schema in the key `schema`. A key that has its default may be left out. `decompose schema KIND` prints the schema.", "",
        *table(("document", "what it is", "JSON Schema"), rows),
    ]  # fmt: skip
    return "\n".join(lines)


def json_output(kind: str) -> str:
    schema = json_schema(kind)
    top = schema["$ref"].rpartition("/")[2]
    lines = [f"# JSON: {kind}", "", MADE, "", f"[The schema as a file](../schemas/{kind}.json).", ""]
    for name in [top, *sorted(set(schema["$defs"]) - {top})]:
        lines += _type(name, schema["$defs"][name])
    return "\n".join(lines)


def _root(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    return found


def _type(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"## {name} {{ #{name.lower()} }}", "", markdown(schema.get("description", "")), "")
    required = schema.get("required", [])
    if "prefixItems" in schema:
        yield from (f"A list of {len(schema['prefixItems'])}: {', '.join(_value(each) for each in schema['prefixItems'])}.", "")
        return
    rows = [(code(key), _value(inner), "" if key in required else code(_json_default(inner))) for key, inner in schema.get("properties", {}).items()]
    yield from table(("key", "holds", "default"), rows)


def _json_default(schema: Mapping[str, Any]) -> str:
    import json

    return json.dumps(schema["default"]) if "default" in schema else "absent"


def _value(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_value(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(code(f'"{each}"') for each in schema["enum"])
    if "prefixItems" in schema:
        return f"[{', '.join(_value(each) for each in schema['prefixItems'])}]"
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_value(schema['items'])}" if isinstance(schema.get("items"), dict) else "list"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map of {_value(schema['additionalProperties'])}"
    return str(kind)


# --- boundaries ---------------------------------------------------------------------------------


def boundary() -> str:
    parts = {
        "Modes and options": "boundary/runtime.py",
        "Mode shadow": "boundary/shadow.py",
        "While a service does not answer": "boundary/fallback.py",
    }
    lines = ["# A boundary's modes and options", "", MADE, "", "How the parts work together, and how to switch them: [What runs between monolith and service](../between.md).", ""]
    for title, name in parts.items():
        documented = ast.get_docstring(ast.parse(templates()[name]))
        assert documented, name
        lines += [f"## {title}", "", markdown(documented), ""]
    return "\n".join(lines)


# --- edges and decisions ------------------------------------------------------------------------


def edges() -> str:
    lines = ["# Edges, dispositions, treatments, steps", "", MADE, ""]
    lines += ["## What becomes of an edge { #dispositions }", "", *_described(disposition, "Disposition", "disposition")]
    lines += [
        "`decompose show boundary CONTEXT` lists every edge under its disposition. A person chooses another with `[[decisions]]`, by the edge's id or a glob over `context:kind:source`.", "",
        "## Kinds of edges { #kinds }", "", *_described(migration, "EdgeKind", "kind"),
    ]  # fmt: skip
    for title, treatments in (
        ("Treatments of a cut foreign key", decisions.KEY_TREATMENTS),
        ("Treatments of a transaction over two contexts", decisions.COMMIT_TREATMENTS),
        ("Treatments of a table that two contexts write", decisions.TABLE_TREATMENTS),
    ):
        lines += [f"## {title}", "", *table(("choice", "meaning"), [(code(name), meaning) for name, meaning in treatments.items()])]
    lines += ["## Steps of an extraction { #steps }", "", markdown(steps.__doc__ or ""), ""]
    lines += table(("step", "what is true after it", "proof", "way back"), [(code(each.name), each.title, each.proof, each.reverse) for each in _steps()])
    lines += ["## Facts { #facts }", "", "What the analysis can say of a program; each has a file and a line.", ""]
    kinds = [each for each in vars(facts).values() if isinstance(each, type) and each.__module__ == facts.__name__]
    lines += table(("fact", "meaning"), [(code(each.__name__), one_line(each.__doc__ or "")) for each in kinds])
    lines += ["## Forms of a deployment { #formats }", "", "`[target.ecs] formats` and `extract --target` choose among:", "", *(f"- {code(each)}" for each in target.FORMATS), ""]
    return "\n".join(lines)


def _steps() -> tuple[migration.Step, ...]:
    """The steps of a context that is called CONTEXT."""
    project = migration.Project("shop", "django", ("django",), "", "shop.boundaries", "")
    return tuple(
        migration.Step(each.id, each.name, _shown(each.title), _shown(each.command), _shown(each.proof), _shown(each.reverse)) for each in steps.steps("context", project, ())
    )


def _shown(text: str) -> str:
    return text.replace("context_service", "CONTEXT_service").replace("services/context", "services/CONTEXT").replace(" context", " CONTEXT").replace("|", "\\|")


def _described(module: ModuleType, alias: str, head: str) -> list[str]:
    """The values of a literal type with what its docstring says of each."""
    allowed = get_args(getattr(module, alias))
    text = documentation(module, alias)
    meanings = {name: " ".join(meaning.split()) for name, meaning in re.findall(r"``([\w-]+)``: (.+?)(?=\s+``[\w-]+``: |\Z)", text, re.S)}
    missing = set(allowed) ^ set(meanings)
    assert not missing, f"{alias}: {missing}"
    return table((head, "meaning"), [(code(name), markdown(meanings[name]).replace("|", "\\|")) for name in allowed])


def documentation(module: ModuleType, name: str) -> str:
    """The string below the assignment of ``name``, which Python itself forgets."""
    body = ast.parse(Path(str(module.__file__)).read_text()).body
    for statement, following in itertools.pairwise(body):
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name) and statement.targets[0].id == name:
            assert isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant), name
            return inspect.cleandoc(str(following.value.value))
    raise LookupError(name)
