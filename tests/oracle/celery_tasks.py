"""Prints the tasks and periodic tasks that a Celery application knows, as JSON, after loading what it would load.

Runs in the project's own environment: ``python celery_tasks.py shop.celery:app``. Celery's own tasks are left out.
"""

import importlib
import json
import sys


def main(target):
    module, _, name = target.partition(":")
    app = getattr(importlib.import_module(module), name or "app")
    app.loader.import_default_modules()
    app.finalize(auto=True)
    schedule = app.conf.beat_schedule or {}
    print(
        json.dumps(
            {
                "tasks": sorted(task for task in app.tasks if not task.startswith("celery.")),
                "schedules": sorted([entry, each["task"]] for entry, each in schedule.items()),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
