"""``decompose deploy-plan``"""

from __future__ import annotations

import click

from decompose.cli import candidates
from decompose.cli.session import configured, examples, formatted, in_project, session_of, shared


@click.command(
    name="deploy-plan",
    epilog=examples("decompose deploy-plan CONTEXT", "decompose deploy-plan CONTEXT --environment staging --format json -o deploy.json"),
)
@click.argument("name", metavar="CONTEXT", shell_complete=candidates.contexts)
@click.option("--environment", type=click.Choice(("staging", "production")), help="Values of this environment only.  [default: both]")
@click.option("--exit-zero", is_flag=True, help="End with 0 also when something stops it: for jobs that only report.")
@in_project
@formatted("text", "json")
@configured
@shared
@click.pass_context
def command(context: click.Context, name: str, environment: str | None, exit_zero: bool, project: str, format: str, output: str) -> None:
    """Say what deploying a service would create, in order, with the command of each step.

    Reads the saved plan, the settings and the files that extract wrote; never touches AWS. Names the values that a person must still
    give, and what stops the deployment. Ends with 1 when something does.
    """
    from decompose import pipeline
    from decompose.project import project_folder
    from decompose.report import rollout
    from decompose.report.json import encode

    session = session_of(context)
    base = project_folder(project)
    found = pipeline.deploy_plan(base, name, config=session.settings(base), environment=environment)
    if format == "json":
        session.data(encode(found), output)
    else:
        session.result(rollout.text(found, session.terminal(output)), output)
    if found.stops and not exit_zero:
        context.exit(1)
