from __future__ import annotations

from test_partition import cliques

from decompose.cut.consensus import consensus
from decompose.cut.partition import Adjacency, agreement
from decompose.cut.resolution import Candidate, candidates, chosen, neighbours, without_slivers
from decompose.model.settings import Config


def found_in(graph: Adjacency, modules: int) -> list[Candidate]:
    return candidates(consensus(graph), [1.0] * modules)


def test_the_number_of_contexts_is_that_of_the_groups() -> None:
    assert chosen(found_in(cliques(5, 5, 5, 5, 5, bridge=1.0), 25), Config()).contexts == 5


def test_at_most_as_many_contexts_as_asked_for() -> None:
    assert chosen(found_in(cliques(5, 5, 5, 5, 5), 25), Config(contexts_max=3)).contexts == 3


def test_joining_for_a_limit_keeps_groups_whole() -> None:
    membership = chosen(found_in(cliques(4, 4, 4), 12), Config(contexts_max=2)).membership
    assert [len(set(membership[start : start + 4])) for start in (0, 4, 8)] == [1, 1, 1]


def test_a_coarser_cut_stands_beside_the_chosen_one() -> None:
    found = found_in(cliques(5, 5, 5, 5, 5, bridge=1.0), 25)
    assert next(each.contexts for each in neighbours(found, chosen(found, Config()), lambda each: each.contexts)) == 3


def test_cuts_do_not_depend_on_the_seed() -> None:
    graph = cliques(6, 5, 7, 4, bridge=0.8)
    cuts = [chosen(candidates(consensus(graph, seed), [1.0] * 22), Config()).membership for seed in range(5)]
    assert [agreement(cuts[0], cut) for cut in cuts] == [1.0] * 5


def test_a_pair_without_a_table_joins_its_strongest_neighbour() -> None:
    graph = cliques(4, 2)
    assert without_slivers(graph, [1.0] * 6, [0, 0, 0, 0, 1, 1], set()) == [0] * 6


def test_a_pair_with_a_table_of_its_own_is_a_context() -> None:
    graph = cliques(5, 3)
    assert without_slivers(graph, [1.0] * 7, [0] * 5 + [1] * 3, {7}) == [0] * 5 + [1] * 3


def test_a_few_pages_without_a_table_are_no_context_in_a_project_with_tables() -> None:
    graph = cliques(5, 4)
    assert without_slivers(graph, [1.0] * 9, [0] * 5 + [1] * 4, {0}) == [0] * 9


def test_a_module_without_links_has_no_context() -> None:
    assert without_slivers([*cliques(4), {}], [1.0] * 5, [0, 0, 0, 0, 1], set())[-1] == -1


def test_members_of_a_clear_group_are_firm() -> None:
    assert set(consensus(cliques(6, 6)).firmness(range(6), 1.0).values()) == {1.0}


def test_a_group_of_two_halves_is_not_firm() -> None:
    firm = consensus(cliques(6, 6)).firmness(range(12), 1.0)
    assert sum(firm.values()) / len(firm) <= 0.75
