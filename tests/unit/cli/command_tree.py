"""All commands of the command line."""

from __future__ import annotations

import click


def commands(group: click.Group, context: click.Context, above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words, groups too."""
    found: list[tuple[tuple[str, ...], click.Command]] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(((*above, name), command))
        if isinstance(command, click.Group):
            found += commands(command, context, (*above, name))
    return found
