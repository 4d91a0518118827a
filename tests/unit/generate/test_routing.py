import pytest
from deployment_plans import route

from decompose.generate.routing import VALUES_PER_RULE, pattern_of, rules
from decompose.model.facts import Route


def globs(path: str, regex: bool = False) -> list[str]:
    return [pattern.glob for pattern in pattern_of(route(path, regex=regex))[0]]


@pytest.mark.parametrize(("path", "glob"), [
    ("/orders/", "/orders/"),
    ("/orders/<int:pk>/", "/orders/*/"),
    ("/orders/<pk>/lines/<slug:line>", "/orders/*/lines/*"),
    ("/files/<path:name>", "/files/*"),
    ("/orders/{order_id}", "/orders/*"),
    ("/files/{name:path}", "/files/*"),
    ("orders/", "/orders/"),
])
def test_variable_parts_become_stars(path: str, glob: str) -> None:
    assert globs(path) == [glob]


@pytest.mark.parametrize(("path", "expected"), [
    (r"^orders/(?P<pk>\d+)/$", ["/orders/*/"]),
    (r"^orders/(?P<pk>[^/.]+)/lines\.json$", ["/orders/*/lines.json"]),
    (r"^orders/(?P<pk>[0-9]{4})/?$", ["/orders/*", "/orders/*/"]),
    (r"^orders/", ["/orders/*"]),
])
def test_simple_regular_expressions_become_patterns(path: str, expected: list[str]) -> None:
    assert globs(path, regex=True) == expected


@pytest.mark.parametrize("path", [r"^(?P<lang>en|de)/orders/$", r"^orders/(a(b)?)+$", r"^orders/\w+/x$"])
def test_other_regular_expressions_are_reported(path: str) -> None:
    made, gaps = rules([route(path, regex=True)], [], 1)
    assert (made, [gap.subject for gap in gaps]) == ((), [path])


def test_a_pattern_for_everything_is_refused() -> None:
    assert rules([route("/<path:all>")], [], 1)[1][0].reason == "its pattern would catch every request"


def test_each_pair_of_rules_has_testers_first() -> None:
    made, _ = rules([route("/orders/")], [], 40)
    assert [(rule.priority, rule.forward) for rule in made] == [(40, "testers"), (41, "weighted")]


def test_many_routes_are_split_into_rules_within_the_quota() -> None:
    made, _ = rules([route(f"/r{i}/<a>/<b>/") for i in range(12)], [], 1)
    assert all(len(rule.paths) + 1 <= VALUES_PER_RULE for rule in made)
    assert {path for rule in made for path in rule.paths} == {f"/r{i}/*/*/" for i in range(12)}
    assert [rule.priority for rule in made] == list(range(1, len(made) + 1))


def test_a_route_inside_a_wider_pattern_stays_by_an_earlier_rule() -> None:
    made, gaps = rules([route("/orders/<int:pk>/")], [route("/orders/export/")], 1)
    assert (made[0].forward, made[0].paths) == ("monolith", ("/orders/export/",))
    assert gaps == ()


def test_a_route_that_cannot_be_told_apart_is_left_and_reported() -> None:
    made, gaps = rules([route("/orders/<int:pk>/")], [route("/orders/<slug:name>/")], 1)
    assert made == () and "which stays in the monolith" in gaps[0].reason


def test_methods_tell_two_routes_of_one_path_apart() -> None:
    made, _ = rules([route("/orders/", methods=("POST",))], [route("/orders/", methods=("GET",))], 1)
    assert {rule.methods for rule in made} == {("POST",)}


def test_methods_are_left_out_where_nobody_else_has_the_path() -> None:
    made, _ = rules([route("/orders/", methods=("POST",))], [], 1)
    assert {rule.methods for rule in made} == {()}


def test_head_goes_where_get_goes() -> None:
    made, _ = rules([route("/orders/", methods=("GET",))], [route("/orders/", methods=("POST",))], 1)
    assert {rule.methods for rule in made} == {("GET", "HEAD")}


def test_patterns_that_another_covers_are_left_out() -> None:
    made, _ = rules([route("/orders/<a>/"), route("/orders/<a>/lines/")], [], 1)
    assert made[0].paths == ("/orders/*/",)


def test_the_order_of_routes_does_not_matter() -> None:
    routes: list[Route] = [route(f"/r{i}/") for i in range(9)]
    assert rules(routes, [], 1) == rules(routes[::-1], [], 1)
