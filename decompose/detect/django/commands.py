"""Management commands: modules under ``management/commands`` with a ``Command`` class."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.detect.django.standard import COMMAND_BASES
from decompose.link.program import Program
from decompose.model.facts import Command


def command_facts(program: Program) -> Iterator[Command]:
    """The project's own management commands, under the name that ``manage.py`` knows."""
    for module in program.modules.values():
        parts = module.name.split(".")
        if parts[-3:-1] != ["management", "commands"] or parts[-1].startswith("_"):
            continue
        state = program.resolve(f"{module.name}.Command")
        if state.kind == "class" and any(name.rpartition(".")[2] in COMMAND_BASES for name in program.ancestors(state.id)):
            yield Command(parts[-1], state.id, program.place(state.id))
