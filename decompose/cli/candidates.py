"""What a shell offers after TAB: names from the last analysis and the saved plan. Nothing is computed, nothing is written.

Where there is no analysis yet, or one that cannot be read, nothing is offered: a shell has no place for a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from decompose.cli.known import Names

MOST = 400
"""Names offered at once; a person who needs more types on."""


def contexts(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of contexts."""
    return _offered(_names(context).contexts, incomplete)


def bounded(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of contexts where a boundary is to be shown: no other list takes a name."""
    return contexts(context, _, incomplete) if context.params.get("thing") == "boundary" else []


def subjects(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What can be explained: contexts, tables and decisions; once something is typed modules, classes and functions, edges, steps and error codes, too."""
    return _offered(_subjects(_names(context), incomplete), incomplete)


def parts(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Where a plan is named or signed: its folder, and with ``--accept`` what can be accepted."""
    if not context.params.get("accept"):
        return folders(context, _, incomplete)
    names = _names(context)
    return _offered([("map", "the cut itself"), *names.contexts, *names.decisions], incomplete) or folders(context, _, incomplete)


def decisions(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of decisions that can be waived."""
    return _offered(_names(context).decisions, incomplete)


def places(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """``NAME=CONTEXT`` of a pin: modules and tables up to the equals sign, then contexts."""
    names = _names(context)
    name, equals, _started = incomplete.partition("=")
    if equals:
        return _offered(((f"{name}={each}", told) for each, told in names.contexts), incomplete)
    return _offered([*names.tables, *names.modules], incomplete)


def weights(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Kinds of evidence, each with its equals sign."""
    from decompose.config import WEIGHT_KINDS

    return _offered(((f"{kind}=", "") for kind in WEIGHT_KINDS), incomplete)


def edge_kinds(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Kinds of edges of a boundary."""
    from typing import get_args

    from decompose.model.migration import EdgeKind

    return _offered(((kind, "") for kind in get_args(EdgeKind)), incomplete)


def steps(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Steps of an extraction, in their order."""
    from decompose.planning.steps import STEPS

    return _offered(((step, "") for step in STEPS), incomplete)


def files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files, as the shell itself completes them."""
    return [CompletionItem(incomplete, type="file")]


def folders(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders, as the shell itself completes them."""
    return [CompletionItem(incomplete, type="dir")]


# --- what there is ------------------------------------------------------------------------------


def _names(context: click.Context) -> Names:
    """Names of the project that the command line so far speaks of."""
    from decompose.cli.known import names
    from decompose.project import project_around

    given = context.params.get("project") or context.params.get("path")
    return names(Path(given) if given and given != "." else project_around(Path.cwd()))


def _subjects(names: Names, incomplete: str) -> Iterator[tuple[str, str]]:
    yield from names.contexts
    yield from names.tables
    yield from names.decisions
    if incomplete:
        from decompose.report.codes import CODES

        yield from names.modules
        yield from names.definitions
        yield from names.edges
        yield from names.steps
        yield from ((code, meaning.title) for code, meaning in CODES.items())


def _offered(names: Iterable[tuple[str, str]], incomplete: str) -> list[CompletionItem]:
    """Names that begin as typed, each once, with what is told of it. Letters of ids and codes may be small."""
    typed = incomplete.lower()
    found: dict[str, str] = {}
    for name, told in names:
        if name.lower().startswith(typed) and name.isprintable() and " " not in name:
            found.setdefault(name, told)
    return [CompletionItem(name, help=told or None) for name, told in list(found.items())[:MOST]]
