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
        ("setup.py", 'from setuptools import setup\nNEEDS = ["a>=1", "b"]\nsetup(name="x", install_requires=NEEDS)\n', {"a": "a>=1", "b": "b"}),
        ("setup.py", "import setuptools\nsetuptools.setup(install_requires=['a>=1', read()])\n", {"a": "a>=1"}),
        ("pyproject.toml", '[tool.poetry.group.db.dependencies]\na = {version = "^1.2", extras = ["x", "y"]}\n', {"a": "a[x,y]>=1.2,<2"}),
        ("poetry.lock", '[[package]]\nname = "A_b"\nversion = "1.0"\n[[package]]\nname = "c"\nversion = "2"\n[package.source]\ntype = "git"\n', {"a-b": "a-b==1.0"}),
        ("uv.lock", '[[package]]\nname = "me"\nversion = "0"\nsource = { editable = "." }\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "r" }\n', {"a": "a==1.0"}),
        ("uv.lock", '[[package]]\nname = "a"\nversion = "1.0"\n[[package]]\nname = "a"\nversion = "2.0"\n', {}),
        ("Pipfile.lock", '{"default": {"a": {"version": "==1.0"}, "b": {"git": "x"}}, "develop": {"c": {"version": "==1"}}}', {"a": "a==1.0"}),
        ("Pipfile.lock", "[]", {}),
        ("pyproject.toml", "[project\n", {}),
        ("notes.txt", "django\n", {}),
    ],
)  # fmt: skip
def test_each_kind_of_file_is_read(path: str, text: str, wanted: dict[str, str]) -> None:
    assert declared({path: text}) == wanted


def test_an_exact_pin_wins_over_a_range() -> None:
    assert declared({"pyproject.toml": '[project]\ndependencies = ["a>=1"]', "requirements/lock.txt": "a==1.4\n"}) == {"a": "a==1.4"}


def test_a_lock_makes_exact_what_is_declared_loosely_and_leaves_the_rest_of_the_line() -> None:
    texts = {
        "pyproject.toml": '[project]\ndependencies = ["a[x] >=1,<2; python_version < \'4\'", "b @ git+https://example.com/b", "c==1.*", "d==3"]',
        "uv.lock": "".join(f'[[package]]\nname = "{name}"\nversion = "1.5"\n' for name in "abcd"),
    }
    assert declared(texts) == {"a": "a[x]==1.5 ; python_version < '4'", "b": "b @ git+https://example.com/b", "c": "c==1.5", "d": "d==3"}


@pytest.mark.parametrize(
    ("imported", "declares"),
    [
        ("humps", "pyhumps"), ("ffmpeg", "ffmpeg-python"), ("markdown_it.token", "markdown-it-py"), ("lingua", "lingua-language-detector"),
        ("google.cloud.storage.blob", "google-cloud-storage"), ("zxcvbn", "zxcvbn-python"), ("stripe", "stripe"),
    ],
)  # fmt: skip
def test_a_distribution_of_another_name_is_found_among_what_is_declared(imported: str, declares: str) -> None:
    others = {"google-auth": "google-auth==1", "google-cloud-pubsub": "google-cloud-pubsub==2", "pytest-django": "pytest-django==4"}
    assert needed([imported], {**others, declares: f"{declares}==1.0"}, frozenset()) == (f"{declares}==1.0",)


def test_of_several_that_may_bring_it_none_is_guessed() -> None:
    lines = {"lingua-one": "lingua-one==1", "lingua-two": "lingua-two==1"}
    assert needed(["lingua"], lines, frozenset()) == ("lingua",)


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
