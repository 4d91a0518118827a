"""Each step of an extraction as a change of its own: the sample works after every one, and they are taken back in order."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-steps")]


def run(folder: Path, *words: str, code: int = 0) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"} | {"NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    if words[0] == "decompose":
        words = ("-m", *words)
        environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, text=True, timeout=600, env=environment)
    assert done.returncode == code, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def files(folder: Path) -> dict[str, bytes]:
    left_out = {".decompose", "plan", ".git", "__pycache__"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not left_out & set(path.relative_to(folder).parts) and path.suffix != ".sqlite3"
    }


def keys(folder: Path, table: str) -> set[str]:
    """Columns of a table with a foreign key constraint, after all migrations."""
    script = (
        "from django.db import connection; c = connection.cursor();"
        f"print(sorted(n for k in connection.introspection.get_constraints(c, '{table}').values() if k['foreign_key'] for n in k['columns']))"
    )
    return set(eval(run(folder, "manage.py", "shell", "--verbosity=0", "--command", script).strip().splitlines()[-1]))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("steps") / "shop"
    shutil.copytree(ROOT / "sample_monolith", folder, ignore=shutil.ignore_patterns("__pycache__", ".decompose", "*.sqlite3"))
    run(folder, "decompose", "plan", "--quiet")
    return folder


def test_the_sample_works_after_every_step(shop: Path) -> None:
    states = [files(shop)]
    expected = {
        "seal": ({"shop/boundaries/reviews/__init__.py", "shop/reviews/views.py"}, {"services/reviews/manage.py"}),
        "serve": ({"services/reviews/manage.py", "services/shared/template.yaml"}, {"shop/reviews/views.py"}),
        "shadow": ({"services/reviews/deploy/monolith/shadow.env", "requirements.txt"}, {"shop/reviews/views.py"}),
        "split": ({"shop/reviews/models.py", "shop/reviews/migrations/0002_reviews_keys_without_constraint.py"}, {"services/reviews/manage.py"}),
        "switch": ({"services/reviews/deploy/monolith/switch.env"}, {"shop/reviews/models.py"}),
    }
    for step, (changed, same) in expected.items():
        run(shop, "decompose", "extract", "reviews", "--step", step, "--allow-dirty")
        states.append(files(shop))
        found = {path for path in states[-1] if states[-1][path] != states[-2].get(path)}
        assert changed <= found and not same & found, step
        run(shop, "manage.py", "makemigrations", "--check", "--dry-run")
        run(shop, "decompose", "extract", "reviews", "--step", step, "--allow-dirty")
        if step != "seal":  # without a step seal and serve are written together
            run(shop, "decompose", "extract", "reviews", "--allow-dirty")
        assert files(shop) == states[-1], f"{step} again writes nothing"
        if step in ("seal", "split"):
            run(shop, "manage.py", "test", "--verbosity=0")
        if step == "serve":
            run(shop, "manage.py", "migrate", "--verbosity=0")
            assert {"product_id", "author_id", "moderated_by_id"} <= keys(shop, "reviews_review")
        if step == "split":
            run(shop, "manage.py", "migrate", "--verbosity=0")
            assert keys(shop, "reviews_review") == set()
            assert keys(shop, "reviews_reviewvote") == {"review_id"}, "within the context it stays"
            run(shop, "manage.py", "migrate", "reviews", "0001", "--verbosity=0")
            assert {"product_id", "author_id", "moderated_by_id"} <= keys(shop, "reviews_review")

    assert "there is no cutover.json" in run(shop, "decompose", "extract", "reviews", "--step", "retire", code=1)
    marker = shop / "services" / "reviews" / "cutover.json"
    marker.write_text(json.dumps({"at": "2024-02-29T12:00:00Z"}))
    refused = run(shop, "decompose", "extract", "reviews", "--step", "retire", code=1)
    assert "still need the code or the tables of reviews" in refused and "shop/reporting/services.py:" in refused
    for words in ((), ("--step", "switch")):
        assert "were cut over" in run(shop, "decompose", "extract", "reviews", "--undo", *words, code=1)
    marker.unlink()
    assert files(shop) == states[-1]

    assert "--step switch --undo" in run(shop, "decompose", "extract", "reviews", "--undo", "--step", "seal", code=1)
    for step, before in zip(reversed(expected), reversed(states[:-1]), strict=True):
        run(shop, "decompose", "extract", "reviews", "--undo", "--step", step)
        # What all contexts share goes with the last file of the last of them.
        found = {path: text for path, text in files(shop).items() if step != "serve" or not path.startswith("services/shared/")}
        assert found == before, f"{step} is taken back as a whole"


LIBRARY = {
    "manage.py": "import os\nimport sys\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'library.settings')\n"
    "from django.core.management import execute_from_command_line\n\nexecute_from_command_line(sys.argv)\n",
    "requirements.txt": "Django>=5.2,<5.3\n",
    "library/settings.py": "SECRET_KEY = 'x'\nINSTALLED_APPS = ['library.catalog', 'library.loans']\nDEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n"
    "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}\nROOT_URLCONF = 'library.urls'\nUSE_TZ = True\n",
    "library/urls.py": "urlpatterns = []\n",
    "library/catalog/models.py": "from django.db import models\n\n\nclass Book(models.Model):\n    title = models.CharField(max_length=50)\n",
    "library/catalog/services.py": "from library.loans.services import loans_of\n\n\ndef popularity(book_id: int) -> int:\n    return loans_of(book_id)\n",
    "library/catalog/tests.py": "from django.test import TestCase\n\nfrom library.catalog.models import Book\n\n\nclass BookTests(TestCase):\n"
    "    def test_title(self):\n        self.assertEqual(Book.objects.create(title='Emma').title, 'Emma')\n",
    "library/loans/models.py": "from django.db import models\n\nfrom library.catalog.models import Book\n\n\nclass Loan(models.Model):\n"
    "    book = models.ForeignKey(Book, on_delete=models.CASCADE)\n    renewal_of = models.ForeignKey('self', null=True, on_delete=models.CASCADE)\n\n\n"
    "class Note(models.Model):\n    loan = models.ForeignKey(Loan, on_delete=models.CASCADE)\n    text = models.TextField()\n",
    "library/loans/services.py": "from library.loans.models import Loan\n\n\ndef loans_of(book_id: int) -> int:\n    return Loan.objects.filter(book_id=book_id).count()\n",
    "library/loans/tests.py": "from django.test import TestCase\n\nfrom library.catalog.models import Book\nfrom library.catalog.services import popularity\n"
    "from library.loans.models import Loan\n\n\nclass LoanTests(TestCase):\n    def test_popularity(self):\n        book = Book.objects.create(title='Emma')\n"
    "        Loan.objects.create(book=book)\n        self.assertEqual(popularity(book.pk), 1)\n",
    "decompose.toml": "[contexts.loans]\nmodules = ['library.loans.**']\n\n[contexts.catalog]\nmodules = ['library.catalog.**']\n",
}


def test_a_context_that_nothing_needs_any_more_retires_with_its_tables(tmp_path: Path) -> None:
    for path, text in LIBRARY.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    for folder in ("library", "library/catalog", "library/loans"):
        (tmp_path / folder / "__init__.py").touch()
    run(tmp_path, "manage.py", "makemigrations", "catalog", "loans", "--verbosity=0")
    run(tmp_path, "manage.py", "test", "--verbosity=0")
    run(tmp_path, "decompose", "plan", "--quiet")
    for step in ("seal", "serve", "split", "switch"):
        run(tmp_path, "decompose", "extract", "loans", "--step", step, "--allow-dirty")
    (tmp_path / "services/loans/cutover.json").write_text("{}")
    run(tmp_path, "manage.py", "migrate", "--verbosity=0")
    run(tmp_path, "decompose", "extract", "loans", "--step", "retire", "--allow-dirty")

    left = {path for path in files(tmp_path) if path.startswith("library/loans/")}
    assert left == {"library/loans/__init__.py"} | {
        f"library/loans/migrations/{name}.py" for name in ("__init__", "0001_initial", "0002_loans_keys_without_constraint", "0003_loans_tables_dropped")
    }
    run(tmp_path, "manage.py", "makemigrations", "--check", "--dry-run")
    run(tmp_path, "manage.py", "migrate", "--verbosity=0")
    tables = run(tmp_path, "manage.py", "shell", "--verbosity=0", "--command", "from django.db import connection; print(connection.introspection.table_names())")
    assert "catalog_book" in tables and "loans_" not in tables
    run(tmp_path, "manage.py", "test", "--verbosity=0")
    assert "is retired" in run(tmp_path, "decompose", "extract", "loans", "--allow-dirty", code=1)
