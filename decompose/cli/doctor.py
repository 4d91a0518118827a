"""``decompose doctor``"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from decompose.cli.session import UNLIMITED, Session, configured, examples, formatted, in_project, session_of, shared

if TYPE_CHECKING:
    from decompose.model.lock import PlanLock

LIBRARIES = ("click", "jinja2", "libcst", "msgspec", "networkx", "pathspec", "PyYAML", "tomlkit")
OPTIONAL = {"botocore": "verify checks AWS inputs with it", "cfn-lint": "verify checks templates with it"}
PROGRAMS = {"git": "history, and a clean tree before extract", "docker": "builds and starts the images of services"}


class Check(NamedTuple):
    """One line; ``state`` is ``ok``, ``missing`` (something will be skipped) or ``bad`` (something will fail)."""

    subject: str
    state: str
    text: str


@click.command(name="doctor", epilog=examples("decompose doctor", "decompose doctor --format json"))
@in_project
@formatted("text", "json")
@configured
@shared
@click.pass_context
def command(context: click.Context, project: str, format: str, output: str) -> None:
    """Check the installation, the project's settings and memory, the tools that verify uses, and the terminal.

    Ends with 1 when something will fail.
    """
    from decompose.report.json import encode
    from decompose.report.text import Column, table

    session = session_of(context)
    checks = [*_installation(), *_project(session, Path(project)), *_terminal(session)]
    if format == "json":
        session.data(encode({"schema": "decompose/doctor/1", "checks": [each._asdict() for each in checks]}), output)
    else:
        columns = (Column("check"), Column("state"), Column("found", flexible=True))
        session.result(table(columns, checks, session.terminal(output)), output)
    if any(each.state == "bad" for each in checks):
        context.exit(1)


def _installation() -> Iterator[Check]:
    from decompose import __version__, resources
    from decompose.errors import FileError

    yield Check("decompose", "ok", f"{__version__} in {Path(__file__).parent.parent}")
    yield Check("python", "ok", f"{platform.python_version()} at {sys.executable}")
    for name in LIBRARIES:
        yield _library(name, "bad", "needed: install decompose-cli again")
    for name, use in OPTIONAL.items():
        yield _library(name, "missing", use)
    try:
        yield Check("templates", "ok", f"{len(resources.templates())} files")
    except FileError as error:
        yield Check("templates", "bad", error.message)
    for name, use in PROGRAMS.items():
        path = shutil.which(name)
        yield Check(name, "ok" if path else "missing", path or use)


def _library(name: str, absent: str, use: str) -> Check:
    try:
        return Check(name, "ok", version(name))
    except PackageNotFoundError:
        return Check(name, absent, use)


def _project(session: Session, path: Path) -> Iterator[Check]:
    from decompose import emit, pipeline, recall
    from decompose.errors import DecomposeError
    from decompose.project import project_folder, source_tree
    from decompose.report.text import plural

    try:
        base = project_folder(path)
        yield Check(
            "project",
            "ok" if os.access(base, os.W_OK) else "missing",
            str(base) if os.access(base, os.W_OK) else f"{base} is read-only",
        )
        settings = session.settings(base)
        yield Check("configuration", "ok", settings.path or "no file: defaults")
        files = len(source_tree(base, settings, emit.footprint(base).generated).python)
        nothing = "there is nothing to analyze: no Python file; give the folder of the monolith with -C, or look at exclude in the settings"
        yield Check("to analyze", "ok" if files else "bad", plural(files, "Python file") if files else nothing)
        yield Check("plan", "ok", pipeline.PLAN if (base / pipeline.PLAN).is_file() else "none yet: decompose plan")
        yield Check("signed", "ok", _signed(recall.load_lock(base)))
        yield Check("written for", "ok", ", ".join(emit.written_contexts(base)) or "no context yet")
        if emit.interrupted(base):
            yield Check("last run", "missing", "was interrupted while writing: the next run finishes or takes it back")
    except DecomposeError as error:
        yield Check("project", "bad", f"{error.message} {error.place}".strip())
        return
    cache = base / ".decompose" / "cache"
    size = sum(file.stat().st_size for file in cache.rglob("*") if file.is_file()) if cache.is_dir() else 0
    yield Check("cache", "ok", f"{size / 1e6:.1f} MB")


def _signed(lock: PlanLock | None) -> str:
    from decompose.report.text import plural

    if lock is None:
        return "nothing yet: decompose plan --accept"
    return f"{plural(len(lock.accepted), 'part')} of the plan, by {', '.join(sorted({each.by for each in lock.accepted}))}"


def _terminal(session: Session) -> Iterator[Check]:
    terminal = session.terminal()
    yield Check(
        "terminal",
        "ok",
        f"{f'{terminal.columns} columns' if terminal.columns < UNLIMITED else 'no screen, nothing is cut'}, {'colour' if terminal.colour else 'no colour'}, {sys.stdout.encoding or 'no encoding'}",
    )
