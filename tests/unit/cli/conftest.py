"""A command line to type into, and a small monolith to type about."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from decompose.cli.app import run

MODELS = """
from django.db import models


class {name}(models.Model):
    title = models.CharField(max_length=50)
{key}
"""

SERVICES = """
from shop.{app}.models import {name}
{imports}

def create(title):
    return {name}.objects.create(title=title)


def find(title):
    return {name}.objects.filter(title=title).first()


def rename(item, title):
    item = {name}.objects.get(pk=item)
    item.title = title
    item.save()
{body}
"""

APPS = {
    "catalog": ("Product", "", "", ""),
    "orders": (
        "Order",
        "    product = models.ForeignKey('catalog.Product', on_delete=models.CASCADE)",
        "from django.db import transaction\n\nfrom shop.catalog.models import Product",
        "\n\ndef place(title):\n    with transaction.atomic():\n        Product.objects.create(title=title)\n        return create(title)\n",
    ),
    "reviews": ("Review", "", "from shop.reviews import words", "\n\ndef check(title):\n    return words.clean(title)\n"),
}


class Answer(NamedTuple):
    """What one command line gave back."""

    code: int
    out: str
    err: str


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A Django project of three apps, one of which depends on another."""
    return make_shop(tmp_path)


@pytest.fixture(scope="module")
def planned_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with an analysis and a plan, for all tests of a file: they only look at it."""
    base = make_shop(tmp_path_factory.mktemp("planned"))
    assert run(["analyze", str(base), "-q", "-o", os.devnull]) == 0
    assert run(["plan", str(base), "-q", "-o", os.devnull]) == 0
    return base


def make_shop(folder: Path) -> Path:
    """Writes the project into ``folder``."""
    base = folder / "shop-project"
    installed = [f"shop.{app}" for app in APPS]
    files = {
        "manage.py": "import os\nfrom django.core.management import execute_from_command_line\n"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nexecute_from_command_line([])\n",
        "requirements.txt": "Django==4.2.11\n",
        "shop/__init__.py": "",
        "shop/settings.py": f"INSTALLED_APPS = {installed!r}\nROOT_URLCONF = 'shop.urls'\n",
        "shop/urls.py": "from django.urls import include, path\nurlpatterns = [path('orders/', include('shop.orders.urls'))]\n",
        "shop/orders/urls.py": "from django.urls import path\nfrom shop.orders import views\nurlpatterns = [path('<int:pk>/', views.detail, name='order')]\n",
        "shop/orders/views.py": "from shop.orders import services\n\n\ndef detail(request, pk):\n    return services.find(pk)\n",
        "shop/reviews/words.py": "def clean(text):\n    return text.strip()\n",
    }
    for app, (name, key, imports, body) in APPS.items():
        files[f"shop/{app}/__init__.py"] = ""
        files[f"shop/{app}/models.py"] = MODELS.format(name=name, key=key)
        files[f"shop/{app}/services.py"] = SERVICES.format(app=app, name=name, imports=imports, body=body)
    for path, text in files.items():
        target = base / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return base


@pytest.fixture
def decompose(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Types a command line and reads what comes back on both streams."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def typed(*arguments: object) -> Answer:
        capfd.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Answer(code, out, err)

    return typed
