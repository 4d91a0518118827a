"""The tables and keys that Peewee itself makes of a project: ``python peewee_registry.py PROJECT MODULE [MODULE ...]`` prints them as JSON.

The tables are made in an SQLite database and read back from there, so that the judge is the database.
"""

from __future__ import annotations

import importlib
import json
import sys

import peewee


def registry(models: list[type[peewee.Model]]) -> dict[str, object]:
    database = peewee.SqliteDatabase(":memory:")
    with database.bind_ctx(models):
        database.create_tables(models)
        tables = {name: sorted(column.name for column in database.get_columns(name)) for name in database.get_tables()}
        # SQLite cannot add the constraint of a deferred key to a table that exists: the keys are those of the models.
        keys = [
            [model._meta.table_name, key.column_name, key.rel_model._meta.table_name, (key.on_delete or "").upper()]
            for model in models for key in model._meta.refs
        ]  # fmt: skip
        return {"tables": tables, "foreign_keys": sorted(keys), "accessors": sorted(_accessors(models))}


def _accessors(models: list[type[peewee.Model]]) -> set[tuple[str, str, str]]:
    return {
        (model._meta.table_name, key.name, key.backref)
        for model in models for key in model._meta.refs if key.backref and key.backref not in ("+", "!")
    }  # fmt: skip


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    for name in sys.argv[2:]:
        importlib.import_module(name)
    json.dump(registry([model for model in below(peewee.Model) if is_projects(model)]), sys.stdout, sort_keys=True)


def below(base: type[peewee.Model]) -> list[type[peewee.Model]]:
    return [each for model in base.__subclasses__() for each in (model, *below(model))]


def is_projects(model: type[peewee.Model]) -> bool:
    """False for the models that come with the library; a join table's is made by the library for the project."""
    return model.__module__.partition(".")[0] not in ("peewee", "playhouse") or model.__name__.endswith("Through")


if __name__ == "__main__":
    main()
