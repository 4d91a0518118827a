"""What a context's ``events`` module says: whose changes the other side hears of, and what it does then."""

from __future__ import annotations

from typing import NamedTuple


class Shadow(NamedTuple):
    """A model of the monolith of which the service keeps shadows: ``columns`` by name of the shadow, with their path."""

    label: str
    columns: dict[str, str]


class Pointer(NamedTuple):
    """A column of the monolith that holds keys of the context's rows, and what becomes of its row when one is deleted."""

    owner: str
    label: str
    column: str
    on_delete: str


class Listener(NamedTuple):
    """A handler of a model's signal on the other side of the cut. ``columns`` of the row travel to it.

    ``side`` is where the handler runs: ``service`` or ``monolith``.
    """

    signal: str
    label: str
    handler: str
    side: str
    columns: dict[str, str]
