from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from running import Run, environment, execute
from service_plans import HERE, MONOLITH, generated, library_plan

from decompose.generate import service
from decompose.generate.render import make_render
from decompose.model.facts import Route, Schedule, Setting, Subscription
from decompose.model.location import Location
from decompose.model.migration import Placement
from decompose.model.service import ServicePlan
from decompose.resources import templates

SETTINGS = "loans_service.settings"
PYTEST = ("-m", "pytest", "-q", "-p", "no:django", "-p", "no:cacheprovider", "-p", "no:randomly", "-rs")


def files(plan: ServicePlan | None = None, /, **context: object) -> dict[str, str]:
    plan = plan or library_plan()
    plan = msgspec.structs.replace(plan, context=msgspec.structs.replace(plan.context, **context))
    found = {each.path: each.content.decode() for each in service.generate(plan, make_render(templates()))}
    return {path.removeprefix("services/loans/"): text for path, text in found.items()}


@contextmanager
def running(folder: Path, database: str) -> Iterator[str]:
    """The service as a process of its own with an empty database; its address."""
    variables = {"DATABASE_URL": database}
    execute(folder, SETTINGS, "manage.py", "migrate", "-v0", **variables)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--threads=4", "--keep-alive=75", "--no-control-socket", f"--bind=127.0.0.1:{port}"]
    process = subprocess.Popen(
        [*command, "loans_service.wsgi:application"], cwd=folder, env=environment(SETTINGS, **variables), stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{url}/healthz", timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < deadline and process.poll() is None, "the service does not boot"
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


# --- what is written ----------------------------------------------------------------------------------


def test_moved_code_keeps_its_path_and_its_bytes() -> None:
    plan = library_plan()
    found = {each.path: each for each in generated(plan)}
    for path, text in plan.sources.items():
        assert found[f"services/loans/{path}"].content == text
        assert found[f"services/loans/{path}"].file_class == "moved"


def test_an_init_that_stays_behind_leaves_an_empty_one() -> None:
    found = files()
    assert MONOLITH["library/loans/__init__.py"]
    assert found["library/loans/__init__.py"] == ""
    assert found["library/__init__.py"] == ""


def test_an_import_root_is_not_part_of_the_services_paths() -> None:
    plan = library_plan()
    placements = (Placement("library.loans.models", "src/library/loans/models.py", "move", ""),)
    moved = msgspec.structs.replace(
        plan, project=msgspec.structs.replace(plan.project, source="src"), sources={"src/library/loans/models.py": b"x = 1\n"}
    )
    assert files(moved, placements=placements)["library/loans/models.py"] == "x = 1\n"
    assert "src/library/boundaries/loans/local.py" in {each.path for each in generated(moved)}


def test_shared_files_are_locked_by_their_hash() -> None:
    lock = json.loads(files()["shared.lock.json"])
    assert [(each["module"], len(each["sha256"])) for each in lock["files"]] == [("library.core.calendar", 64)]


def test_the_monoliths_pins_win() -> None:
    lines = files()["requirements.txt"].splitlines()
    assert "Django>=5.2,<5.3" in lines
    assert [line for line in lines if line.startswith("djangorestframework")] == ["djangorestframework"]
    assert lines == sorted(lines, key=str.lower)


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        (Setting("WORDS", "['a', 'b']", HERE), 'WORDS = ["a", "b"]'),
        (Setting("HOST", "os.environ.get('X', 'a')", HERE, "X"), 'HOST = os.environ.get("X", "a")'),
        (Setting("HOST", "'fallback'", HERE, "X"), 'HOST = os.environ.get("X", "fallback")'),
        (Setting("RATE", "Decimal('0.05')", HERE), 'RATE = Decimal("0.05")'),
        (Setting("FLAG", "env_bool('FLAG')", HERE, "FLAG"), f'FLAG = environment.computed("FLAG", "{HERE}")'),
        (Setting("ODD", "}{", HERE), f'ODD = environment.computed("ODD", "{HERE}")'),
    ],
)  # fmt: skip
def test_a_setting_is_carried_over_or_asked_for(setting: Setting, line: str) -> None:
    assert line in files(settings=(setting,))["loans_service/settings.py"].splitlines()


def test_options_of_the_api_that_name_missing_code_are_left_out_aloud() -> None:
    options = "{'PAGE_SIZE': 20, 'DEFAULT_PAGINATION_CLASS': 'library.core.paging.Pages', 'DEFAULT_PERMISSION_CLASSES': ['x.Everybody']}"
    text = files(settings=(Setting("REST_FRAMEWORK", options, HERE),))["loans_service/settings.py"]
    assert "# DEFAULT_PAGINATION_CLASS is left out: library.core.paging.Pages is not in this service." in text
    assert "PAGE_SIZE" not in text.replace("# DEFAULT_PAGINATION_CLASS", "")
    assert "# DEFAULT_PERMISSION_CLASSES is left out: x.Everybody is not in this service." in text
    assert '"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]' in text


def test_schedules_wait_for_the_switch() -> None:
    schedule = Schedule("nightly", "library.loans.tasks.remind", "crontab(hour=3)", HERE)
    text = files(schedules=(schedule,))["loans_service/settings.py"]
    assert 'if environment.flag("RUN_SCHEDULES"):' in text
    assert '"schedule": crontab(hour=3),' in text


def test_modules_with_signal_handlers_are_imported() -> None:
    subscription = Subscription("django.db.models.signals.post_save", "", "library.loans.services.lend", HERE)
    assert 'for module in ["library.loans.services"]:' in files(subscriptions=(subscription,))["loans_service/apps.py"]


def test_a_view_whose_url_module_stays_keeps_its_path_and_name() -> None:
    route = Route(("GET",), "/loans/<int:pk>/", "library.loans.services.summary", Location("library/urls.py", 3), "django", "pages:loan")
    text = files(routes=(route,))["loans_service/urls.py"]
    assert 'path("loans/<int:pk>/", summary, name="loan"),' in text
    assert 'path("", include((pages_patterns, "pages"))),' in text


def test_a_view_set_is_registered_under_its_path() -> None:
    plan = library_plan()
    staying = tuple(msgspec.structs.replace(route, at=Location("library/urls.py", 3)) for route in plan.context.routes)
    text = files(routes=staying)["loans_service/urls.py"]
    assert 'router.register("api/loans", LoanViewSet, basename="loan")' in text


def test_a_url_module_that_moves_is_included_where_it_was() -> None:
    routes = tuple(msgspec.structs.replace(route, at=Location("library/loans/urls.py", 6)) for route in library_plan().context.routes)
    assert 'path("api/loans/", include("library.loans.urls")),' in files(routes=routes)["loans_service/urls.py"]


def test_routes_of_code_that_stays_are_not_served() -> None:
    route = Route(("GET",), "/admin/", "library.catalog.admin.site", HERE, "django")
    assert "admin" not in files(routes=(route,))["loans_service/urls.py"]


def test_what_is_written_is_formatted_and_clean(library: Path, tmp_path: Path) -> None:
    folder = tmp_path / "loans"
    shutil.copytree(library / "services/loans", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "manage.py").chmod(0o755)
    options = ("--isolated", "--no-cache", "--line-length=100", "--target-version=py311")
    moved = ("--extend-exclude=library/loans,library/catalog,library/core", ".")
    for command in (("check",), ("format", "--check")):
        run = subprocess.run([sys.executable, "-m", "ruff", *command, *options, *moved], cwd=folder, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout


# --- what it does -------------------------------------------------------------------------------------


def test_django_finds_nothing_to_complain_of(library: Path) -> None:
    execute(library / "services/loans", SETTINGS, "manage.py", "check", "--fail-level=WARNING")


def test_its_own_migration_is_complete(library: Path) -> None:
    execute(library / "services/loans", SETTINGS, "manage.py", "makemigrations", "--check", "--dry-run", "loans_service")


def test_a_secret_is_wanted_outside_development(library: Path) -> None:
    with pytest.raises(AssertionError, match="the environment variable SECRET_KEY is missing"):
        execute(library / "services/loans", SETTINGS, "manage.py", "check", DEBUG="0")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:///data/x.db", "data/x.db"),
        ("sqlite:////data/x.db", "/data/x.db"),
        ("sqlite://:memory:", ":memory:"),
        ("postgres://me:p%40ss@db:5433/shop?sslmode=require", "shop me p@ss db 5433 require"),
    ],
)
def test_a_database_is_given_as_an_address(service: Run, url: str, shown: str) -> None:
    code = f"""
from loans_service.environment import database
found = database({url!r})
print(*[found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT") if name in found], *filter(None, [found["OPTIONS"].get("sslmode")]))
"""
    assert service(code) == f"{shown}\n"


@pytest.mark.parametrize(
    ("side", "settings", "mode"),
    [(".", "library.settings", "local"), (".", "library.settings", "loopback"), ("services/loans", SETTINGS, "loopback")],
    ids=["monolith-local", "monolith-loopback", "service-loopback"],
)
def test_the_contract_holds_in_process(library: Path, side: str, settings: str, mode: str) -> None:
    suite = library / "services/loans/tests/contract"
    printed = execute(library / side, settings, *PYTEST, str(suite), CONTRACT_MODE=mode)
    assert "21 passed, 2 skipped" in printed
    assert "RuntimeError('secret detail')" in printed


def test_the_contract_holds_against_a_running_service(library: Path, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/service.sqlite3"
    with running(library / "services/loans", database) as url:
        variables = {"CONTRACT_MODE": "remote", "CONTRACT_URL": url, "DATABASE_URL": database}
        printed = execute(library / "services/loans", SETTINGS, *PYTEST, "tests/contract", **variables)
    assert "21 passed, 2 skipped" in printed


def test_the_contract_holds_in_mode_shadow_and_a_difference_fails_it(library: Path, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/service.sqlite3"
    other = tmp_path / "other"
    shutil.copytree(library / "services/loans", other)
    local = other / "library/boundaries/loans/local.py"
    local.write_text(local.read_text().replace("weeks__gte=weeks__gte).count()", "weeks__gt=weeks__gte).count()"))
    for folder, wanted in ((library / "services/loans", "21 passed, 2 skipped"), (other, "1 error")):
        with running(folder, database) as url:
            variables = {"CONTRACT_MODE": "shadow", "CONTRACT_URL": url, "DATABASE_URL": database}
            command = [sys.executable, *PYTEST, "tests/contract"]
            run = subprocess.run(command, cwd=library / "services/loans", env=environment(SETTINGS, **variables), capture_output=True, text=True, check=False)
        assert wanted in run.stdout, run.stdout
    assert "('loans', 'count_loans', 'different'): 1" in run.stdout


def test_the_suite_does_not_empty_a_database_that_is_in_use(library: Path, tmp_path: Path) -> None:
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path}/used.sqlite3"}
    folder = library / "services/loans"
    execute(folder, SETTINGS, "manage.py", "migrate", "-v0", **variables)
    used = "import sys; sys.path.insert(0, 'tests/contract'); import django; django.setup(); import rows; rows.make('loans.Loan')"
    execute(folder, SETTINGS, "-c", used, **variables)
    with pytest.raises(AssertionError, match="Give it an empty database"):
        execute(folder, SETTINGS, *PYTEST, "tests/contract", CONTRACT_MODE="remote", **variables)


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("library/boundaries/loans/local.py", "weeks__gte=weeks__gte).count()", "weeks__gt=weeks__gte).count()"),
        ("library/boundaries/loans/__init__.py", '{"book": book, "reader": reader, "weeks": weeks', '{"book": book, "reader": reader, "weeks": 1'),
        ("library/boundaries/loans/contract.py", "    fee: Decimal\n", "    fee: int\n"),
        ("library/boundaries/wire.py", 'return {"$tuple": [down(item) for item in value]}', "return [down(item) for item in value]"),
        ("library/boundaries/wire.py", "setattr(given[parameter], name, getattr(row, name))", "pass"),
    ],
)
def test_the_suite_notices_an_implementation_that_answers_otherwise(
    library: Path, tmp_path: Path, file: str, before: str, after: str
) -> None:
    folder = tmp_path / "loans"
    shutil.copytree(library / "services/loans", folder)
    text = (folder / file).read_text()
    assert before in text
    (folder / file).write_text(text.replace(before, after))
    with pytest.raises(AssertionError, match="failed"):
        execute(folder, SETTINGS, *PYTEST, "-x", "tests/contract", CONTRACT_MODE="loopback")


def test_the_process_guards_its_door(library: Path) -> None:
    printed = execute(library / "services/loans", SETTINGS, *PYTEST, "tests/test_service.py")
    assert "13 passed" in printed


def test_a_snapshot_becomes_a_shadow_row_and_a_lone_key_a_placeholder(service: Run) -> None:
    code = """
from library.boundaries import wire
from library.boundaries.runtime import Boundary
from library.catalog.models import Book
from library.loans.models import Loan
from loans_service.shadows import Stored
from django.contrib.auth.models import User
import datetime
boundary = Boundary("loans", "library.boundaries.loans")
def ask(operation, given):
    contract = boundary.contract.OPERATIONS[operation]
    answer = boundary.serve(operation, wire.encode_request(boundary, contract, given), Stored(operation))
    return answer.status
snapshot = boundary.contract.BookSnapshot(id=7, title="Emma", price="120.00", is_dear=True, shelf=boundary.contract.ShelfSnapshot(id=3, room="B12"))
print(ask("lend", {"book": snapshot, "reader": boundary.contract.UserSnapshot(id=5, username="ann")}))
print(Book.objects.values_list("pk", "title", "shelf__room").get(), User.objects.values_list("pk", "username").get(), Loan.objects.get().fee)
date = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
print(ask("create_loan", {"book": 8, "reader": 6, "weeks": 1, "date": date}), ask("count_loans", {"book": 99, "weeks__gte": 1}))
print(sorted(Book.objects.values_list("pk", "title")), sorted(User.objects.values_list("pk", "username")))
print(ask("where", {"book": snapshot.model_copy(update={"title": "Persuasion"})}), Book.objects.get(pk=7).title)
Loan(book_id=11, reader_id=12, weeks=1, date=date).save()
print(Book.objects.filter(pk=11).exists(), User.objects.get(pk=12).username)
"""
    assert service(code).splitlines() == [
        "200",
        "(7, 'Emma', 'B12') (5, 'ann') 12.00",
        "200 200",
        "[(7, 'Emma'), (8, None)] [(5, 'ann'), (6, 'shadow-6')]",
        "200 Persuasion",
        "True shadow-12",
    ]


def test_the_contexts_own_routes_answer_the_user_of_the_token(service: Run) -> None:
    code = """
from django.test import Client
from library.boundaries import tokens
from library.loans.models import Loan
import datetime
date = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
for reader in (1, 2):
    Loan(book_id=1, reader_id=reader, weeks=reader, date=date).save()
def get(path, **headers):
    return Client(headers=headers).get(path)
token = tokens.sign("2", "monolith", "loans", tokens.signing_key())
nobody = tokens.sign("", "monolith", "loans", tokens.signing_key())
print([each["weeks"] for each in get("/api/loans/", authorization=f"Bearer {token}").json()])
print(get("/api/loans/").status_code, get("/api/loans/", authorization=f"Bearer {nobody}").status_code)
from django.urls import reverse
print(reverse("loan-detail", args=[3]))
"""
    # A caller that nobody vouches for gets nothing; a user that nobody knows is answered as in the monolith, without a challenge.
    assert service(code) == "[2]\n401 403\n/api/loans/3/\n"


def test_unsaved_rows_bring_placeholders_of_what_they_point_at(service: Run) -> None:
    code = """
import json
from library.boundaries.runtime import Boundary
from library.loans.models import Loan
from loans_service.shadows import Stored
row = {"book_id": 21, "reader_id": 22, "weeks": 2, "date": {"$datetime": "2024-01-01T00:00:00+00:00"}}
body = json.dumps({"value": [{"unsaved": row}]}).encode()
print(Boundary("loans", "library.boundaries.loans").serve("bulk_create_loans", body, Stored("bulk_create_loans")).status, Loan.objects.get().book_id)
"""
    assert service(code) == "200 21\n"


def test_options_that_several_statements_make_are_taken_one_by_one() -> None:
    options = "{'PAGE_SIZE': 20, 'DEFAULT_PAGINATION_CLASS': 'rest_framework.pagination.PageNumberPagination', 'NUM_PROXIES': env.int('PROXIES')}"
    text = files(settings=(Setting("REST_FRAMEWORK", options, HERE),))["loans_service/settings.py"]
    assert '"PAGE_SIZE": 20' in text and f"# NUM_PROXIES at {HERE} is computed: copy what the API needs." in text


@pytest.mark.parametrize(
    ("classes", "challenge"),
    [
        ("['rest_framework.authentication.SessionAuthentication', 'x.Tokens']", "None"),
        ("['rest_framework.authentication.TokenAuthentication']", '"Token"'),
        ("['library.auth.Own']", '"Bearer"'),
    ],
)
def test_nobody_is_answered_as_by_the_monoliths_first_way_of_authentication(classes: str, challenge: str) -> None:
    options = "{'DEFAULT_AUTHENTICATION_CLASSES': " + classes + "}"
    text = files(settings=(Setting("REST_FRAMEWORK", options, HERE),))["loans_service/identity.py"]
    assert f"        return {challenge}\n" in text


def test_logs_are_json_with_the_trace(service: Run) -> None:
    code = """
import json, logging
from library.boundaries.runtime import current_trace
from loans_service.logging import JsonFormatter
current_trace.set("00-" + "a" * 32 + "-" + "b" * 16 + "-01")
entry = json.loads(JsonFormatter().format(logging.LogRecord("x", logging.INFO, "", 1, "done %s", ("well",), None)))
print(entry["trace_id"][:3], entry["message"], entry["service"], entry["level"])
"""
    assert service(code) == "aaa done well loans info\n"
