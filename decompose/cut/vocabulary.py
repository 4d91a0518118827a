"""What the code speaks of: words of definitions, tables and routes, without those that every file of a layer has."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import nsmallest

from decompose.cut.atoms import Atoms
from decompose.cut.words import domain_words
from decompose.model.codegraph import CodeGraph

_NEIGHBOURS = 5
_LEAST_SIMILAR = 0.1
_STRONGEST = 10
"""Words by which an atom is compared."""

_WIDEST = 40
"""A word of more atoms than this finds no neighbours: it costs their square and tells little."""

_WIDEST_TOPIC = 0.3
"""Share of the atoms that may speak of a topic before it is everybody's."""

_LAYER = 4
"""Files of one name from which the name is that of a layer, and words that all of them have are its own."""


class Vocabulary:
    """The words of every atom: ``own`` (its definitions, tables and routes) and ``mentioned`` (what it uses of others)."""

    def __init__(self, graph: CodeGraph, parts: Atoms) -> None:
        index = {atom: number for number, atom in enumerate(parts.ids)}
        self._size = len(parts.ids)
        self._stems = [parts.module[atom].rpartition(".")[2] for atom in parts.ids]
        self.own: list[Counter[str]] = [Counter() for _ in parts.ids]
        self.mentioned: list[Counter[str]] = [Counter() for _ in parts.ids]
        self.tables: set[str] = set()
        """Words of tables: what the domain keeps, its topics."""

        def number(definition: str) -> int | None:
            return index.get(parts.of.get(definition, ""))

        for definition in graph.definitions:
            here = number(definition.id)
            if here is not None:
                self.own[here].update(domain_words(definition.id.rpartition(".")[2]))
        for table in graph.tables:
            named = domain_words(table.model.rpartition(".")[2] or table.id)
            self.tables.update(named)
            here = number(table.model)
            if here is not None:
                self.own[here].update(named)
        for route in graph.routes:
            here = number(route.handler)
            if here is not None and route.is_url and route.kind != "admin":
                for segment in route.path.strip("^/").split("/"):
                    if segment and segment[0] not in "<{(?:":
                        self.own[here].update(domain_words(segment))
        modules = {module.id for module in graph.modules}
        said: dict[str, tuple[str, ...]] = {}
        for edge in graph.edges:
            if edge.kind != "import":
                here = number(edge.src)
                if here is not None and edge.dst not in modules:
                    words = said.get(edge.dst)
                    if words is None:
                        words = said[edge.dst] = tuple(domain_words(edge.dst.rpartition(".")[2]))
                    bag = self.mentioned[here]
                    for word in words:
                        bag[word] += 1

    def topics(self) -> dict[tuple[int, str], float]:
        """How much of its own words an atom spends on each topic: squared, so that the main one stands out; 1 in all."""
        spread = Counter(word for bag in self.own for word in bag)
        layer = self._layer_share(self.own)
        widest = max(6.0, _WIDEST_TOPIC * self._size)
        found: dict[tuple[int, str], float] = {}
        for number, bag in enumerate(self.own):
            weights = {
                word: (count * math.log(self._size / spread[word]) * (1.0 - layer(number, word))) ** 2
                for word, count in bag.items()
                if word in self.tables and 1 < spread[word] <= widest
            }
            whole = sum(weights.values())
            if whole > 0.0:
                found.update(((number, word), weight / whole) for word, weight in sorted(weights.items()) if weight > 0.0)
        return found

    def alike(self) -> list[tuple[int, int, float]]:
        """Pairs ``(i, j, cosine)`` with ``i < j``: of every atom its nearest neighbours by all its words.

        A word counts ``1 + ln(count)``, less the more atoms have it, and less again the more files *of the same name* have
        it: words that every ``views.py`` has are words of the layer.
        """
        return _nearest(self._bags())

    def _bags(self) -> list[dict[str, float]]:
        counts = [own + mentioned for own, mentioned in zip(self.own, self.mentioned, strict=True)]
        spread = Counter(word for bag in counts for word in bag)
        layer = self._layer_share(counts)
        widest = min(_WIDEST, max(6.0, 0.2 * self._size))
        bags = []
        for number, bag in enumerate(counts):
            weighed = {
                word: (1.0 + math.log(count)) * math.log(self._size / spread[word]) * (1.0 - layer(number, word))
                for word, count in bag.items()
                if 1 < spread[word] <= widest
            }
            strongest = sorted(weighed.items(), key=lambda item: (-item[1], item[0]))[:_STRONGEST]
            length = math.sqrt(sum(weight * weight for _, weight in strongest))
            bags.append({word: weight / length for word, weight in strongest if weight > 0.0} if length > 0.0 else {})
        return bags

    def _layer_share(self, counts: Sequence[Counter[str]]) -> _LayerShare:
        return _LayerShare(self._stems, counts)


class _LayerShare:
    """``share(i, word)``: of the files with the name of ``i``'s file, the share that has the word."""

    def __init__(self, stems: Sequence[str], counts: Sequence[Counter[str]]) -> None:
        self._stems = stems
        self._sizes = Counter(stems)
        self._words: dict[str, Counter[str]] = {}
        for stem, bag in zip(stems, counts, strict=True):
            if self._sizes[stem] >= _LAYER:
                self._words.setdefault(stem, Counter()).update(bag.keys())

    def __call__(self, number: int, word: str) -> float:
        stem = self._stems[number]
        words = self._words.get(stem)
        return words[word] / self._sizes[stem] if words else 0.0


def _nearest(bags: Sequence[Mapping[str, float]]) -> list[tuple[int, int, float]]:
    holders: dict[str, list[tuple[int, float]]] = {}
    for number, bag in enumerate(bags):
        for word, weight in bag.items():
            holders.setdefault(word, []).append((number, weight))
    pairs: dict[tuple[int, int], float] = {}
    for number, bag in enumerate(bags):
        near: dict[int, float] = {}
        for word, weight in bag.items():
            for other, other_weight in holders[word]:
                if other in near:
                    near[other] += weight * other_weight
                else:
                    near[other] = weight * other_weight
        near.pop(number, None)
        alike = [(-similarity, other) for other, similarity in near.items() if similarity >= _LEAST_SIMILAR]
        for similarity, other in nsmallest(_NEIGHBOURS, alike):
            pairs[min(number, other), max(number, other)] = min(-similarity, 1.0)
    return [(i, j, similarity) for (i, j), similarity in sorted(pairs.items())]
