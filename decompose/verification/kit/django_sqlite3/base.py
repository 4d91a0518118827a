"""See the package: the name that settings give is not asked for, since every process of the suite has its own."""

from __future__ import annotations

from typing import Any

from django.db.backends.sqlite3 import base

from .. import on_django


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "database": on_django.kit().services.running().database}
