"""The tables and keys that Tortoise itself makes of a project: ``python tortoise_registry.py PROJECT MODULE [MODULE ...]`` prints them as JSON.

The schema is generated into an SQLite database and read back from there.
"""

from __future__ import annotations

import asyncio
import json
import sys

from tortoise import Tortoise, connections


async def registry(modules: list[str]) -> dict[str, object]:
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": modules})
    await Tortoise.generate_schemas()
    database = connections.get("default")
    tables, keys = {}, []
    for row in await database.execute_query_dict("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
        name = row["name"]
        tables[name] = sorted(each["name"] for each in await database.execute_query_dict(f'PRAGMA table_info("{name}")'))
        listed = await database.execute_query_dict(f'PRAGMA foreign_key_list("{name}")')
        keys += [[name, each["from"], each["table"], each["on_delete"]] for each in listed]
    await Tortoise.close_connections()
    return {"tables": tables, "foreign_keys": sorted(keys)}


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    json.dump(asyncio.run(registry(sys.argv[2:])), sys.stdout, sort_keys=True)


if __name__ == "__main__":
    main()
