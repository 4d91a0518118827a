"""``decompose init``"""

from __future__ import annotations

import sys

import click

from decompose.cli import candidates
from decompose.cli.session import Session, configured, examples, scanned, session_of, shared


@click.command(name="init", epilog=examples("decompose init .", "decompose init --yes path/to/monolith"))
@click.argument("path", default=".", metavar="[PATH]", shell_complete=candidates.folders)
@click.option("-y", "--yes", is_flag=True, help="Ask nothing.")
@scanned
@configured
@shared
@click.pass_context
def command(context: click.Context, path: str, yes: bool, jobs: int | None, no_cache: bool) -> None:
    """Analyze a monolith and write a first decompose.toml.

    The file holds what was found and, as comments, the proposed contexts. One that is there already stays as it is. Its first line tells editors that
    know TOML where its schema is; the schema is brought up to this version each time.
    """
    from decompose import config, emit, pipeline
    from decompose.project import project_folder
    from decompose.report.text import summary
    from decompose.resources import schemas

    session = session_of(context)
    base = project_folder(path)
    with session.progress() as progress, session.executor() as executor:
        analysis = pipeline.analyze(
            base, config=session.settings(base), jobs=jobs, cache=not no_cache, progress=progress, executor=executor
        )
    session.result(summary(analysis.name, analysis.graph, analysis.context_map, session.terminal()))
    emit.save(base, {config.SCHEMA: schemas()["config.json"].encode()})
    target = base / config.FILE_NAME
    if target.exists():
        session.note(f"{target} is there already: left as it is")
        return
    if not (yes or _agreed(session, str(target))):
        return
    proposal = [
        (each.name, _globs(each.modules), each.tables)
        for each in analysis.context_map.contexts
        if each.role != "shared"
    ]
    roots = [root for root in analysis.tree.roots if root != "."]
    emit.save_output(target, config.starter(source=roots, contexts=proposal).encode())
    session.note(f"Wrote {target}\nNext: decompose plan --open      review and adjust the cut")


def _agreed(session: Session, target: str) -> bool:
    """A person's consent; without a person at a terminal the command line itself is consent enough."""
    return not sys.stdin.isatty() or click.confirm(f"Write {target}?", default=True, err=True)


def _globs(modules: tuple[str, ...]) -> list[str]:
    """The modules of a context as few globs: a package stands for what lies in it when all of that belongs to the context."""
    chosen = set(modules)
    covered = {module for module in chosen if any(parent in chosen for parent in _parents(module))}
    packages = {parent for module in covered for parent in _parents(module) if parent in chosen}
    return sorted(f"{module}.**" if module in packages else module for module in chosen - covered)


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]
