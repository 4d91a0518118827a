"""The order of extraction: value against risk, by a formula that is shown with its numbers.

    score = 10 x cohesion + 2 x ln(1 + entry points) + ln(1 + test modules)
            - 2 x ln(1 + uses from outside) - ln(1 + uses of the outside) - ln(1 + places to solve before the split)
            - cut foreign keys - 3 x cut transactions - 2 x contested tables - 0.5 x open questions

Cohesion and entry points (routes and tasks) are what a service of its own is worth; tests are what makes the way there safe.
Uses are counted in places and by their logarithm, for the hundredth call of an operation costs less than its first. Places that work on
the monolith's tables (pages, commands, joins) hinder nobody at first, and all have to change before the data goes. Keys,
transactions and questions count one by one, because each needs somebody's thought; transactions of shared code (seeds, tools) stay in the
monolith and count for nobody. The weights are judgement, not measurement: the order
they give is a proposal, and the terms are printed so that it can be argued with.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from decompose.cut.territory import Territories
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import Context, ContextMap
from decompose.model.migration import BoundaryEdge

LARGEST = 0.4
"""A context with more than this share of the modules is what remains, not what is extracted."""


class Ranked(msgspec.Struct, frozen=True):
    """A context's place in the order: ``rank`` from 1, 0 when extraction is not advised; ``reasons`` are the terms or the reason."""

    name: str
    rank: int
    score: float
    reasons: tuple[str, ...]


def order(
    graph: CodeGraph, context_map: ContextMap, edges_by_context: Mapping[str, Iterable[BoundaryEdge]]
) -> tuple[Ranked, ...]:
    """All contexts, the first to extract first and those not worth it last."""
    facts = _Facts(graph, context_map)
    found = []
    for context in context_map.contexts:
        terms = facts.terms(context, tuple(edges_by_context.get(context.name, ())))
        score = round(sum(value for value, _ in terms), 2)
        against = facts.unadvised(context)
        reasons = (against,) if against else tuple(f"{text}: {value:+.1f}" for value, text in terms if abs(value) >= 0.05)
        found.append((bool(against), -score, context.name, score, reasons))
    ranked, position = [], 0
    for unadvised, _, name, score, reasons in sorted(found):
        position += not unadvised
        ranked.append(Ranked(name, 0 if unadvised else position, score, reasons))
    return tuple(ranked)


class _Facts:
    def __init__(self, graph: CodeGraph, context_map: ContextMap) -> None:
        self.map = context_map
        self.territories = Territories(graph, context_map)
        self.roles = {module.id: module.role for module in graph.modules}
        self.domain = {context.name for context in context_map.contexts if context.role != "shared"}
        self.routes = [self.territories.context_of(route.handler) for route in graph.routes if route.kind != "admin"]
        self.tasks = [self.territories.context_of(task.definition) for task in graph.tasks]
        self.code = sum(1 for module in graph.modules if module.role in ("code", "settings"))

    def terms(self, context: Context, edges: tuple[BoundaryEdge, ...]) -> list[tuple[float, str]]:
        """The signed terms of the formula with their inputs in words."""
        name = context.name
        entries = self.routes.count(name) + self.tasks.count(name)
        tests = sum(1 for module in context.modules if self.roles.get(module) == "test")
        active = [edge for edge in edges if not edge.test and edge.disposition not in ("stay", "shared-kernel")]
        inward = sum(1 for edge in active if edge.direction == "in")
        outward = len(active) - inward
        waiting = sum(1 for edge in edges if edge.disposition == "decide")
        later = sum(1 for edge in edges if edge.direction == "in" and edge.disposition in ("stay", "replica") and edge.blocks in ("split", "retire") and not edge.test)
        keys = sum(1 for key in self.map.foreign_keys if key.cut and name in (key.src_context, key.dst_context))
        commits = sum(1 for t in self.map.transactions if t.cut and name in t.writing and self.territories.context_of(t.definition) in self.domain)
        contested = sum(1 for entry in self.map.ownership if entry.contested and name in {writer for writer, _ in entry.writers})
        return [
            (10.0 * context.cohesion, f"cohesion {context.cohesion:.2f}"),
            (2.0 * math.log1p(entries), f"{_count(entries, 'route or task', 'routes and tasks')}"),
            (math.log1p(tests), _count(tests, "test module")),
            (-2.0 * math.log1p(inward), f"{_count(inward, 'use')} from outside"),
            (-math.log1p(outward), f"{_count(outward, 'use')} of the outside"),
            (-math.log1p(later), f"{_count(later, 'place')} to solve before the split"),
            (-1.0 * keys, _count(keys, "cut foreign key")),
            (-3.0 * commits, _count(commits, "cut transaction")),
            (-2.0 * contested, _count(contested, "contested table")),
            (-0.5 * waiting, _count(waiting, "open question")),
        ]

    def unadvised(self, context: Context) -> str:
        """Why a context is not worth extracting, ``""`` when it is."""
        name = context.name
        if context.role == "shared":
            return "shared kernel: it stays a library, a service of it would be called by everybody for everything"
        if context.role == "hub":
            referring = sorted({key.src_context for key in self.map.foreign_keys if key.cut and key.dst_context == name})
            return f"hub: {len(referring)} contexts refer to its tables ({', '.join(referring)}); extract those first"
        size = self.territories.sizes.get(name, 0)
        if self.code and size > LARGEST * self.code:
            return f"holds {size / self.code:.0%} of the modules: it is what remains of the monolith"
        if not context.tables and name not in self.routes and name not in self.tasks:
            return "no tables, routes or tasks: it has nothing to serve and works better as a library"
        return ""


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
