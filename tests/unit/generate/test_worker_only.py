"""A context that is its tasks, extracted for real: workers, a migration, no load balancer, no service that answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint
from running import execute

from decompose import pipeline
from decompose.generate.crosscheck import problems
from decompose.generate.deployment import deployment
from decompose.pipeline.extraction import generated_files

FILES = {
    "manage.py": "import os\nfrom django.core.management import execute_from_command_line\n"
    "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'town.settings')\nexecute_from_command_line([])\n",
    "requirements.txt": "Django==4.2.11\ncelery==5.4.0\nredis==5.0.7\n",
    "town/__init__.py": "",
    "town/settings.py": "INSTALLED_APPS = ['town.people', 'town.digests']\nROOT_URLCONF = 'town.urls'\n"
    "from celery.schedules import crontab\nCELERY_BEAT_SCHEDULE = {'nightly': {'task': 'town.digests.tasks.count', 'schedule': crontab(hour=3, minute=0)}}\n",
    "town/celery.py": "from celery import Celery\napp = Celery('town')\napp.config_from_object('django.conf:settings', namespace='CELERY')\napp.autodiscover_tasks()\n",
    "town/urls.py": "from django.urls import path\nfrom town.people import views\nurlpatterns = [path('people/', views.listing)]\n",
    "town/people/__init__.py": "",
    "town/people/models.py": "from django.db import models\n\n\nclass Person(models.Model):\n    name = models.CharField(max_length=50)\n",
    "town/people/views.py": "from town.people.models import Person\n\n\ndef listing(request):\n    return list(Person.objects.all())\n",
    "town/digests/__init__.py": "",
    "town/digests/models.py": "from django.db import models\n\n\nclass Digest(models.Model):\n    day = models.DateField()\n    words = models.IntegerField(default=0)\n",
    "town/digests/tasks.py": "import datetime\n\nfrom celery import shared_task\n\nfrom town.digests.models import Digest\n\n\n"
    "@shared_task\ndef count():\n    return Digest.objects.create(day=datetime.date.today()).pk\n",
    "decompose.toml": '[contexts.digests]\nmodules = ["town.digests.**"]\n\n[contexts.people]\nmodules = ["town.people.**"]\n',
}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pipeline.Extraction]:
    base = tmp_path_factory.mktemp("worker") / "town-project"
    for path, text in FILES.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text(text)
    pipeline.save_plan(base, pipeline.plan(base, cache=False))
    return base, pipeline.extract(base, "digests", allow_dirty=True)


def test_it_has_workers_alone(extracted: tuple[Path, pipeline.Extraction]) -> None:
    base, done = extracted
    service = deployment(done.service)
    assert not service.serves and not service.balanced and service.worker is not None
    deploy = base / "services/digests/deploy"
    assert {file.name for file in deploy.glob("*service.json")} == {"worker-service.json"}
    assert json.loads((deploy / "worker-service.json").read_text())["capacityProviderStrategy"][1]["capacityProvider"] == "FARGATE_SPOT"


def test_its_files_are_right_by_their_judges(extracted: tuple[Path, pipeline.Extraction]) -> None:
    base, done = extracted
    text = (base / "services/digests/deploy/template.yaml").read_text()
    assert [f"{match.rule.id} {match.message}" for match in lint(text, config=ManualArgs(ignore_checks=["I"]))] == []
    assert problems(deployment(done.service), generated_files(done.service)) == ()


def test_its_worker_knows_the_task_and_its_tables_are_made(extracted: tuple[Path, pipeline.Extraction], tmp_path: Path) -> None:
    folder = extracted[0] / "services/digests"
    own = {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3", "CELERY_BROKER_URL": "memory://"}
    execute(folder, "digests_service.settings", "manage.py", "migrate", "-v0", **own)
    program = "import django; django.setup()\nfrom digests_service.celery import app\napp.loader.import_default_modules()\nprint(app.tasks['town.digests.tasks.count'].apply().get())"
    assert execute(folder, "digests_service.settings", "-c", program, **own).strip() == "1"


def test_deploying_it_needs_no_load_balancer(extracted: tuple[Path, pipeline.Extraction]) -> None:
    found = pipeline.deploy_plan(extracted[0], "digests", environment="staging")
    kinds = {resource.kind for step in found.steps[1:] for resource in step.creates}
    assert "AWS::ECS::Service" in kinds and not [kind for kind in kinds if "LoadBalancing" in kind or "ServiceDiscovery" in kind]
    assert "Schedules" in found.steps[-1].title
