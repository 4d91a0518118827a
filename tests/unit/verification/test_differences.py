"""Two runs of a suite compared: what leads from a test to an edge, what the plan knows, and how the gate judges."""

from __future__ import annotations

import pytest

from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge, ContextPlan, Operation
from decompose.model.verification import Difference, Gate
from decompose.verification.differences import Event, differences, worse
from decompose.verification.monolith import judged
from decompose.verification.parity import SuiteRun


def edge(id: str, kind: str, disposition: str, source: str, at: str, text: str = "", **more: object) -> BoundaryEdge:
    path, _, line = at.partition(":")
    direction = more.pop("direction", "in")
    target = more.pop("target", "shop.reviews.models.Review")
    return BoundaryEdge(
        id, direction, kind, source, target, Location(path, int(line)), text, disposition, disposition, "because", **more  # type: ignore[arg-type]
    )


EDGES = (
    edge("r-call", "orm", "operation", "shop.catalog.models.Product.rating", "shop/catalog/models.py:9", operation="average_rating"),
    edge("r-stay", "orm", "stay", "shop.reports.build", "shop/reports.py:4", blocks="split"),
    edge("r-local", "orm", "stay", "shop.catalog.views.page", "shop/catalog/views.py:20", blocks="switch"),
    edge("r-sql", "sql", "stay", "shop.reports.REPORT", "shop/reports.py:2"),
    edge("r-patch", "patch", "stay", "shop.tests.T.test_patched", "shop/tests.py:8", "shop.reviews.services.rate", test=True),
    edge("r-test", "test", "stay", "shop.tests.T.test_own", "shop/tests.py:12", test=True),
    edge("r-list", "route", "proxy-route", "review-list", "shop/urls.py:3", "GET POST /api/reviews/"),
    edge("r-one", "route", "proxy-route", "review-detail", "shop/urls.py:3", "DELETE GET /api/reviews/(?P<pk>[^/.]+)/"),
    edge("r-path", "route", "proxy-route", "votes", "shop/urls.py:4", "POST /api/votes/<int:pk>/"),
    edge("r-out", "call", "stay", "shop.reviews.services.rate", "shop/reviews/services.py:7", direction="out", target="shop.accounts.models.User.can_rate"),
)  # fmt: skip

CONTEXT = ContextPlan(
    name="reviews", readiness="ready", rank=1, score=1.0, reasons=(), edges=EDGES,
    operations=(
        Operation("average_rating", "chain", "query", "shop.reviews.models.Review", (), "float"),
        Operation("rate", "function", "command", "shop.reviews.services.rate", (), "none", blocked_by=("r-out",)),
    ),
    entities=(), replicas=(), placements=(), tables=(),
)  # fmt: skip


def one(test: str = "shop.tests.T.test_a", trace: str = "", events: tuple[Event, ...] = (), **more: object) -> Difference:
    """The difference that one failing test makes."""
    before, after = SuiteRun({test: "passed"}, 1), SuiteRun({test: "failed"}, 1, {test: trace})
    [found] = differences(before, after, CONTEXT, {test: events}, **more)  # type: ignore[arg-type]
    return found


def causes(found: Difference) -> list[str]:
    return [cause.edge for cause in found.causes]


def frame(path: str, function: str) -> str:
    return f'  File "/tmp/tree/{path}", line 3, in {function}\n    code\n'


# --- from the test to the edge ----------------------------------------------------------------------


def test_an_operation_that_the_traceback_names_leads_to_its_call_sites() -> None:
    found = one(trace="shop.boundaries.runtime.BoundaryUnavailable: reviews.average_rating: ConnectError after 3 tries")
    assert causes(found) == ["r-call"] and found.regression
    assert found.message.startswith("shop.boundaries.runtime.BoundaryUnavailable")
    assert found.causes[0].place == "shop/catalog/models.py:9"


def test_a_call_site_is_known_by_file_and_function_for_lines_have_moved() -> None:
    assert causes(one(trace=frame("shop/catalog/models.py", "rating"))) == ["r-call"]
    assert causes(one(trace=frame("shop/catalog/models.py", "price"))) == []


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/api/reviews/", ["r-list"]),
        ("POST", "/api/reviews/", ["r-list"]),
        ("GET", "/api/reviews/7/", ["r-one"]),
        ("PUT", "/api/reviews/7/", []),
        ("POST", "/api/votes/7/", ["r-path"]),
        ("GET", "/api/reviews/7/photos/", []),
    ],
)
def test_a_request_leads_to_its_route(method: str, path: str, wanted: list[str]) -> None:
    assert causes(one(events=(Event("route", method=method, path=path, status=200),))) == wanted


def test_a_direct_use_leads_to_the_edge_of_that_function_and_to_sql_of_the_file() -> None:
    assert causes(one(events=(Event("direct", path="shop/reports.py", line=5, function="build"),))) == ["r-stay", "r-sql"]
    assert causes(one(events=(Event("direct", path="shop/reports.py", line=50, function="other"),))) == ["r-sql"]


def test_what_the_set_up_of_a_class_used_counts_for_its_tests() -> None:
    before, after = SuiteRun({"shop.tests.T.test_a": "passed"}, 1), SuiteRun({"shop.tests.T.test_a": "failed"}, 1)
    [found] = differences(before, after, CONTEXT, {"shop.tests.T": (Event("operation", "average_rating"),)})
    assert causes(found) == ["r-call"]


def test_edges_of_the_test_itself_are_named_only_when_nothing_else_is_known() -> None:
    assert causes(one("shop.tests.T.test_own")) == ["r-test"]
    assert causes(one("shop.tests.T.test_own", events=(Event("operation", "average_rating"),))) == ["r-call"]


def test_a_regression_without_any_edge_says_so() -> None:
    found = one()
    assert found.regression and not found.causes
    gate = judged("monolith-remote", SuiteRun({"shop.tests.T.test_a": "passed"}, 1), SuiteRun({"shop.tests.T.test_a": "failed"}, 1), [found], 1.0)
    assert "    no edge of the plan leads here" in gate.details


# --- what the plan knows ----------------------------------------------------------------------------


def test_a_name_replaced_by_a_string_is_known_not_to_cross() -> None:
    found = one("shop.tests.T.test_patched")
    assert not found.regression and "replaces a name" in found.expected


def test_counted_queries_are_known_where_a_call_took_their_place() -> None:
    trace = "AssertionError: 2 != 3 : 2 queries executed, 3 expected"
    assert "counts queries" in one(trace=trace, events=(Event("operation", "average_rating"),)).expected
    assert one(trace=trace).regression, "nothing crossed the boundary: the count has another reason"


def test_a_direct_use_alone_is_no_excuse() -> None:
    """Only a further run that passes with the service's rows in sight proves that the edge is the reason."""
    events = (Event("direct", path="shop/reports.py", line=5, function="build"),)
    assert one(events=events).regression
    assert "sees the service's rows" in one(events=events, helped=frozenset({"shop.tests.T.test_a"})).expected


def test_failing_in_code_that_stays_for_mode_local_is_known() -> None:
    trace = frame("shop/catalog/models.py", "rating") + frame("shop/catalog/views.py", "page") + '  File "/usr/lib/x.py", line 1, in f\n'
    assert "mode local only" in one(trace=trace, root="/tmp/tree").expected
    deeper = trace + frame("shop/catalog/models.py", "rating")
    assert one(trace=deeper, root="/tmp/tree").regression, "it fails further in than the code that stays"


def test_a_service_that_needs_code_of_the_monolith_is_known() -> None:
    assert causes(one(events=(Event("placeholder", "r-out"),))) == ["r-out"]
    lacking = one(events=(Event("placeholder", "accounts.User.can_rate"),))
    assert causes(lacking) == ["r-out"] and "needs code that stays" in lacking.expected


def test_an_operation_that_the_plan_holds_back_is_known_where_it_failed() -> None:
    assert "needs code that stays" in one(events=(Event("operation", "rate", raised="BoundaryFailure"),)).expected
    assert one(events=(Event("operation", "rate"),)).regression, "it answered: the failure is not its own"


# --- judgement --------------------------------------------------------------------------------------


def test_better_or_other_outcomes_are_differences_but_no_regressions() -> None:
    before = SuiteRun({"a": "failed", "b": "failed", "c": "skipped", "d": "passed"}, 4)
    after = SuiteRun({"a": "passed", "b": "error", "c": "passed", "d": "skipped"}, 4)
    found = {each.test: each.regression for each in differences(before, after, CONTEXT, {})}
    assert found == {"a": False, "b": False, "c": False, "d": True}
    assert worse(before, after) == ("d",)


def test_tests_that_disappear_fail_the_gate() -> None:
    before, after = SuiteRun({"a": "passed", "b": "passed"}, 2), SuiteRun({"a": "passed"}, 1)
    gate = judged("monolith-remote", before, after, list(differences(before, after, CONTEXT, {})), 1.0)
    assert gate.outcome == "failed" and "2 tests before, 1 after" in gate.details


def test_differences_that_the_plan_knows_are_counted_and_shown_in_a_gate_that_passes() -> None:
    found = one(events=(Event("direct", path="shop/reports.py", line=5, function="build"),), helped=frozenset({"shop.tests.T.test_a"}))
    before, after = SuiteRun({"shop.tests.T.test_a": "passed"}, 1), SuiteRun({"shop.tests.T.test_a": "failed"}, 1)
    gate = judged("monolith-remote", before, after, [found], 1.0)
    assert gate.outcome == "passed" and "1 differ as the plan says, at r-sql, r-stay" in gate.summary
    assert any("edge r-stay (stay, blocks split) shop/reports.py:4" in line for line in gate.details)
    assert gate.differences == (found,)


def gate_of(before: SuiteRun, after: SuiteRun) -> Gate:
    return judged("monolith-local", before, after, list(differences(before, after, CONTEXT, {})), 1.0)


def test_the_same_outcomes_pass_and_old_failures_are_counted() -> None:
    run = SuiteRun({"a": "passed", "b": "failed"}, 2)
    found = gate_of(run, run)
    assert (found.outcome, found.summary) == ("passed", "1 passed, 1 failed, 0 skipped of 2 (1 failed before), every test as before")


@pytest.mark.parametrize(
    ("after", "line"),
    [
        ({"a": "failed"}, "a: passed -> failed"),
        ({}, "a: passed -> not run"),
        ({"a": "skipped"}, "a: passed -> skipped"),
    ],
)
def test_a_test_that_ends_worse_fails(after: dict[str, str], line: str) -> None:
    found = gate_of(SuiteRun({"a": "passed"}, 1), SuiteRun(after, len(after)))
    assert found.outcome == "failed"
    assert found.details[0] == line


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ({"a": "error"}, {"a": "passed"}, "a: error -> passed"),
        ({"a": "passed"}, {"a": "passed", "b": "passed"}, "b: not run -> passed"),
    ],
)
def test_a_test_that_ends_better_is_shown_and_is_no_regression(before: dict[str, str], after: dict[str, str], line: str) -> None:
    found = gate_of(SuiteRun(before, len(before)), SuiteRun(after, len(after)))
    assert found.outcome == "passed"
    assert found.details[0] == line


def test_a_difference_in_the_runners_own_count_fails() -> None:
    assert gate_of(SuiteRun({"a": "passed"}, 2), SuiteRun({"a": "passed"}, 1)).details == ("2 tests before, 1 after",)
