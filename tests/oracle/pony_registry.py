"""The tables and keys that Pony itself makes of a project: ``python pony_registry.py PROJECT MODULE DATABASE`` prints them as JSON.

``DATABASE`` is the name of the ``Database`` object in the module; it is bound to SQLite here.
"""

from __future__ import annotations

import importlib
import json
import sys
from typing import Any

from pony.orm import db_session


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    database = getattr(importlib.import_module(sys.argv[2]), sys.argv[3])
    database.bind(provider="sqlite", filename=":memory:")
    database.generate_mapping(create_tables=True)
    with db_session:
        json.dump(registry(database.get_connection()), sys.stdout, sort_keys=True)


def registry(connection: Any) -> dict[str, object]:
    tables, keys = {}, []
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").fetchall():
        tables[name] = sorted(row[1] for row in connection.execute(f'PRAGMA table_info("{name}")').fetchall())
        listed = connection.execute(f'PRAGMA foreign_key_list("{name}")').fetchall()
        keys += [[name, row[3], row[2], "" if row[6] == "NO ACTION" else row[6]] for row in listed]
    return {"tables": tables, "foreign_keys": sorted(keys)}


if __name__ == "__main__":
    main()
