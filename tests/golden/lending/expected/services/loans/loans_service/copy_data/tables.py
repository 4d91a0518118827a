"""What is copied for the context loans, as data."""

from __future__ import annotations

from typing import NamedTuple


class Table(NamedTuple):
    """``columns`` maps a name to its type, ``references`` a column to the table that it points at.

    A ``shadow`` belongs to the monolith, and only the columns in use are kept here.
    """

    name: str
    key: tuple[str, ...]
    columns: dict[str, str]
    references: dict[str, str] = {}
    shadow: bool = False


class Link(NamedTuple):
    """A column of one side (``monolith`` or ``service``) that holds keys of a table of the other."""

    side: str
    table: str
    column: str
    target: str
    type: str


NAME = "loans"

# How SQLite keeps a time of whole seconds: with or without ".000000".
FRACTIONS = False

# In the order of their references: parents first.
TABLES: list[Table] = [
    Table(
        "auth_user",
        ("id",),
        {
            "id": "integer",
        },
        shadow=True,
    ),
    Table(
        "catalog_book",
        ("id",),
        {
            "id": "integer",
            "title": "string",
        },
        shadow=True,
    ),
    Table(
        "loans_loan",
        ("id",),
        {
            "id": "big",
            "book_id": "big",
            "reader_id": "integer",
            "kind": "string",
            "due": "date",
            "returned": "date",
        },
        {
            "book_id": "catalog_book",
            "reader_id": "auth_user",
        },
    ),
]

# References that cross the cut; no database checks them.
LINKS: list[Link] = [
    Link(
        "service",
        "loans_loan",
        "book_id",
        "catalog_book",
        "integer",
    ),
    Link(
        "service",
        "loans_loan",
        "reader_id",
        "auth_user",
        "integer",
    ),
]
