"""Detector cases: small programs in Markdown with what we say about them beside the line.

A file ``tests/cases/<detector>/<topic>.md`` names the kinds of facts it is about in ``<!-- facts: table fk -->``. Each ``##`` section is one
program, in blocks that begin with a fence such as ```` ```python title="shop/models.py" ````. ``# fact: ...`` stands at the end of the line that
a fact points at, or on lines of its own before it, which do not count as lines of the program; several on one line are separated by ``;;``.
Facts of the named kinds that no comment announces fail as missing ones do.

``python tests/cases/test_cases.py FILE`` rewrites the comments of a file from what the detector says now: review the difference.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from decompose.link.program import Program
from decompose.model import facts as model
from decompose.syntax import summarize_sources

FOLDER = Path(__file__).parent
_BLOCK = re.compile(r'^```(?P<language>\w+) title="(?P<path>[^"]+)"\n(?P<body>.*?)^```', re.MULTILINE | re.DOTALL)
_HEADER = re.compile(r"<!--\s*facts:\s*(?P<kinds>[\w\- ]+?)\s*-->")
_COMMENT = re.compile(r"\s*# fact: (?P<text>.*)$")
Line = tuple[str, int, str]


class Case(NamedTuple):
    """One section of a file."""

    detector: str
    title: str
    kinds: frozenset[str]
    sources: dict[str, str]
    expected: frozenset[Line]


def cases() -> Iterator[Any]:
    for file in sorted(FOLDER.glob("*/*.md")):
        for case in read(file):
            yield pytest.param(case, id=f"{file.parent.name}/{file.stem}: {case.title}")


def read(file: Path) -> Iterator[Case]:
    text = file.read_text()
    header = _HEADER.search(text)
    assert header is not None, f"{file} names no kinds of facts"
    kinds = frozenset(header["kinds"].split())
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        sources, expected = {}, set()
        for block in _BLOCK.finditer(section):
            sources[block["path"]] = _without_comments(block["body"])
            expected.update(announced(block["path"], block["body"]))
        yield Case(file.parent.name, section.partition("\n")[0].strip(), kinds, sources, frozenset(expected))


def announced(path: str, body: str) -> Iterator[Line]:
    waiting: list[str] = []
    number = 0
    for line in body.splitlines():
        found = _COMMENT.search(line)
        texts = [each.strip() for each in found["text"].split(";;")] if found else []
        if found and not line[: found.start()].strip():
            waiting.extend(texts)
            continue
        number += 1
        for text in [*waiting, *texts]:
            yield path, number, text
        waiting = []


def stated(case: Case) -> frozenset[Line]:
    program = Program(
        summarize_sources({path: body for path, body in case.sources.items() if path.endswith(".py")}),
        {path: body for path, body in case.sources.items() if path.endswith(".sql")},
    )
    detect = importlib.import_module(f"decompose.detect.{case.detector}").detect
    found = set()
    for fact in detect(program):
        rendered = render(fact)
        if rendered and rendered[0] in case.kinds:
            found.add((fact.at.path, fact.at.line, rendered[1]))
        for extra in beside(fact):
            if extra[0] in case.kinds:
                found.add((fact.at.path, fact.at.line, extra[1]))
    return frozenset(found)


def render(fact: model.Fact) -> tuple[str, str]:
    """The kind of a fact as headers name it, and the fact in one short line."""

    def last(dotted: str, parts: int = 1) -> str:
        return ".".join(dotted.split(".")[-parts:])

    def words(*parts: object) -> str:
        return " ".join(str(each) for each in parts if each not in ("", None, False, ()))

    match fact:
        case model.Table():
            return "table", words("table", fact.id, fact.kind if fact.kind != "entity" else "", f"({', '.join(map(last, fact.models[1:]))})" if fact.models[1:] else "")
        case model.ForeignKey():
            kind = {"many-to-one": "fk", "one-to-one": "o2o", "many-to-many": "m2m"}[fact.kind]
            return "fk", words(
                kind, f"{fact.table}.{fact.column}", "->", fact.target, fact.on_delete, fact.nullable and "null", fact.through and f"through {fact.through}",
                fact.accessor and f"as {fact.accessor}",
            )  # fmt: skip
        case model.Access():
            via = "" if fact.via == "orm" else fact.via
            return "access", words(fact.mode, fact.table, via, not fact.certain and "?")
        case model.ModelUse():
            return "use", words(
                "use", last(fact.model), fact.head, fact.shape or "()", "->", fact.result, fact.mode if fact.mode != "none" else "",
                fact.attributes and f"[{', '.join(fact.attributes)}]", fact.obstacle and f"!{fact.obstacle}", not fact.certain and "?",
                *(f"+{each.name}:{each.type}{'?' if each.nullable and each.type else ''}" for each in fact.annotations),
            )  # fmt: skip
        case model.Transaction():
            return "transaction", words("transaction", fact.kind, "to", fact.end_line, *(f"without {first}-{last}" for first, last in fact.deferred))
        case model.Route():
            return "route", words(
                "route", ",".join(fact.methods) or "-", fact.path, "->", last(fact.handler), fact.name, fact.kind if fact.kind != "view" else "",
                fact.regex and "regex", fact.localized and "localized",
            )  # fmt: skip
        case model.Task():
            return "task", words("task", fact.name, "->", last(fact.definition), fact.queue)
        case model.TaskSend():
            return "send", words("send", fact.task, fact.how)
        case model.Schedule():
            return "schedule", words("schedule", fact.name, fact.task, fact.when)
        case model.Subscription():
            return "subscription", words("on", last(fact.signal), fact.sender and f"from {last(fact.sender)}", "->", last(fact.handler))
        case model.Emission():
            return "emission", words("emit", fact.signal)
        case model.Command():
            return "command", words("command", fact.name, "->", last(fact.definition))
        case model.Setting():
            return "setting", words("setting", fact.name, fact.environment and f"from {fact.environment}")
        case model.SettingRead():
            return "setting-read", words("reads setting", fact.name)
        case model.EnvironmentRead():
            return "environment", words("environment", fact.name, fact.default)
        case model.StringReference():
            return "string", words(fact.kind, fact.text, "->", fact.target or "?")
        case model.External():
            return "external", words(fact.kind, fact.text, fact.mode)
        case model.Unresolved():
            return "unresolved", words("unresolved", fact.kind, fact.text)
        case _:
            return "", ""


def beside(fact: model.Fact) -> Iterator[tuple[str, str]]:
    """Details that only some files are about."""
    if isinstance(fact, model.Table):
        shown = []
        for each in fact.columns:
            flags = [each.type + (f"({each.max_length})" if each.max_length else ""), each.primary_key and "pk", each.nullable and "null"]
            shown.append(" ".join([each.name, *(flag for flag in flags if flag)]))
        yield "columns", f"columns {fact.id}: {', '.join(shown)}"


def annotate(file: Path) -> None:
    """Rewrites the comments of a case file."""
    plain = _BLOCK.sub(lambda block: f'```{block["language"]} title="{block["path"]}"\n{_without_comments(block["body"])}```', file.read_text())
    file.write_text(plain)
    sections = re.split(r"(?m)^(?=## )", plain)
    by_title = {case.title: stated(case) for case in read(file)}
    written = [sections[0]]
    for section in sections[1:]:
        found = by_title[section[3:].partition("\n")[0].strip()]
        written.append(_BLOCK.sub(lambda block, found=found: _with_comments(block, found), section))
    file.write_text("".join(written))


def _without_comments(body: str) -> str:
    lines = []
    for line in body.splitlines():
        found = _COMMENT.search(line)
        if found and not line[: found.start()].strip():
            continue
        lines.append(line[: found.start()] if found else line)
    return "".join(f"{line}\n" for line in lines)


def _with_comments(block: re.Match[str], found: frozenset[Line]) -> str:
    lines = []
    for number, line in enumerate(block["body"].splitlines(), start=1):
        texts = sorted(text for path, at, text in found if path == block["path"] and at == number)
        if len(texts) == 1 and len(line) + len(texts[0]) < 140:
            line = f"{line}  # fact: {texts[0]}"
        elif texts:
            indent = line[: len(line) - len(line.lstrip())]
            lines.extend(f"{indent}# fact: {text}" for text in texts)
        lines.append(line)
    return f'```{block["language"]} title="{block["path"]}"\n' + "".join(f"{line}\n" for line in lines) + "```"


@pytest.mark.parametrize("case", list(cases()))
def test_the_detector_says_exactly_what_the_comments_announce(case: Case) -> None:
    found = stated(case)
    missing = [f"missing    {path}:{line}  {text}" for path, line, text in sorted(case.expected - found)]
    unexpected = [f"unexpected {path}:{line}  {text}" for path, line, text in sorted(found - case.expected)]
    assert not missing and not unexpected, "\n" + "\n".join([*missing, *unexpected])


if __name__ == "__main__":
    for name in sys.argv[1:]:
        annotate(Path(name))
