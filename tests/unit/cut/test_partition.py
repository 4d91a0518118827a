from __future__ import annotations

import random

from decompose.cut.partition import Adjacency, agreement, communities, modularity


def cliques(*sizes: int, bridge: float = 0.1) -> Adjacency:
    """Complete groups in a row, neighbours joined by one weak link."""
    graph: Adjacency = [{} for _ in range(sum(sizes))]
    start = 0
    for size in sizes:
        for i in range(start, start + size):
            graph[i].update((j, 1.0) for j in range(start, start + size) if j != i)
        if start:
            graph[start][start - 1] = graph[start - 1][start] = bridge
        start += size
    return graph


def test_groups_with_weak_bridges_come_apart() -> None:
    assert communities(cliques(4, 5, 3)) == [0] * 4 + [1] * 5 + [2] * 3


def test_a_higher_resolution_never_finds_fewer_communities_in_cliques() -> None:
    graph = cliques(3, 3, 3, 3, bridge=1.5)
    counts = [max(communities(graph, resolution)) for resolution in (0.2, 1.0, 4.0)]
    assert counts == sorted(counts)


def test_a_graph_without_links_falls_into_single_nodes() -> None:
    assert communities([{}, {}, {}]) == [0, 1, 2]


def test_an_empty_graph_has_no_communities() -> None:
    assert communities([]) == []


def test_the_same_seed_gives_the_same_partition() -> None:
    shuffle = random.Random(1)
    graph: Adjacency = [{} for _ in range(60)]
    for _ in range(200):
        i, j = shuffle.sample(range(60), 2)
        graph[i][j] = graph[j][i] = shuffle.random()
    assert communities(graph, seed=3) == communities(graph, seed=3)


def test_modularity_of_two_equal_groups_without_bridge_is_one_half() -> None:
    graph = cliques(4, bridge=0) + [{j + 4: w for j, w in row.items()} for row in cliques(4, bridge=0)]
    assert modularity(graph, [0] * 4 + [1] * 4) == 0.5


def test_agreement_ignores_the_numbers_of_communities() -> None:
    assert agreement([0, 0, 1, 1], [7, 7, 3, 3]) == 1.0


def test_agreement_of_crossed_partitions_is_below_chance() -> None:
    assert agreement([0, 0, 1, 1], [0, 1, 0, 1]) < 0.0
