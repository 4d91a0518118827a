import re

from deployment_plans import LOANS, LOANS_WITH_TASKS, artifacts, service_plan


def runbook(context: object = LOANS) -> str:
    return artifacts(service_plan(context))["RUNBOOK.md"].content.decode()  # type: ignore[arg-type]


def test_every_step_has_an_owner_an_expected_result_an_abort_criterion_and_a_way_back() -> None:
    for step in re.split(r"^### ", runbook(LOANS_WITH_TASKS), flags=re.M)[1:]:
        assert all(f"**{word}:**" in step for word in ("Owner", "Duration", "Expected", "Abort when", "Roll back")), step.splitlines()[0]


def test_the_six_steps_come_in_order() -> None:
    assert re.findall(r"^## \d (\w+)", runbook(), re.M) == ["Prepare", "Seal", "Serve", "Shadow", "Switch", "Split", "Retire"]


def test_steps_are_numbered_without_a_gap() -> None:
    numbers = re.findall(r"^### (\d)\.(\d+) ", runbook(LOANS_WITH_TASKS), re.M)
    for chapter in {chapter for chapter, _ in numbers}:
        assert [int(n) for c, n in numbers if c == chapter] == list(range(1, 1 + sum(c == chapter for c, _ in numbers)))


def test_traffic_moves_in_shares_and_back_by_one() -> None:
    text = runbook()
    assert re.findall(r"^deploy/stack.sh TrafficPercent=(\d+)", text, re.M) == ["1", "10", "50", "100"]
    assert "`deploy/stack.sh TrafficPercent=10`, or `TrafficPercent=0`" in text


def test_a_blocking_edge_is_named_where_it_blocks() -> None:
    assert "**Blocked by:** `book_loans-2a`" in runbook().partition("### 5.1")[2].partition("### ")[0]


def test_the_cut_is_listed_with_its_places() -> None:
    text = runbook()
    for part in ("`loans_loan.reader_id`", "`people_reader`", "`library/loans/views.py:7`", "its regular expression has no equal"):
        assert part in text


def test_every_script_that_it_calls_is_generated() -> None:
    made = artifacts(service_plan(LOANS_WITH_TASKS))
    called = set(re.findall(r"deploy/[\w/-]+\.(?:sh|json|sql)", runbook(LOANS_WITH_TASKS)))
    assert called and called <= made.keys()


def test_calls_move_only_after_the_rows_and_before_the_routes() -> None:
    text = runbook()
    assert text.index("verify-copy-task.json") < text.index("BOOK_LOANS_MODE=remote") < text.index("TrafficPercent=1\n")


def test_the_copy_role_reads_exactly_what_is_copied() -> None:
    sql = artifacts(service_plan())["deploy/sql/copy-role.sql"].content.decode()
    assert re.findall(r'GRANT (.+) ON "(\w+)"', sql) == [("SELECT", "loans_loan"), ("SELECT", "people_reader")]


def test_the_last_copy_starts_from_empty_tables_and_cannot_be_repeated() -> None:
    step = runbook().partition("### 4.3")[2].partition("### ")[0]
    assert step.index("reset-copy-task") < step.index("/copy-task") < step.index("SourceDatabaseUrlSecretArn=")
