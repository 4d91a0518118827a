"""``decompose schema``"""

from __future__ import annotations

import click

from decompose.cli import candidates
from decompose.cli.session import examples, session_of, shared

KINDS = ("analysis", "plan", "config", "check", "diff", "edits", "lock")


@click.command(
    name="schema", epilog=examples("decompose schema analysis", "decompose schema config -o decompose.schema.json")
)
@click.argument("kind", type=click.Choice(KINDS), metavar="{" + ",".join(KINDS) + "}")
@click.option("-o", "--output", default="-", metavar="FILE", shell_complete=candidates.files, help="Write to FILE; - is standard output.")
@shared
@click.pass_context
def command(context: click.Context, kind: str, output: str) -> None:
    """Print the JSON Schema of the analysis, the plan, decompose.toml, edits.json, or what check, diff and plan.lock hold.

    `decompose init` keeps that of decompose.toml as .decompose/config.schema.json, where the editor finds it by the first line of the settings.
    """
    from decompose.resources import schemas

    session_of(context).data(schemas()[f"{kind}.json"].encode(), output)
