"""One file for the priorities of all services' listener rules: what is deployed keeps its numbers, whatever the plan becomes.

``services/shared/priorities.json`` belongs into version control. Each extraction reads it, adds a block for a service that has none, or that
needs more than it has, and leaves everything else as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from decompose.errors import FileError
from decompose.generate.deployment import deployment
from decompose.generate.render import Render
from decompose.model.artifacts import Artifact
from decompose.model.priorities import LAST, Priorities
from decompose.model.service import ServicePlan

SCHEMA = "decompose/priorities/1"
ABOUT = (
    "First and last priority of the listener rules of each service. Commit this file: a block is given once and kept, also when the "
    "plan changes. Priorities of others on the same listener are named in decompose.toml, [target.ecs] reserved-priorities."
)


class Record(msgspec.Struct, frozen=True):
    """The file's content."""

    schema: str
    services: dict[str, tuple[tuple[int, int], ...]]


def path(services: str) -> str:
    """Where the file lies in the folder of all services."""
    return f"{services}/shared/priorities.json"


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """The file with the service's own block in it."""
    yield Artifact(path(plan.root.rpartition("/")[0]), encode(deployment(plan).allocated))


def encode(priorities: Priorities) -> bytes:
    """One service a line, sorted, so that version control shows who got what."""
    lines = [f"    {json.dumps(name)}: {json.dumps(blocks)}" for name, blocks in sorted(priorities.services.items())]
    services = "{\n" + ",\n".join(lines) + "\n  }" if lines else "{}"
    return f'{{\n  "schema": {json.dumps(SCHEMA)},\n  "about": {json.dumps(ABOUT)},\n  "services": {services}\n}}\n'.encode()


def decode(content: bytes | None, place: str) -> Priorities:
    """The priorities in the file at ``place``, none when there is no file. Raises :class:`FileError` when they cannot be."""
    if content is None:
        return Priorities()
    try:
        record = msgspec.json.decode(content, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise FileError(f"the priorities of listener rules cannot be read: {error}", place=place, hint="restore the file from version control") from error
    if record.schema != SCHEMA:
        raise FileError(f"the priorities of listener rules have the format {record.schema!r}", place=place, hint="use the version of decompose that wrote them")
    for name, blocks in record.services.items():
        ends = [end for block in blocks for end in block]
        if ends != sorted(ends) or not all(1 <= end <= LAST for end in ends):
            raise FileError(
                f"the blocks of {name} are not ascending within 1..{LAST}: {json.dumps(blocks)}", place=place, hint="restore the file from version control"
            )
    found = Priorities(record.services)
    if (both := found.overlap()) is not None:
        raise FileError(
            f"the blocks of {both[0]} and {both[1]} overlap",
            place=place,
            hint="remove the block of the one that is not deployed yet, then extract it again: it gets a new one",
        )
    return found
