"""A monolith to measure on, written by rule: Django apps with models, views, urls, tasks, services and tests, and a SQLAlchemy ledger.

The same number of lines gives the same bytes everywhere. Code is varied by arithmetic, not by chance: apps depend on earlier apps,
models point at each other within an app and across, functions query, loop, branch and call other apps as people write it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

_APPS = (
    "accounts", "catalog", "orders", "billing", "shipping", "reviews", "support", "search", "loyalty", "pricing",
    "inventory", "returns", "fraud", "content", "messaging", "partners", "reports", "tickets", "vendors", "stores",
)  # fmt: skip
_NOUNS = ("Account", "Item", "Entry", "Request", "Batch", "Rule", "Event", "Note")
_VERBS = ("approve", "archive", "assign", "close", "merge", "notify", "open", "refresh", "schedule", "transfer")
_FIELDS = (
    'name = models.CharField(max_length=120, db_index=True)',
    'status = models.CharField(max_length=20, choices=Status.choices, default=Status.DRAFT)',
    'amount = models.DecimalField(max_digits=12, decimal_places=2, default=0)',
    'created = models.DateTimeField(auto_now_add=True)',
    'changed = models.DateTimeField(auto_now=True)',
    'note = models.TextField(blank=True, help_text="Shown to the people who work on it.")',
    'active = models.BooleanField(default=True)',
)  # fmt: skip


class App(NamedTuple):
    """A Django app: its package, and the classes of its models in the order in which they are declared."""

    name: str
    models: tuple[str, ...]
    uses: tuple[str, ...]
    """Apps that it imports."""


def apps(lines: int) -> tuple[App, ...]:
    """The apps of a monolith of about so many lines."""
    count = max(2, round(lines / _LINES_OF_APP))
    names = [_APPS[index % len(_APPS)] + (str(index // len(_APPS) + 1) if index >= len(_APPS) else "") for index in range(count)]
    return tuple(
        App(
            name,
            tuple(name.title() + noun for noun in _NOUNS),
            tuple(dict.fromkeys(names[before] for before in (index - 1, index // 2, index * 3 // 7) if 0 <= before < index)),
        )
        for index, name in enumerate(names)
    )


def tables(lines: int) -> list[str]:
    """The tables that the monolith maps, sorted."""
    found = apps(lines)
    django = [f"{app.name}_{model.lower()}" for app in found for model in app.models]
    return sorted([*django, *(f"ledger_{name}" for name, _ in _LEDGER)])


def files(lines: int) -> dict[str, str]:
    """The texts by path."""
    found = apps(lines)
    texts = {
        "manage.py": _MANAGE,
        "monolith/__init__.py": "",
        "monolith/celery.py": _CELERY,
        "monolith/settings.py": _settings(found),
        "monolith/urls.py": _root_urls(found),
        "ledger/__init__.py": "",
        "ledger/models.py": _ledger_models(),
        "ledger/queries.py": _ledger_queries(),
    }
    for index, app in enumerate(found):
        texts[f"{app.name}/__init__.py"] = ""
        texts[f"{app.name}/models.py"] = _models(app, index)
        texts[f"{app.name}/services.py"] = _services(app, index)
        texts[f"{app.name}/views.py"] = _views(app)
        texts[f"{app.name}/urls.py"] = _urls(app)
        texts[f"{app.name}/tasks.py"] = _tasks(app)
        texts[f"{app.name}/tests/__init__.py"] = ""
        texts[f"{app.name}/tests/test_services.py"] = _tests(app)
    return texts


def write(folder: Path, lines: int) -> None:
    """The monolith as files in a folder that does not exist yet."""
    for path, text in files(lines).items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


# --- Django ---------------------------------------------------------------------------------------

_MANAGE = '''import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monolith.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
'''
_CELERY = '''from celery import Celery

app = Celery("monolith")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
'''


def _settings(found: tuple[App, ...]) -> str:
    installed = "\n".join(f'    "{app.name}",' for app in found)
    return f'''import os

SECRET_KEY = os.environ["SECRET_KEY"]
ROOT_URLCONF = "monolith.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
{installed}
]
DATABASES = {{"default": {{"ENGINE": "django.db.backends.postgresql", "NAME": os.getenv("DB_NAME", "monolith")}}}}
'''


def _root_urls(found: tuple[App, ...]) -> str:
    included = "\n".join(f'    path("{app.name}/", include("{app.name}.urls")),' for app in found)
    return f"from django.urls import include, path\n\nurlpatterns = [\n{included}\n]\n"


def _models(app: App, index: int) -> str:
    parts = [
        "from django.db import models\nfrom django.utils import timezone\n",
        'class Status(models.TextChoices):\n    DRAFT = "draft"\n    OPEN = "open"\n    CLOSED = "closed"\n',
    ]
    for position, model in enumerate(app.models):
        lines = [f'class {model}(models.Model):\n    """One {model[len(app.name):].lower()} of {app.name}."""\n']
        lines += [f"    {field}" for field in _FIELDS]
        if position:
            parent = app.models[(position * 3 + index) % position]
            lines.append(f'    parent = models.ForeignKey({parent}, models.CASCADE, related_name="{model.lower()}s")')
        for other in app.uses[: 1 + position % 2]:
            target = other.title() + _NOUNS[(index + position) % len(_NOUNS)]
            lines.append(
                f'    {other} = models.ForeignKey("{other}.{target}", models.PROTECT, null=True, related_name="{app.name}_{model.lower()}")'
            )
        lines.append(f'''
    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["status", "created"])]

    def __str__(self):
        return f"{{self.name}} ({{self.status}})"

    @property
    def is_late(self):
        return self.status == Status.OPEN and self.created < timezone.now() - timezone.timedelta(days={7 + position})

    def close(self, reason=""):
        self.status = Status.CLOSED
        if reason:
            self.note = f"{{self.note}}\\n{{reason}}".strip()
        self.save(update_fields=["status", "note", "changed"])
        return self
''')
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _services(app: App, index: int) -> str:
    imports = ["from decimal import Decimal", "", "from django.db import transaction", "from django.db.models import F, Q, Sum", ""]
    imports += [f"from {app.name}.models import {', '.join(('Status', *app.models))}"]
    imports += [f"from {other} import services as {other}_services" for other in app.uses]
    imports += [f"from {other}.models import {other.title()}{_NOUNS[index % len(_NOUNS)]}" for other in app.uses]
    parts = ["\n".join(imports) + "\n"]
    for position, model in enumerate(app.models):
        for step, verb in enumerate(_VERBS):
            parts.append(_service(app, model, verb, index + position + step, index))
    return "\n\n".join(parts)


def _service(app: App, model: str, verb: str, kind: int, index: int) -> str:
    word = model[len(app.name) :].lower()
    head = f"def {verb}_{word}(pk, *, user=None, limit={10 + kind % 40}):\n"
    shape = kind % 4
    if shape == 0:
        body = f'''    {word} = {model}.objects.select_for_update().get(pk=pk)
    if {word}.status == Status.CLOSED:
        raise ValueError(f"{{{word}.name}} is closed")
    others = {model}.objects.filter(status=Status.OPEN, created__lt={word}.created).exclude(pk={word}.pk)
    if user is not None:
        others = others.filter(Q(name__icontains=user.username) | Q(note=""))
    for other in others.order_by("-amount")[:limit]:
        other.amount = F("amount") + {word}.amount
        other.save(update_fields=["amount"])
    {word}.close(reason="{verb}")
    return {word}
'''
    elif shape == 1:
        body = f'''    with transaction.atomic():
        {word} = {model}.objects.create(name=f"{verb} {{pk}}", amount=Decimal("{kind}.50"), status=Status.OPEN)
        total = {model}.objects.filter(active=True).aggregate(total=Sum("amount"))["total"] or 0
        if total > limit:
            {model}.objects.filter(pk={word}.pk).update(status=Status.CLOSED, note="over the limit")
    return {{"id": {word}.pk, "total": str(total), "late": {word}.is_late}}
'''
    elif shape == 2 and app.uses:
        other = app.uses[kind % len(app.uses)]
        target = other.title() + _NOUNS[index % len(_NOUNS)]
        body = f'''    {word} = {model}.objects.filter(pk=pk).first()
    related = {target}.objects.filter(active=True, amount__gte=limit)
    names = [each.name for each in related if each.status != Status.DRAFT]
    if {word} is None:
        {word} = {model}(name=", ".join(names), amount=len(names))
        {word}.save()
    elif names:
        {other}_services.{verb}_{_NOUNS[kind % len(_NOUNS)].lower()}({word}.pk, user=user, limit=limit + 1)
    return {word}, names
'''
    else:
        body = f'''    found = {{}}
    for {word} in {model}.objects.filter(active=True).iterator():
        try:
            key = {word}.name.split("-")[0].strip().lower()
        except AttributeError:
            continue
        found.setdefault(key, []).append({word}.amount)
        if len(found) > limit:
            break
    best = max(found.items(), key=lambda pair: sum(pair[1]), default=(None, []))
    return {{"name": best[0], "sum": sum(best[1]), "count": len(found), "of": pk}}
'''
    return head + f'    """{verb.title()} one {word}."""\n' + body


_VIEW_IMPORTS = """import json

from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.views import View

"""


def _views(app: App) -> str:
    parts = [f"{_VIEW_IMPORTS}from {app.name} import services, tasks\nfrom {app.name}.models import {', '.join(app.models)}\n"]
    for position, model in enumerate(app.models):
        word = model[len(app.name) :].lower()
        verb = _VERBS[position % len(_VERBS)]
        parts.append(f'''def {word}_list(request):
    rows = {model}.objects.select_related("parent") if request.GET.get("deep") else {model}.objects.all()
    if "status" in request.GET:
        rows = rows.filter(status=request.GET["status"])
    page = int(request.GET.get("page", 1))
    data = [{{"id": row.pk, "name": row.name, "amount": str(row.amount)}} for row in rows[page * 50 - 50 : page * 50]]
    return JsonResponse({{"results": data, "page": page}})
''')
        parts.append(f'''class {model}View(View):
    def get(self, request, pk):
        {word} = get_object_or_404({model}, pk=pk)
        return JsonResponse({{"id": {word}.pk, "name": {word}.name, "status": {word}.status, "late": {word}.is_late}})

    def post(self, request, pk):
        payload = json.loads(request.body)
        {word} = get_object_or_404({model}, pk=pk)
        for field in ("name", "note", "amount"):
            if field in payload:
                setattr({word}, field, payload[field])
        {word}.save()
        services.{verb}_{word}({word}.pk, user=request.user)
        tasks.{word}_changed.delay({word}.pk)
        return JsonResponse({{"id": {word}.pk}}, status=202)
''')
    return "\n\n".join(parts)


def _urls(app: App) -> str:
    lines = []
    for model in app.models:
        word = model[len(app.name) :].lower()
        lines.append(f'    path("{word}/", views.{word}_list, name="{word}-list"),')
        lines.append(f'    path("{word}/<int:pk>/", views.{model}View.as_view(), name="{word}"),')
    patterns = "\n".join(lines)
    return f'from django.urls import path\n\nfrom {app.name} import views\n\napp_name = "{app.name}"\nurlpatterns = [\n{patterns}\n]\n'


def _tasks(app: App) -> str:
    parts = [f"from celery import shared_task\n\nfrom {app.name}.models import {', '.join(app.models)}\n"]
    for position, model in enumerate(app.models):
        word = model[len(app.name) :].lower()
        parts.append(f'''@shared_task(bind=True, max_retries={position + 1})
def {word}_changed(self, pk):
    {word} = {model}.objects.filter(pk=pk).first()
    if {word} is None:
        raise self.retry(countdown=60)
    {word}.note = f"seen {{{word}.changed:%Y-%m-%d}}"
    {word}.save(update_fields=["note"])
''')
    return "\n\n".join(parts)


def _tests(app: App) -> str:
    imported = f"from {app.name} import services\nfrom {app.name}.models import {', '.join(('Status', *app.models))}"
    parts = [f"import pytest\n\n{imported}\n\npytestmark = pytest.mark.django_db\n"]
    for position, model in enumerate(app.models):
        word = model[len(app.name) :].lower()
        for step in range(4):
            verb = _VERBS[(position + step) % len(_VERBS)]
            parts.append(f'''def test_{verb}_{word}(client, django_user_model):
    user = django_user_model.objects.create(username="user-{step}")
    {word} = {model}.objects.create(name="first", amount={position + step}, status=Status.OPEN)
    expected = {{"id": {word}.pk, "name": {word}.name, "status": "open", "late": False}}

    response = client.get(f"/{app.name}/{word}/{{{word}.pk}}/", {{"deep": "1", "status": Status.OPEN}})

    assert response.status_code == 200
    assert response.json() == expected
    assert response.json()["name"] == {word}.name
    services.{verb}_{word}({word}.pk, user=user, limit={step + 1})
    {word}.refresh_from_db()
    assert {word}.amount >= {position}
''')
    return "\n\n".join(parts)


# --- SQLAlchemy -----------------------------------------------------------------------------------

_LEDGER = tuple((f"{word}_{kind}", f"{word.title()}{kind.title()}") for word in ("payment", "payout", "fee") for kind in ("line", "sheet"))


_LEDGER_HEAD = """from sqlalchemy import ForeignKey, Numeric, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass
"""


def _ledger_models() -> str:
    parts = [_LEDGER_HEAD]
    for position, (name, class_name) in enumerate(_LEDGER):
        parent = ""
        if position:
            before, other = _LEDGER[position - 1]
            parent = (
                f'    before_id: Mapped[int | None] = mapped_column(ForeignKey("ledger_{before}.id"))\n    before: Mapped["{other}"] = relationship()\n'
            )
        parts.append(f'''class {class_name}(Base):
    __tablename__ = "ledger_{name}"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(String(80))
    amount: Mapped[float] = mapped_column(Numeric(12, 2))
{parent}''')
    return "\n\n".join(parts)


def _ledger_queries() -> str:
    names = ", ".join(class_name for _, class_name in _LEDGER)
    parts = [f"from sqlalchemy import select, update\nfrom sqlalchemy.orm import Session\n\nfrom ledger.models import {names}\n"]
    for name, class_name in _LEDGER:
        parts.append(f'''def {name}_total(session: Session, label: str) -> float:
    rows = session.scalars(select({class_name}).where({class_name}.label == label)).all()
    return sum(row.amount for row in rows)


def rename_{name}(session: Session, before: str, after: str) -> None:
    session.execute(update({class_name}).where({class_name}.label == before).values(label=after))
    session.add({class_name}(label=after, amount=0))
    session.commit()
''')
    return "\n\n".join(parts)


_LINES_OF_APP = 2_145
"""Measured: lines of one app's files, on average."""
