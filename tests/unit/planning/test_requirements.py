"""Requirement lines read from each kind of file, and those that imports need."""

from __future__ import annotations

import pytest

from decompose.planning.requirements import declared, needed


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("requirements.txt", "# pins\nDjango==5.2.1  # LTS\n-r base.txt\ncelery[redis]>=5\n\n", {"django": "Django==5.2.1", "celery": "celery[redis]>=5"}),
        ("requirements/base.in", "x_Y.z>=1 --hash=sha256:00\n", {"x-y-z": "x_Y.z>=1"}),
        ("requirements.txt", "django==5 \\\n    --hash=sha256:00\n", {"django": "django==5"}),
        ("requirements.txt", "git+https://x/y\nhttps://x/y.whl\n./local\n", {}),
        ("pyproject.toml", '[project]\ndependencies = ["a>=1"]\n[project.optional-dependencies]\nx = ["b"]\n[dependency-groups]\ny = ["c", {include-group = "z"}]\n', {"a": "a>=1", "b": "b", "c": "c"}),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.11"\na = "^1.2"\nb = "^0.3.1"\nc = "~1.4"\nd = "*"\ne = {version = "2.0"}\n', {"a": "a>=1.2,<2", "b": "b>=0.3.1,<0.4", "c": "c~=1.4", "d": "d", "e": "e==2.0"}),
        ("Pipfile", '[packages]\na = "==1.0"\nb = "*"\n', {"a": "a==1.0", "b": "b"}),
        ("setup.cfg", "[options]\ninstall_requires =\n    a>=1\n    b\n", {"a": "a>=1", "b": "b"}),
        ("pyproject.toml", "[project\n", {}),
        ("notes.txt", "django\n", {}),
    ],
)  # fmt: skip
def test_each_kind_of_file_is_read(path: str, text: str, wanted: dict[str, str]) -> None:
    assert declared({path: text}) == wanted


def test_an_exact_pin_wins_over_a_range() -> None:
    assert declared({"pyproject.toml": '[project]\ndependencies = ["a>=1"]', "requirements/lock.txt": "a==1.4\n"}) == {"a": "a==1.4"}


def test_an_import_needs_the_distribution_that_brings_it() -> None:
    lines = {"django": "Django==5.2", "djangorestframework": "djangorestframework==3.16", "psycopg2": "psycopg2==2.9"}
    imports = ["django.db", "rest_framework.views", "psycopg2", "yaml", "os.path", ""]
    assert needed(imports, lines, frozenset({"os"})) == ("Django==5.2", "djangorestframework==3.16", "psycopg2==2.9", "pyyaml")


def test_a_name_that_works_with_another_distribution_only_needs_that_too() -> None:
    lines = {"email-validator": "email-validator==2.2", "pydantic": "pydantic==2.11"}
    assert needed(["pydantic", "pydantic.EmailStr"], lines, frozenset()) == ("email-validator==2.2", "pydantic==2.11")
    assert needed(["pydantic", "pydantic.BaseModel"], lines, frozenset()) == ("pydantic==2.11",)
    assert needed(["fastapi", "fastapi.Form"], {}, frozenset()) == ("fastapi", "python-multipart")


def test_code_that_makes_an_engine_needs_the_drivers_that_the_monolith_declares() -> None:
    lines = {"psycopg2-binary": "psycopg2-binary==2.9", "sqlalchemy": "sqlalchemy==2.0", "asyncpg": "asyncpg==0.30"}
    assert needed(["sqlalchemy", "sqlalchemy.create_engine"], lines, frozenset()) == ("asyncpg==0.30", "psycopg2-binary==2.9", "sqlalchemy==2.0")
    assert needed(["sqlalchemy", "sqlalchemy.select"], lines, frozenset()) == ("sqlalchemy==2.0",)


def test_celery_needs_what_speaks_to_the_monoliths_broker() -> None:
    lines = {"celery": "celery==5.5", "redis": "redis==5.2", "django": "Django==5.2"}
    assert needed(["celery.shared_task"], lines, frozenset()) == ("celery==5.5", "kombu[redis]", "redis==5.2")
    assert needed(["django.db"], lines, frozenset()) == ("Django==5.2",)
