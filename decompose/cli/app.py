"""The group of commands. A command's module is imported when the command is used, so that ``--help`` answers at once."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from typing import NamedTuple

import click

from decompose import __version__
from decompose.cli import Terminated
from decompose.cli.session import Session, shared


class Entry(NamedTuple):
    """A command: its module below :mod:`decompose.cli`, its section and the line shown in the list."""

    module: str
    section: str
    summary: str


COMMANDS = {
    "init": Entry("init", "Understand", "Analyze a monolith and write a first decompose.toml."),
    "analyze": Entry("analyze", "Understand", "Read a Python monolith and propose bounded contexts."),
    "show": Entry("show", "Understand", "List contexts, tables, routes, tasks, cuts, boundaries, order."),
    "explain": Entry("explain", "Understand", "Say why: a context, module, table, FK, transaction or error code."),
    "plan": Entry("plan", "Decide", "Write the migration plan: decisions, boundaries, order, steps."),
    "review": Entry("review", "Decide", "Look at the plan in the browser, edit it, save the edits."),
    "extract": Entry("extract", "Extract", "Write the service, the boundary and the rewritten call sites."),
    "verify": Entry("verify", "Extract", "Prove that an extracted service works."),
    "deploy-plan": Entry("deploy_plan", "Extract", "Say what deploying a service would create, in order."),
    "check": Entry("check", "Guard", "Fail on new uses across the cut that was signed."),
    "diff": Entry("diff", "Guard", "Show what changed in cut, ownership, keys, transactions, edges."),
    "export": Entry("export", "Guard", "Write the signed cut as rules of other tools."),
    "config": Entry("config", "Setup", "Show the settings in force and where they come from."),
    "schema": Entry("schema", "Setup", "Print the JSON Schema of an output or of decompose.toml."),
    "completion": Entry("completion", "Setup", "Print the script that completes commands in a shell."),
    "doctor": Entry("doctor", "Setup", "Check the installation, the project and the terminal."),
}


END = """\b
Examples:
  decompose analyze .                  # what contexts there are
  decompose plan . --open              # what you have to decide, in the browser
  decompose explain CONTEXT            # why this code is together
  decompose extract CONTEXT --dry-run  # what would be written

Every option has a variable, as in DECOMPOSE_ANALYZE_FORMAT=json; those of many
commands have one for all of them, too, as in DECOMPOSE_JOBS=4. What is typed
wins. NO_COLOR, FORCE_COLOR and TERM=dumb hold.

\b
Exit codes:
  0  fine                          4  your edits and new output meet
  1  findings, or not ready        5  another run is writing
  2  a wrong option or setting     6  too much of the source could not be read
  3  reading or writing failed    70  a bug of ours
Error codes: decompose explain D301
"""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"decompose.cli.{COMMANDS[cmd_name].module}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(name, COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Commands: {', '.join(COMMANDS)}."
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in COMMANDS.items():
            sections.setdefault(entry.section, []).append((name, entry.summary))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)


@click.group(
    cls=LazyGroup,
    context_settings={
        "auto_envvar_prefix": "DECOMPOSE",
        "max_content_width": 100,
    },
    epilog=END,
)
@click.version_option(__version__, prog_name="decompose")
@shared
def root() -> None:
    """Find the bounded contexts in a Python monolith and extract them, one proven service at a time."""


def run(arguments: Sequence[str]) -> int:
    """The exit code of one command line. Nothing but the result is written to standard output."""
    session = Session()
    if os.environ.get("_DECOMPOSE_COMPLETE"):
        root.main(list(arguments), prog_name="decompose", complete_var="_DECOMPOSE_COMPLETE")
        return 0
    try:
        code = root.main(
            list(arguments),
            prog_name="decompose",
            standalone_mode=False,
            obj=session,
            complete_var="_DECOMPOSE_COMPLETE",
        )
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except (Exception, KeyboardInterrupt, Terminated) as error:
        from decompose.cli.failures import exit_code

        return exit_code(error, session, arguments)
    return code if isinstance(code, int) else 0
