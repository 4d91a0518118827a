import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from deployment_plans import LOANS, LOANS_WITH_TASKS, PROJECT, artifacts, service_plan
from postgres import Server

from decompose.generate.deployment import deployment
from decompose.model.facts import Column, Setting
from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge
from decompose.steps import Texts, turned


def runbook(context: object = LOANS) -> str:
    return artifacts(service_plan(context))["RUNBOOK.md"].content.decode()  # type: ignore[arg-type]


def test_every_step_has_an_owner_an_expected_result_an_abort_criterion_and_a_way_back() -> None:
    for step in re.split(r"^### ", runbook(LOANS_WITH_TASKS), flags=re.M)[1:]:
        assert all(f"**{word}:**" in step for word in ("Owner", "Duration", "Expected", "Abort when", "Roll back")), step.splitlines()[0]


def test_the_six_steps_come_in_order() -> None:
    assert re.findall(r"^## \d (\w+)", runbook(), re.M) == ["Prepare", "Seal", "Serve", "Shadow", "Split", "Switch", "Retire"]


def test_steps_are_numbered_without_a_gap() -> None:
    numbers = re.findall(r"^### (\d)\.(\d+) ", runbook(LOANS_WITH_TASKS), re.M)
    for chapter in {chapter for chapter, _ in numbers}:
        assert [int(n) for c, n in numbers if c == chapter] == list(range(1, 1 + sum(c == chapter for c, _ in numbers)))


def test_traffic_moves_in_shares_and_back_by_one() -> None:
    text = runbook()
    assert re.findall(r"^services/book-loans/deploy/stack.sh TrafficPercent=(\d+)", text, re.M) == ["1", "10", "50", "100"]
    assert "`services/book-loans/deploy/stack.sh TrafficPercent=10`, or `TrafficPercent=0`" in text


def test_the_load_balancer_moves_routes_last_and_only_when_nobody_is_refused() -> None:
    titles = re.findall(r"^### (5\.\d+ .+)", runbook(LOANS_WITH_TASKS), re.M)
    optional = [title for title in titles if "Optional" in title]
    assert len(optional) == 5 and titles[-5:] == optional
    step = runbook().partition("Optional: may the load balancer")[2].partition("### ")[0]
    assert 'curl -sS -o /dev/null -w \'%{http_code}\' -H "X-Service-Preview: $TESTER_HEADER"' in step
    assert "401) echo" in step and "leave `TrafficPercent` at 0" in step and "Authorization" not in step


def test_every_share_of_traffic_watches_those_who_are_refused() -> None:
    steps = re.split(r"^### ", runbook(), flags=re.M)
    shares = [step for step in steps if "Optional: routes at" in step]
    assert len(shares) == 4
    assert all("HTTPCode_Target_4XX_Count" in step and "any 401 or 403" in step for step in shares)


def in_framework(framework: Any) -> str:
    route = BoundaryEdge("r", "in", "route", "loans", "library.loans.api.Loans", Location("x.py", 1), "GET /loans/", "proxy-route", "proxy-route", "")
    project = msgspec.structs.replace(PROJECT, framework=framework)
    return artifacts(service_plan(msgspec.structs.replace(LOANS, edges=(route,)), project=project))["RUNBOOK.md"].content.decode()


def test_flask_hands_routes_on_by_a_line_in_its_factory() -> None:
    step = in_framework("flask").partition("### 5.3")[2].partition("### ")[0]
    assert "from library.boundaries import flask_routes; flask_routes.init_app(app)\n```" in step


def test_fastapi_hands_nothing_on_and_the_step_says_so() -> None:
    step = in_framework("fastapi").partition("### 5.3")[2].partition("### ")[0]
    assert "Nothing that is generated hands requests for moved routes on in fastapi: they stay in the monolith" in step
    assert "init_app" not in step and "MovedRoutes" not in step


def test_every_block_runs_from_the_projects_root() -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", runbook(LOANS_WITH_TASKS), re.M | re.S)
    assert not [block for block in blocks if re.search(r"^cd |(?<![\w/-])deploy/", block, re.M)]


def test_a_variable_of_the_shell_is_set_where_it_is_used() -> None:
    for block in re.findall(r"^```sh\n(.*?)^```", runbook(LOANS_WITH_TASKS), re.M | re.S):
        used = set(re.findall(r'"\$(SOURCE|TESTER_HEADER|password|token)"', block))
        assert used <= set(re.findall(r"^\s*(\w+)=", block, re.M)), block


@pytest.mark.parametrize("mode", ["shadow", "remote"])
def test_modes_that_call_the_service_have_the_key(mode: str) -> None:
    block = runbook().partition(f"BOOK_LOANS_MODE={mode}\n")[2].partition("```")[0]
    assert "BOUNDARY_TOKEN_KEY=" in block and "BOOK_LOANS_URL=" in block


def test_callbacks_need_the_monoliths_address() -> None:
    text = runbook(msgspec.structs.replace(LOANS, callbacks=LOANS.operations))
    assert "`VariableMonolithUrl` in `services/book-loans/deploy/parameters/$ENVIRONMENT.json`" in text
    assert "MONOLITH_URL" not in runbook()


def test_a_blocking_edge_is_named_where_it_blocks() -> None:
    assert "**Blocked by:** `book_loans-2a`" in runbook().partition("### 4.1")[2].partition("### ")[0]


def test_calls_move_together_with_requests_for_the_routes() -> None:
    route = BoundaryEdge("r", "in", "route", "loans", "library.loans.api.Loans", Location("x.py", 1), "GET /loans/", "proxy-route", "proxy-route", "")
    step = runbook(msgspec.structs.replace(LOANS, edges=(route,))).partition("_MODE=remote")[0].rpartition("### ")[2]
    assert ".django_routes.MovedRoutes" in step
    assert ".django_routes.MovedRoutes" not in runbook()


def test_the_cut_is_listed_with_its_places() -> None:
    text = runbook()
    for part in ("`loans_loan.reader_id`", "`people_reader`", "`library/loans/views.py:7`", "its regular expression has no equal"):
        assert part in text


def test_every_script_that_it_calls_is_generated() -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    called = set(re.findall(r"deploy/(?!monolith/)[\w/-]+\.(?:sh|json|sql)", runbook(LOANS_WITH_TASKS)))
    assert called and called <= made.keys()


def test_calls_move_only_after_the_rows_and_before_the_routes() -> None:
    text = runbook()
    assert text.index("verify-copy-task.json") < text.index("BOOK_LOANS_MODE=remote") < text.index("TrafficPercent=1\n")


def test_the_copy_role_reads_exactly_what_is_copied() -> None:
    sql = artifacts(service_plan())["deploy/sql/copy-role.sql"].content.decode()
    assert re.findall(r'GRANT (.+) ON "(\w+)"', sql) == [("SELECT", "loans_loan"), ("SELECT", "people_reader")]


def test_the_rows_are_frozen_copied_and_cut_over_before_calls_move() -> None:
    text = runbook()
    order = ["--step split", "freeze-writes.sql", "cut-over-task.json", "git add services/book-loans/cutover.json", "--step switch", "TrafficPercent=1\n", "--step retire"]
    assert sorted(order, key=text.index) == order


def test_the_way_back_copies_before_it_thaws() -> None:
    way = runbook().partition("## The way back after the cut-over")[2].partition("## ")[0]
    order = ["back-role.sql", "copy-back-task.json", "_MODE=local", "give-back-task.json", "/copy-task.json", "thaw-writes.sql", "git rm services/book-loans/cutover.json"]
    assert sorted(order, key=way.index) == order


def test_its_sql_runs_in_postgresql(postgres: Server, tmp_path: Path) -> None:
    psycopg = pytest.importorskip("psycopg")
    if shutil.which("psql") is None:
        pytest.skip("psql is not installed")
    made = artifacts(service_plan())
    url = postgres.database(
        "CREATE TABLE people_reader (id BIGSERIAL PRIMARY KEY);"
        "CREATE TABLE loans_loan (id BIGSERIAL PRIMARY KEY, reader_id BIGINT NOT NULL REFERENCES people_reader (id));"
        "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'shop') THEN CREATE ROLE shop LOGIN; END IF; END $$;"
        "GRANT ALL ON loans_loan TO shop"
    )
    shop = url.replace("copier@", "shop@")

    def run(name: str, *settings: str) -> str:
        (tmp_path / name).write_bytes(made[f"deploy/sql/{name}"].content)
        words = ["psql", url, "--quiet", *(f"--set={each}" for each in settings), f"--file={tmp_path / name}"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def may(sql: str, address: str) -> bool:
        with psycopg.connect(address, autocommit=True) as connection:
            try:
                connection.execute(sql)
            except psycopg.errors.InsufficientPrivilege:
                return False
        return True

    insert, role = "INSERT INTO loans_loan (reader_id) SELECT id FROM people_reader", "role=book_loans_copy"
    copier = url.replace("copier@", "book_loans_copy@")
    run("copy-role.sql", role, "password=x")
    assert may("SELECT last_value FROM loans_loan_id_seq", copier) and may("SELECT * FROM people_reader", copier) and not may(insert, copier)
    run("back-role.sql", role)
    assert may(insert, copier) and may("SELECT setval('loans_loan_id_seq', 5)", copier)
    run("freeze-writes.sql", "monolith=shop")
    assert not may("DELETE FROM loans_loan", shop) and may("SELECT * FROM loans_loan", shop)
    run("thaw-writes.sql", "monolith=shop")
    assert may("DELETE FROM loans_loan", shop)
    assert "DROP CONSTRAINT loans_loan_reader_id_fkey" in run("drop-foreign-keys.sql", "dry_run=1")
    run("drop-foreign-keys.sql")
    assert "CONSTRAINT" not in run("drop-foreign-keys.sql", "dry_run=1")


def test_files_and_caches_are_left_to_a_person_with_their_place() -> None:
    cover = Column("cover", "cover", "file", line=12)
    table = msgspec.structs.replace(LOANS.tables[0], columns=(cover,))
    caches = Setting("CACHES", "{'default': {}}", Location("library/settings.py", 40))
    left = runbook(msgspec.structs.replace(LOANS, tables=(table,), left_settings=(caches,))).partition("Left to a person")[2].partition("Foreign keys")[0]
    assert "| `loans_loan.cover` | the rows move, the files in the monolith's storage do not: copy them, and set MEDIA\\_ROOT or STORAGES" in left
    assert "library/loans/views.py:12`" in left and "| `CACHES` |" in left and "`library/settings.py:40`" in left
    assert "CACHES" not in runbook() and "MEDIA" not in runbook()
    taken = runbook(msgspec.structs.replace(LOANS, settings=(caches,), left_settings=(caches,)))
    assert "| `CACHES` |" not in taken


@pytest.mark.parametrize(
    ("default", "said"),
    [
        ("int(os.environ.get('SHELVES', '50'))", ""),
        ("int(os.environ['SHELVES'])", "the code gives no default"),
        ("Path(BASE / 'x')", "the code's default is Path"),
        ("", "the code gives no default"),
    ],
)
def test_a_default_inside_an_expression_is_found(default: str, said: str) -> None:
    setting = Setting("SHELVES", default, Location("library/config.py", 3), "SHELVES")
    service = deployment(service_plan(msgspec.structs.replace(LOANS, settings=(setting,))))
    reasons = [gap.reason for gap in service.gaps if gap.subject == "SHELVES"]
    assert [each.startswith(said) for each in reasons] == ([True] if said else [])
    assert [each.value for each in service.variables if each.name == "SHELVES"] == [None if said else "50"]


@pytest.mark.parametrize("step", ["shadow", "switch"])
def test_the_monoliths_variables_name_the_key_without_its_value(step: str) -> None:
    made = {each.path: each.content.decode() for each in turned(service_plan(), step, Texts(lambda path: b"", lambda path: None, ())).artifacts}
    assert "\nBOUNDARY_TOKEN_KEY=${BOUNDARY_TOKEN_KEY}\n" in made[f"services/book-loans/deploy/monolith/{step}.env"]


@pytest.mark.parametrize(("status", "code"), [("200", 0), ("404", 0), ("401", 1), ("000", 1), ("503", 1)])
def test_the_proof_before_the_load_balancer_fails_where_somebody_is_refused(status: str, code: int, tmp_path: Path) -> None:
    """The block as it stands, with an answer for ``curl`` and nothing for the stack."""
    block = runbook().partition("Optional: may the load balancer")[2].partition("```sh\n")[2].partition("```")[0]
    stack = tmp_path / "services/book-loans/deploy/stack.sh"
    stack.parent.mkdir(parents=True)
    stack.write_text("#!/bin/sh\n")
    stack.chmod(0o755)
    script = f"curl() {{ printf {status}; }}\n{block}"
    assert subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, check=False).returncode == code
