"""Secrets of a monolith, in every place where people keep them, reach no file that decompose writes and nothing that it prints."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CANARY = re.compile(rb"canary-\w+-\d\d")

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-canary")]

SETTINGS = '''
SECRET_KEY = "canary-key-01"
REVIEWS_API_KEY = "canary-api-02"
REVIEWS_WEBHOOK = "https://hook:canary-password-03@example.com/x"
REVIEWS_SERVICE = {"url": "https://example.com", "token": "canary-token-04", "PASSWORD": "canary-password-05"}
REVIEWS_OTHER = os.environ.get("REVIEWS_OTHER_TOKEN", "canary-default-06")
DATABASES["reports"] = {"ENGINE": "django.db.backends.postgresql", "NAME": "r", "USER": "u", "PASSWORD": "canary-database-07"}
CELERY_BROKER_URL = "redis://:canary-broker-08@cache:6379/0"
SECRET_KEY_FALLBACKS = ["canary-old-09"]
'''
CODE = '''
REMOTE = os.environ.get("REVIEW_API_KEY", "canary-code-20")
ENDPOINT = os.environ.get("REVIEW_ENDPOINT", "https://me:canary-url-21@example.com")
'''
READING = "    remote = settings.REVIEWS_API_KEY, settings.REVIEWS_WEBHOOK, settings.REVIEWS_SERVICE, settings.REVIEWS_OTHER, REMOTE, ENDPOINT\n"
ENVIRONMENT = "SHOP_SECRET_KEY=canary-env-30\nREVIEW_API_KEY=canary-env-31\n"
COMPOSE = """
services:
  database:
    image: postgres
    environment: {POSTGRES_PASSWORD: canary-compose-40, DATABASE_URL: "postgres://u:canary-compose-41@database/x"}
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str], bytes]:
    """The monolith after the whole job, the files that it had before, and everything that was printed."""
    folder = tmp_path_factory.mktemp("canary") / "shop"
    shutil.copytree(ROOT / "sample_monolith", folder, ignore=shutil.ignore_patterns("__pycache__", ".decompose", "*.sqlite3"))
    with (folder / "shop/settings/base.py").open("a") as file:
        file.write(SETTINGS)
    services = folder / "shop/reviews/services.py"
    text = re.sub(r"^from decimal", "import os\nfrom decimal", services.read_text(), count=1, flags=re.MULTILINE)
    # In a function that moves, so that the service needs what it reads.
    text, count = re.subn(r"^def objection_to\(.*\n", rf"{CODE}\n\n\g<0>{READING}", text, count=1, flags=re.MULTILINE)
    assert count == 1
    ast.parse(text)
    services.write_text(text)
    (folder / ".env").write_text(ENVIRONMENT)
    (folder / "docker-compose.yml").write_text(COMPOSE)
    before = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    printed = b""
    for words in ("analyze", "analyze --format json", "plan", "plan --format json", "show settings", "extract reviews --allow-dirty", "explain reviews"):
        command = [sys.executable, "-m", "decompose", *words.split()]
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=600, env={**os.environ, "NO_COLOR": "1"}, check=False)
        assert b"Traceback" not in done.stderr
        printed += done.stdout + done.stderr
    assert (folder / "services/reviews/deploy/template.yaml").is_file(), printed.decode()
    return folder, before, printed


def test_nothing_that_is_printed_has_a_secret(said: tuple[Path, set[str], bytes]) -> None:
    assert set(CANARY.findall(said[2])) == set()


def test_no_written_file_has_a_secret_but_the_code_that_moved_with_its_own(said: tuple[Path, set[str], bytes]) -> None:
    folder, before, _ = said
    found: dict[str, set[bytes]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        # Copies of the monolith's own files, for taking an extraction back, and the cache of their syntax stay below .decompose.
        if path.is_file() and name not in before and not name.startswith((".decompose/cache/", ".decompose/base/")):
            secrets = set(CANARY.findall(path.read_bytes()))
            if secrets:
                found[name] = secrets
    # The code goes along as it is; whoever wrote a secret into it is told where.
    assert found == {"services/reviews/shop/reviews/services.py": {b"canary-code-20", b"canary-url-21"}}


def test_whoever_wrote_a_secret_into_the_code_is_told_where(said: tuple[Path, set[str], bytes]) -> None:
    runbook = (said[0] / "services/reviews/RUNBOOK.md").read_text()
    for name in ("REVIEW_API_KEY", "REVIEW_ENDPOINT"):
        assert re.search(rf"{name}.*the code's default is a secret", runbook), runbook


def test_the_service_asks_for_what_it_needs_instead(said: tuple[Path, set[str], bytes]) -> None:
    settings = next((said[0] / "services/reviews").glob("*/settings.py")).read_text()
    assert 'REVIEWS_API_KEY = environment.computed("REVIEWS_API_KEY"' in settings
    template = (said[0] / "services/reviews/deploy/template.yaml").read_text()
    assert "ReviewsApiKeySecretArn" in template and "ReviewApiKeySecretArn" in template
