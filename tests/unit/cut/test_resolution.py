from __future__ import annotations

from test_partition import cliques

from decompose.cut.resolution import chosen_cut, stability, without_slivers
from decompose.model.settings import Config


def test_the_number_of_contexts_is_that_of_the_groups() -> None:
    membership, _ = chosen_cut(cliques(5, 5, 5, 5, 5, bridge=1.0), 25)
    assert len(set(membership)) == 5


def test_at_most_as_many_contexts_as_asked_for() -> None:
    membership, _ = chosen_cut(cliques(5, 5, 5, 5, 5), 25, config=Config(contexts_max=3))
    assert len(set(membership)) == 3


def test_joining_for_a_limit_keeps_groups_whole() -> None:
    membership, _ = chosen_cut(cliques(4, 4, 4), 12, config=Config(contexts_max=2))
    assert [len(set(membership[start : start + 4])) for start in (0, 4, 8)] == [1, 1, 1]


def test_a_pair_without_a_table_joins_its_strongest_neighbour() -> None:
    graph = cliques(4, 2)
    assert without_slivers(graph, 6, [0, 0, 0, 0, 1, 1], set()) == [0] * 6


def test_a_pair_with_a_table_of_its_own_is_a_context() -> None:
    graph = cliques(5, 3)
    assert without_slivers(graph, 7, [0] * 5 + [1] * 3, {7}) == [0] * 5 + [1] * 3


def test_a_few_pages_without_a_table_are_no_context_in_a_project_with_tables() -> None:
    graph = cliques(5, 4)
    assert without_slivers(graph, 9, [0] * 5 + [1] * 4, {0}) == [0] * 9


def test_a_module_without_links_has_no_context() -> None:
    assert without_slivers([*cliques(4), {}], 5, [0, 0, 0, 0, 1], set())[-1] == -1


def test_clear_groups_are_stable() -> None:
    graph = cliques(6, 6)
    overall, each = stability(graph, 12, [0] * 6 + [1] * 6, 1.0, {"left": range(6), "right": range(6, 12)})
    assert (overall, each) == (1.0, {"left": 1.0, "right": 1.0})


def test_an_arbitrary_cut_of_one_group_is_not_stable() -> None:
    overall, _ = stability(cliques(12), 12, [0] * 6 + [1] * 6, 1.0, {"left": range(6), "right": range(6, 12)})
    assert overall < 0.5
