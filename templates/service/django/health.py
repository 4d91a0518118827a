"""Is the process alive, and can it take work?"""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe


@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all. Says nothing about the database: a restart would not repair that."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and has every migration, else 503 with the reason.

    503 too without an address for what the moved code calls of the monolith.
    """
    for options in settings.BOUNDARIES.values():
        if options.get("mode") == "remote" and not options["url"]:
            return JsonResponse(
                {"status": "unavailable", "reason": "MONOLITH_URL is missing"}, status=503
            )
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return JsonResponse({"status": "unavailable", "reason": type(error).__name__}, status=503)
    if waiting:
        names = [f"{migration.app_label}.{migration.name}" for migration, _ in waiting]
        return JsonResponse(
            {"status": "unavailable", "reason": "migrations", "waiting": names}, status=503
        )
    return JsonResponse({"status": "ok"})
