"""The reference is made from the code and leaves nothing out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import click
import pytest
from handbook.build import decisions
from handbook.pages import blocks, chosen, commands, published
from handbook.prose import markdown
from handbook.reference import pages
from pages.shell import ROOT

import decompose
from decompose import pipeline
from decompose.cli.app import COMMANDS, root
from decompose.config_meanings import MEANINGS
from decompose.cut.coupling import KINDS
from decompose.model.disposition import Disposition
from decompose.model.migration import EdgeKind
from decompose.planning.decisions import COMMIT_TREATMENTS, KEY_TREATMENTS, TABLE_TREATMENTS
from decompose.planning.steps import STEPS
from decompose.report.codes import CODES
from decompose.report.schemas import KINDS as SCHEMAS
from decompose.report.schemas import json_schema

PAGES = pages()


def every_command() -> Iterator[click.Command]:
    todo: list[click.Command] = [root]
    while todo:
        command = todo.pop()
        yield command
        if isinstance(command, click.Group):
            context = click.Context(command)
            todo += [found for name in command.list_commands(context) if (found := command.get_command(context, name)) is not None]


def test_every_command_and_every_option_is_there() -> None:
    page = PAGES["reference/commands.md"]
    assert {*COMMANDS} <= {*re.findall(r"^## ([\w-]+) \{", page, re.M)}
    spellings = set(re.findall(r"--?[\w-]+", page))
    for command in every_command():
        for parameter in command.get_params(click.Context(command)):
            if isinstance(parameter, click.Option) and not parameter.hidden:
                assert {*parameter.opts, *parameter.secondary_opts} <= spellings, (command.name, parameter.opts)


def test_every_example_of_a_help_page_is_there() -> None:
    page = PAGES["reference/commands.md"]
    for command in every_command():
        for line in (command.epilog or "").splitlines():
            if line.strip().startswith("decompose ") and command is not root:
                assert f"$ {line.strip()}" in page


def test_what_an_option_takes_is_shown_as_in_the_help() -> None:
    page = PAGES["reference/commands.md"]
    assert "`--contexts N|MIN-MAX`".replace("|", "\\|") in page
    assert "`--color {auto,always,never}`" in page


def keys(schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Every key of the configuration, dotted, without names that a person gives."""
    for name, inner in schema.get("properties", {}).items():
        own = f"{path}.{name}".lstrip(".")
        below = inner
        while "properties" not in below and isinstance(below.get("additionalProperties", below.get("items")), dict):
            below = below.get("additionalProperties", below.get("items"))
        if "properties" in below and "anyOf" not in inner:
            yield from keys(below, own)
        else:
            yield own


def test_every_key_of_the_configuration_is_there() -> None:
    page = PAGES["reference/configuration.md"]
    found = [*keys(json_schema("config"))]
    assert len(found) > 100
    for key in found:
        assert f"| `{key.rpartition('.')[2]}` |" in page, key


def test_every_key_has_a_meaning_somewhere() -> None:
    ecs = (ROOT / "docs/ecs.md").read_text()
    for key in keys(json_schema("config")):
        table, _, name = key.rpartition(".")
        explained = key in MEANINGS or (table == "weights" and name in KINDS) or (key.startswith("target.ecs.") and f"`{name}`" in ecs) or name in ("provider", "base", "weight")
        assert explained, key
    assert {*MEANINGS} <= {*keys(json_schema("config"))}, "a meaning of no key"


def test_every_code_is_there_with_its_whole_text() -> None:
    page = PAGES["reference/codes.md"]
    for name, each in CODES.items():
        assert f"{{ #{name.lower()} }}" in page and each.text in page


@pytest.mark.parametrize("kind", [kind for kind in SCHEMAS if kind != "config"])
def test_every_key_of_every_document_is_there(kind: str) -> None:
    page = PAGES[f"reference/json-{kind}.md"]
    for name, body in json_schema(kind)["$defs"].items():
        section = page.partition(f"## {name} {{")[2].partition("\n## ")[0]
        assert section, name
        for key in body.get("properties", {}):
            assert f"| `{key}` |" in section, f"{name}.{key}"
    assert f"(json-{kind}.md)" in PAGES["reference/json.md"]


def test_every_public_name_of_the_package_is_there() -> None:
    page = PAGES["reference/python.md"]
    for name in set(decompose.__all__) - {"__version__"}:
        assert re.search(rf"^##+ {name} \{{", page, re.M), name
    assert (pipeline.analyze.__doc__ or "").strip().split(".")[0].replace("``", "`") in page


def test_its_python_program_runs(tmp_path: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    (program, *_) = re.findall(r"```python\n(.*?)```", PAGES["reference/python.md"], re.S)
    shutil.copytree(ROOT / "sample_monolith", tmp_path / "sample_monolith", ignore=shutil.ignore_patterns("__pycache__", ".decompose"))
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "reference/python.md", "exec"), {})
    shown = capsys.readouterr().out
    assert "reviews" in shown and "FK-" in shown


def test_every_kind_and_disposition_and_treatment_and_step_is_there() -> None:
    page = PAGES["reference/edges.md"]
    for name in (*get_args(Disposition), *get_args(EdgeKind), *KEY_TREATMENTS, *COMMIT_TREATMENTS, *TABLE_TREATMENTS, *STEPS):
        assert f"| `{name}` |" in page, name


def test_every_option_of_a_boundary_is_there() -> None:
    from decompose.resources import templates

    page = PAGES["reference/boundary.md"]
    read = {name for text in templates().values() for name in re.findall(r"\boption\(\"(\w+)\"", text)}
    shown = set(re.findall(r"`(\w+)`", page))
    assert len(read) > 15 and {"mode", "url", "shadow_sample", "breaker_failures"} <= shown
    elsewhere = set(re.findall(r"\w+", (ROOT / "docs/between.md").read_text().lower().replace("reviews_", "")))
    assert read <= shown | elsewhere, read - shown - elsewhere


def test_every_decision_is_listed() -> None:
    listed = decisions()
    for path in (ROOT / "docs/decisions").glob("*.md"):
        assert f"({path.name})" in listed


# --- how pages are read -------------------------------------------------------------------------


def test_a_docstring_becomes_markdown() -> None:
    text = "A :class:`Thing` of ``x``.\n\n::\n\n    as it is ``y``\n\n====  =====\nname  what\n====  =====\n``a``  one\n``b``\n====  =====\n\n``local``   here\n"
    assert markdown(text) == "A `Thing` of `x`.\n\n```text\nas it is ``y``\n```\n\n| name | what |\n|---|---|\n| `a` | one |\n| `b` |  |\n\n\n- `local`: here"


def test_directives_belong_to_the_next_block_and_readers_never_see_them() -> None:
    text = "<!-- start: sample -->\nText.\n<!-- exit: 1 -->\n```console\n$ a \\\n> b\nout\n$ c\n```\n\n````markdown\n```python\n````\n"
    first, second = blocks(text)
    assert first.directives == {"start": "sample", "exit": "1"} and second.directives == {} and second.lines == ("```python",)
    assert [(each.words, each.output) for each in commands(first)] == [("a \\\nb", ("out",)), ("c", ())]
    assert "<!--" not in published(text)


def test_chosen_lines_say_what_is_left_out() -> None:
    assert chosen("abcde", "1-2, -1") == ["a", "b", "...", "e"]
    assert chosen("abcde", "2") == ["...", "b", "..."]
    assert chosen("ab", "") == ["a", "b"]


