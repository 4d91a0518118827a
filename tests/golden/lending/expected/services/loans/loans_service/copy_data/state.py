"""What the service's database remembers: how far the copy is, foreign keys set aside, and whether the service owns the rows."""

from __future__ import annotations

import json
from typing import Any

from .databases import Database, Refused

TABLE = "copy_data_state"
CUT_OVER = "cut-over"


class State:
    """Values by name in a table of the service's database, written in the transaction of what they tell."""

    def __init__(self, service: Database) -> None:
        self._service = service

    def prepare(self) -> None:
        self._service.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (name VARCHAR(300) PRIMARY KEY, value TEXT NOT NULL)"
        )
        self._service.execute(
            f"INSERT INTO {TABLE} (name, value) VALUES ('lock', 'null') ON CONFLICT (name) DO NOTHING"
        )

    def lock(self) -> None:
        """Holds whoever copies at the same time until this transaction ends: it goes on after what this one did."""
        self._service.execute(f"UPDATE {TABLE} SET value = value WHERE name = 'lock'")

    def get(self, name: str) -> Any:
        return self.all(name).get(name)

    def all(self, prefix: str) -> dict[str, Any]:
        """The values whose names begin so; none before anything was copied."""
        if not self._service.columns(TABLE):
            return {}
        rows = self._service.execute(f"SELECT name, value FROM {TABLE} ORDER BY name").fetchall()
        return {name: json.loads(value) for name, value in rows if name.startswith(prefix)}

    def set(self, name: str, value: Any) -> None:
        self._service.execute(
            f"INSERT INTO {TABLE} (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def forget(self, name: str) -> None:
        self._service.execute(f"DELETE FROM {TABLE} WHERE name = ?", (name,))

    def refuse_after_cut_over(self) -> None:
        """Raises when the service owns the rows: the monolith's are older."""
        found = self.get(CUT_OVER)
        if found:
            raise Refused(
                f"the service owns these rows since {found['at']}: copying from the monolith would undo what was written since;"
                " `back --final` brings the rows back and takes the cut-over back"
            )

    def refuse_before_cut_over(self) -> None:
        """Raises when the monolith owns the rows: the service's are older."""
        if not self.get(CUT_OVER):
            raise Refused(
                "no cut-over is recorded: the monolith owns these rows, and copying back would undo what was written there since"
            )
