"""``decompose export``"""

from __future__ import annotations

import click

from decompose.cli import candidates
from decompose.cli.session import configured, examples, in_project, session_of, shared

TOOLS = ("import-linter", "tach", "codeowners")


@click.command(
    name="export",
    epilog=examples(
        "decompose export import-linter -o importlinter.toml",
        "decompose export tach -o tach.toml",
        "decompose export codeowners",
    ),
)
@click.argument("tool", type=click.Choice(TOOLS), metavar="{" + ",".join(TOOLS) + "}")
@click.option("-o", "--output", default="-", metavar="FILE", shell_complete=candidates.files, help="Write to FILE; - is standard output.")
@in_project
@configured
@shared
@click.pass_context
def command(context: click.Context, tool: str, output: str, project: str) -> None:
    """Write the signed cut as rules of another tool.

    import-linter and tach get the imports that are allowed, those known when the plan was signed among them; codeowners the team of each context.
    Only `decompose check` sees tables, keys and transactions, too.
    """
    from decompose import guard
    from decompose.project import project_folder
    from decompose.report import exports

    session = session_of(context)
    cut, sources = guard.export(project_folder(project))
    made = {"import-linter": exports.import_linter, "codeowners": exports.codeowners}
    session.result(exports.tach(cut, sources) if tool == "tach" else made[tool](cut), output)
