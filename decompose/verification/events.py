"""Events for real: rows of the monolith are made, changed and deleted, and the running service has to show it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from decompose.model.verification import Gate
from decompose.verification.processes import run
from decompose.verification.running import Service

_TELL = """
import importlib, json, os, subprocess, sys
packages, boundaries, context, url, command = json.loads(sys.argv[1])
sys.path.extend(packages)
from django.conf import settings
exchange = f"{boundaries}.exchange"
settings.INSTALLED_APPS = [*(each for each in settings.INSTALLED_APPS if each != exchange), exchange]
settings.BOUNDARIES = {**getattr(settings, "BOUNDARIES", {}), context: {"mode": "local", "url": url, "events": "on"}}
import django
django.setup()
from django.apps import apps
from django.test import utils
import rows
outbox, wiring, models = (importlib.import_module(f"{exchange}.{name}") for name in ("outbox", "wiring", "models"))
shadows = importlib.import_module(f"{boundaries}.{context}.events").SHADOWS
told, left_out = [], []

def send():
    outbox.drain(120)
    for event in models.Event.objects.all():
        print(f"FAILED {event.kind} was not taken: {event.problem}")

def look(asked):
    done = subprocess.run([*command, json.dumps(asked)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)

utils.setup_test_environment()
held = utils.setup_databases(verbosity=0, interactive=False)
made = []
for shadow in shadows:
    kind = apps.get_model(shadow.label)
    try:
        row = rows.make(shadow.label)
    except Exception as error:
        print(f"LEFT {shadow.label}: no row can be made of it here ({type(error).__name__}: {error})"[:300])
        continue
    plain = {name for field in kind._meta.concrete_fields for name in (field.name, field.attname)}
    made.append((kind, row.pk, [name for name, path in sorted(shadow.columns.items()) if name in plain and path == name]))
send()
asked = [[kind._meta.label, key, columns] for kind, key, columns in made]
for (kind, key, columns), shown in zip(made, look(asked)):
    wanted = values(kind._base_manager.get(pk=key), columns)
    if shown != wanted:
        print(f"FAILED {kind._meta.label}: the service shows {shown}, the monolith has {wanted}")
gone = []
for (kind, key, _), each in reversed([*zip(made, asked)]):
    try:
        kind._base_manager.filter(pk=key).delete()
        gone.append(each)
    except Exception as error:
        print(f"LEFT {kind._meta.label}: its row cannot be deleted here ({type(error).__name__})")
send()
for (label, _, _), shown in zip(gone, look(gone)):
    if shown is not None:
        print(f"FAILED {label}: the service still has a row that the monolith deleted")
    print(f"TOLD {label}")
utils.teardown_databases(held, verbosity=0)
"""

_VALUES = """
import decimal
def values(row, columns):
    found = {name: getattr(row, name) for name in columns}
    # A shadow may keep more decimal places than the row has.
    return {name: format(value.normalize(), "f") if isinstance(value, decimal.Decimal) else str(value) for name, value in found.items()}
"""

_LOOK = f"""
import json, sys
import django
django.setup()
from django.apps import apps
{_VALUES}
rows = [(apps.get_model(label)._base_manager.filter(pk=key).first(), columns) for label, key, columns in json.loads(sys.argv[1])]
print(json.dumps([None if row is None else values(row, columns) for row, columns in rows]))
"""


def told(service: Service, url: str, python: Path, tree: Path, settings: str, extra: Mapping[str, str]) -> Gate:
    """A row of each model that the service keeps shadows of, from the monolith's outbox to the service's database and out of it again."""
    look = [str(service.environment.python), "-c", _LOOK]
    command = ["/usr/bin/env", "--chdir", str(service.folder), *(f"{name}={value}" for name, value in service.variables.items()), *look]
    packages = [str(tree), str(service.folder / "tests" / "contract"), str(service.environment.packages)]
    context = service.plan.boundary.rpartition(".")[2]
    words = json.dumps([packages, service.plan.project.package, context, url, command])
    variables = {
        **os.environ,
        **extra,
        "DJANGO_SETTINGS_MODULE": extra.get("DJANGO_SETTINGS_MODULE", settings),
        "BOUNDARY_TOKEN_KEY": service.variables["BOUNDARY_TOKEN_KEY"],
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = run([str(python), "-c", _VALUES + _TELL, words], cwd=tree, env=variables, timeout=600)
    lines = done.output.splitlines()
    failed = tuple(line.removeprefix("FAILED ") for line in lines if line.startswith("FAILED "))
    left = tuple(line.removeprefix("LEFT ") for line in lines if line.startswith("LEFT "))
    models = sum(line.startswith("TOLD ") for line in lines)
    if not done.ok or failed:
        return Gate("events", "failed", "changes in the monolith do not reach the service", failed or done.tail(25), done.seconds)
    if not models:
        return Gate("events", "skipped", "no row of a model that the service keeps shadows of can be made here", left, seconds=done.seconds)
    return Gate("events", "passed", f"rows of {models} model{'s' if models > 1 else ''} were told, shown by the service and gone from it again", left, seconds=done.seconds)
