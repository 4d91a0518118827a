"""The first migration of an app against what Django itself makes of the same models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from projects import Monolith

from decompose.generate import migrations, replicas
from decompose.generate.render import make_render
from decompose.resources import templates

pytest.importorskip("django")

CATALOG = """
# shop/catalog/models.py
from django.db import models

class Product(models.Model):
    name = models.CharField(max_length=50)
    price = models.DecimalField(max_digits=9, decimal_places=2)
"""

REVIEWS = """
# shop/settings.py
AUTH_USER_MODEL = "{user}"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "shop.accounts", "shop.catalog", "shop.reviews"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# shop/reviews/limits.py
HIGHEST = 5

def short(text):
    return text

# shop/reviews/models.py
import uuid
from decimal import Decimal

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shop.catalog.models import Product
from shop.reviews import limits

LOWEST = 1

def code():
    return "x"

class Dated(models.Model):
    created = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        abstract = True
        ordering = ["-created"]
        get_latest_by = "created"

class Tag(models.Model):
    name = models.SlugField(primary_key=True, max_length=30)

    class Meta:
        verbose_name = _("tag")

class Review(Dated):
    class State(models.TextChoices):
        NEW = "new", _("New")
        SHOWN = "shown", _("Shown")

    GRADES = [(LOWEST, "bad"), (limits.HIGHEST, "good")]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="reviews")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    answer_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="answers")
    original = models.OneToOneField("Review", null=True, on_delete=models.PROTECT, related_name="+")
    tags = models.ManyToManyField(Tag, blank=True, related_name="reviews")
    grade = models.PositiveSmallIntegerField(_("grade"), choices=GRADES, validators=[MinValueValidator(LOWEST), MaxValueValidator(limits.HIGHEST)])
    state = models.CharField(max_length=10, choices=State.choices, default=State.NEW)
    code = models.CharField(max_length=8, default=code, validators=[RegexValidator(r"^\\w+$")])
    worth = models.DecimalField(max_digits=9, decimal_places=2, default=Decimal("0.00"))
    extra = models.JSONField(default=dict, blank=True)

    class Meta(Dated.Meta):
        verbose_name_plural = _("reviews")
        unique_together = [("product", "author")]
        indexes = [
            models.Index(fields=["state", "-created"]),
            models.Index(fields=["product"], name="by_product"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(grade__gte=LOWEST, grade__lte=limits.HIGHEST), name="%(app_label)s_%(class)s_grade"),
            models.UniqueConstraint(fields=["product", "code"], name="code_of_product"),
        ]

class Vote(models.Model):
    review = models.ForeignKey(Review, on_delete=models.CASCADE)
    useful = models.BooleanField(default=True)

    class Meta:
        db_table = "votes"

class Praise(Vote):
    text = models.TextField()

class OldPraise(Praise):
    class Meta:
        proxy = True

# shop/reviews/tasks.py
from celery import shared_task

from shop.reviews.models import Review

@shared_task
def remind():
    return Review.objects.filter(state=Review.State.NEW).count()
"""

USERS = """
# shop/accounts/models.py
from django.contrib.auth.models import AbstractUser
from django.db import models

class User(AbstractUser):
    nickname = models.CharField(max_length=20)
"""

DJANGO = """
import sys
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", *sys.argv[2].split(",")],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    AUTH_USER_MODEL=sys.argv[1], DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", USE_TZ=True,
)
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("makemigrations", check_changes=True, dry_run=True, verbosity=3)
"""


def judged(folder: Path, project: Monolith, *, user: str, apps: str) -> subprocess.CompletedProcess[str]:
    """Django's own word on whether the migrations of the service say what its models say."""
    plan = project.service("reviews")
    written = {f"{plan.root}/{path}": text for path, text in plan.sources.items()}
    for generate in (replicas.generate, migrations.generate):
        written |= {artifact.path: artifact.content for artifact in generate(plan, make_render(templates()))}
    for path, text in written.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(text)
    command = [sys.executable, "-c", DJANGO, user, apps]
    return subprocess.run(command, cwd=folder / plan.root, capture_output=True, text=True, timeout=60, check=False)


def test_django_finds_nothing_to_add_with_its_own_user(tmp_path: Path) -> None:
    project = Monolith(CATALOG, REVIEWS.replace("{user}", "auth.User"))
    found = judged(tmp_path, project, user="auth.User", apps="shop.catalog,shop.reviews")
    assert (found.returncode, found.stdout.strip()) == (0, "No changes detected"), found.stdout + found.stderr


def test_django_finds_nothing_to_add_with_a_user_of_the_project(tmp_path: Path) -> None:
    project = Monolith(CATALOG, USERS, REVIEWS.replace("{user}", "accounts.User"))
    found = judged(tmp_path, project, user="accounts.User", apps="shop.accounts,shop.catalog,shop.reviews")
    assert (found.returncode, found.stdout.strip()) == (0, "No changes detected"), found.stdout + found.stderr
