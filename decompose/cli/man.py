"""Man pages, made from the same commands as the help: ``python -m decompose.cli.man FOLDER``, which `make man` runs at a release.

One page a command, ``decompose-plan.1``; ``decompose.1`` lists them in their sections. The same version gives the same bytes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path

import click

from decompose import __version__
from decompose.cli.app import COMMANDS, root

WIDTH = 100
"""Characters of a summary in a list of commands."""


def pages() -> dict[str, str]:
    """Every page by its file name."""
    top = click.Context(root, info_name="decompose", **root.context_settings)
    return {f"{context.command_path.replace(' ', '-')}.1": page(context) for context in (top, *_below(top))}


def _below(context: click.Context) -> Iterator[click.Context]:
    """The contexts of all commands of a group, those of their commands behind each."""
    command = context.command
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        if found is not None and not found.hidden:
            below = click.Context(found, info_name=name, parent=context)
            yield below
            yield from _below(below)


def page(context: click.Context) -> str:
    """One page in the macros of man(7)."""
    command, name = context.command, context.command_path.replace(" ", "-")
    description = cleandoc(command.help or "")
    first, _, rest = description.partition("\n\n")
    lines = [
        f'.TH "{roff(name.upper())}" "1" "" "decompose {roff(__version__)}" "decompose"',
        ".SH NAME", f"{roff(name)} \\- {roff(' '.join(first.split()).rstrip('.'))}",
        ".SH SYNOPSIS", f".B {roff(context.command_path)}", roff(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION", *_paragraphs(f"{first}\n\n{rest}"),
    ]  # fmt: skip
    records = [record for each in command.get_params(context) if isinstance(each, click.Option) and (record := each.get_help_record(context))]
    lines += [".SH OPTIONS", *(line for record in records for line in _entry(*record))]
    if context.parent is None:
        for section in dict.fromkeys(entry.section for entry in COMMANDS.values()):
            lines.append(f".SH {roff(section.upper())}")
            lines += [line for each, entry in COMMANDS.items() if entry.section == section for line in _entry(f"decompose-{each}(1)", entry.summary)]
    elif isinstance(command, click.Group):
        lines += [".SH COMMANDS"]
        lines += [line for each in command.list_commands(context) if (found := command.get_command(context, each)) for line in _entry(f"{name}-{each}(1)", found.get_short_help_str(WIDTH))]
    lines += _ending(command.epilog or "")
    lines += [".SH SEE ALSO", _see_also(context)]
    return "\n".join(lines) + "\n"


def _entry(term: str, text: str) -> list[str]:
    return [".TP", f".B {roff(term)}", roff(" ".join(text.split()))]


def _paragraphs(text: str) -> Iterator[str]:
    for index, paragraph in enumerate(each for each in text.split("\n\n") if each.strip()):
        if index:
            yield ".PP"
        yield roff(" ".join(paragraph.split()))


def _ending(epilog: str) -> Iterator[str]:
    """The end of a help page: what stands under a heading of its own becomes a section with its lines kept, the rest notes."""
    notes: list[str] = []
    for block in (part.strip("\n") for part in re.split(r"\n\n|\x08\n", epilog)):
        title, _, body = block.partition("\n")
        if title.endswith(":") and body:
            yield f".SH {roff(title.rstrip(':').upper())}"
            yield ".nf"
            yield from (roff(line) for line in body.splitlines())
            yield ".fi"
        elif block.strip():
            notes.append(block)
    if notes:
        yield ".SH NOTES"
        yield from _paragraphs("\n\n".join(notes))


def _see_also(context: click.Context) -> str:
    names = ["decompose"] if context.parent is not None else [f"decompose-{name}" for name in COMMANDS]
    return ",\n".join(f".BR {roff(name)} (1)" for name in names)


def roff(text: str) -> str:
    """``text`` so that roff prints it as it is: backslashes, hyphens, and what would be a request at the start of a line."""
    found = text.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return f"\\&{found}" if found.startswith(".") else found


def write(folder: Path) -> Iterable[Path]:
    """Writes every page below ``folder`` and names it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")
        yield folder / name


if __name__ == "__main__":
    print("\n".join(str(path) for path in write(Path(sys.argv[1]))))
