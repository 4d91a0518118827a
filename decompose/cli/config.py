"""``decompose config``"""

from __future__ import annotations

import click

from decompose.cli.session import configured, examples, formatted, in_project, session_of, shared


@click.group(
    name="config",
    epilog=examples("decompose config show", "decompose config show --source", "decompose config show --format json"),
)
@shared
def command() -> None:
    """Look at the settings of a project: decompose.toml, or [tool.decompose] in pyproject.toml."""


@command.command(name="show", epilog=examples("decompose config show --source"))
@click.option("--source", is_flag=True, help="Say where each value comes from.")
@in_project
@formatted("text", "json")
@configured
@shared
@click.pass_context
def show(context: click.Context, source: bool, project: str, format: str, output: str) -> None:
    """List the settings in force, defaults included."""
    from decompose import config
    from decompose.project import project_folder
    from decompose.report.json import encode
    from decompose.report.text import Column, Listing

    session = session_of(context)
    loaded = session.loaded(project_folder(project))
    values = config.values(loaded.config)
    if format == "json":
        data = [
            {"key": key, "value": value, "source": loaded.places.get(key, "default")} for key, value in values.items()
        ]
        session.data(encode({"schema": "decompose/settings/1", "file": loaded.config.path, "settings": data}), output)
        return
    rows = tuple(
        (key, _toml(value), *([loaded.places.get(key, "default")] if source else [])) for key, value in values.items()
    )
    columns = (Column("key"), Column("value", flexible=True), *([Column("from")] if source else []))
    session.result(Listing(columns, rows, "").text(session.terminal(output)), output)
    session.detail(f"from {loaded.config.path or 'no file'}")


def _toml(value: object) -> str:
    import tomlkit

    return str(tomlkit.item(value).as_string())
