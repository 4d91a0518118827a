"""What every service needs to know of the monolith."""

from __future__ import annotations

import pytest
from projects import Monolith

from decompose.model.migration import Project
from decompose.model.settings import Config
from decompose.planning.project import project

BASE = """
# manage.py
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.config.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)

# shop/config/settings.py
ROOT_URLCONF = "shop.urls"
AUTH_USER_MODEL = "accounts.User"
INSTALLED_APPS = ["django.contrib.auth", "shop.accounts", "shop.orders.apps.OrdersConfig"]

# shop/orders/apps.py
from django.apps import AppConfig

class OrdersConfig(AppConfig):
    name = "shop.orders"
    label = "purchases"

# shop/celery.py
from celery import Celery

app = Celery("shop")

# shop/orders/models.py
""" + "\n".join(f"A{n} = {n}" for n in range(40))


def facts(*files: str, texts: dict[str, str] | None = None, name: str = "My Shop") -> Project:
    made = Monolith(*files)
    return project(made.program, made.graph, Config(), texts or {}, name)


def test_a_django_project_is_known_by_its_entry_point() -> None:
    found = facts(BASE)
    assert (found.name, found.framework, found.manage, found.settings_module) == ("my-shop", "django", "manage.py", "shop.config.settings")
    assert (found.urlconf, found.user_model, found.celery_app, found.source, found.package) == (
        "shop.urls", "accounts.User", "shop.celery:app", ".", "shop.boundaries",
    )  # fmt: skip


def test_apps_are_known_by_the_label_they_declare() -> None:
    assert facts(BASE).apps == (("accounts", "shop.accounts"), ("auth", "django.contrib.auth"), ("purchases", "shop.orders.apps.OrdersConfig"))


@pytest.mark.parametrize(
    ("texts", "command"),
    [
        ({}, "{python} manage.py test"),
        ({"pytest.ini": ""}, "{python} -m pytest"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "{python} -m pytest"),
        ({"setup.cfg": "[tool:pytest]\n"}, "{python} -m pytest"),
    ],
)
def test_the_test_command_is_that_of_the_configured_runner(texts: dict[str, str], command: str) -> None:
    assert facts(BASE, texts=texts).test_command == command


@pytest.mark.parametrize(
    ("texts", "python"),
    [({}, "3.12"), ({"pyproject.toml": '[project]\nrequires-python = ">=3.13"'}, "3.13"), ({".python-version": "3.8.2\n"}, "3.11")],
)
def test_python_is_the_oldest_that_the_project_supports(texts: dict[str, str], python: str) -> None:
    assert facts(BASE, texts=texts).python == python


def test_code_in_several_packages_gets_a_package_of_boundaries_beside_them() -> None:
    assert facts("# a/x/m.py\nx = 1\n\n# b/y/m.py\ny = 1\n").package == "boundaries"
