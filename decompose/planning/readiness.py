"""Which contexts could be extracted now: whether anything across their boundary waits for a person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from decompose.link.program import Program
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import Context, ContextMap
from decompose.model.settings import Config
from decompose.planning.boundary import open_questions
from decompose.planning.placement import cut
from decompose.planning.sight import ACTIVE, ALL, Sight
from decompose.planning.wanted import wanted

Readiness = Literal["ready", "decisions", "inseparable"]

INSEPARABLE = 40
"""Open questions above which a context is called inseparable: more than a team answers in a day. A hub always is."""


def surveyed(graph: CodeGraph, program: Program, context_map: ContextMap, config: Config) -> ContextMap:
    """The cut with the readiness of every context, which only the uses across its boundary tell."""
    # A decision may name any edge, also one of a test: then all have to be looked at.
    sight = Sight(program, graph, context_map, ALL if config.decisions else ACTIVE)
    found = {
        context.name: readiness_of(context, open_questions(sight, cut(sight, context.name), config.decisions, wanted(context.name, config)))
        for context in context_map.contexts
        if context.role != "shared"
    }
    return with_readiness(context_map, found)


def readiness_of(context: Context, waiting: int) -> Readiness:
    """The readiness of a context with so many open questions."""
    if context.role == "hub" or waiting > INSEPARABLE:
        return "inseparable"
    return "decisions" if waiting else "ready"


def with_readiness(context_map: ContextMap, readiness: Mapping[str, Readiness]) -> ContextMap:
    """The cut with the readiness of its contexts set to what is given."""
    contexts = tuple(
        msgspec.structs.replace(context, readiness=readiness.get(context.name, context.readiness)) for context in context_map.contexts
    )
    return msgspec.structs.replace(context_map, contexts=contexts)
