"""``/readyz`` of a Django service whose code calls the monolith."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from decompose.resources import templates

ASK = """
import runpy, sys
import django
from django.conf import settings
from django.test import RequestFactory

callbacks = {"mode": "remote", "url": sys.argv[2], "path": "/boundary/shop_callbacks/v1"}
settings.configure(
    BOUNDARIES={"monolith": {"url": sys.argv[2]}, **({"shop_callbacks": callbacks} if sys.argv[3] == "calls" else {})},
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
reply = runpy.run_path(sys.argv[1])["ready"](RequestFactory().get("/readyz"))
print(reply.status_code, reply.content.decode())
"""


@pytest.mark.parametrize(
    ("url", "kind", "answer"),
    [
        ("", "calls", '503 {"status": "unavailable", "reason": "MONOLITH_URL is missing"}'),
        ("http://shop:8000", "calls", '200 {"status": "ok"}'),
        ("", "calls nothing", '200 {"status": "ok"}'),
    ],
)
def test_a_service_with_callbacks_is_ready_when_it_knows_where_the_monolith_is(url: str, kind: str, answer: str, tmp_path: Path) -> None:
    health = tmp_path / "health.py"
    health.write_text(templates()["service/django/health.py"])
    done = subprocess.run([sys.executable, "-c", ASK, str(health), url, kind], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == answer, done.stderr
