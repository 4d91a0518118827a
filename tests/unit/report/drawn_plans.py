"""A small plan, made from a drawn project by the real cut and decisions, with a boundary drawn by hand."""

from __future__ import annotations

from drawing import draw

from decompose.cut.propose import propose
from decompose.model.facts import Unresolved
from decompose.model.location import Location
from decompose.model.migration import BoundaryEdge, ContextPlan, MigrationPlan, Operation, OperationParameter, Project
from decompose.model.settings import Config, ContextSettings
from decompose.planning.decisions import decisions
from decompose.planning.order import order
from decompose.planning.steps import steps

EVIL = "x`|\n```\n<script>[click](javascript:1)*"
"""A text from the target that would like to be markup."""

_TEXT = """
    orders.models: table order; key stock_id -> stock CASCADE
    orders.services: imports orders.models, stock.models; atomic writes order, stock
    orders.views: imports orders.services; route /orders/
    stock.models: table stock
    stock.services: imports stock.models; writes stock
    stock.views: imports stock.services; route /stock/
"""


def drawn_plan(word: str = "count") -> MigrationPlan:
    """The plan of a project with a cut key, a cut transaction and a contested table; ``word`` stands wherever free text can."""
    graph = draw(_TEXT)
    config = Config(contexts=tuple(ContextSettings(name, modules=(f"{name}.**",)) for name in ("orders", "stock")))
    found = propose(graph, config)
    project = Project(word, "django", ("django", word), ".", "boundaries", "3.12")
    at = Location("orders/services.py", 12)
    edge = BoundaryEdge("stock-1", "in", "sql", "orders.services", "stock.models.Stock", at, word, "decide", "decide", word)
    operation = Operation(word, "chain", "query", "stock", (OperationParameter(word, "integer"),), "integer", uses=1, at=(at,))
    ranks = {each.name: each for each in order(graph, found, {"stock": (edge,)})}
    contexts = tuple(
        ContextPlan(
            name=name,
            readiness="decisions",
            rank=ranks[name].rank,
            score=ranks[name].score,
            reasons=(*ranks[name].reasons, word),
            edges=(edge,) if name == "stock" else (),
            operations=(operation,) if name == "stock" else (),
            entities=(),
            replicas=(),
            placements=(),
            tables=(),
            routes=graph.routes,
            steps=steps(name, project, (edge,)),
        )
        for name in ("orders", "stock")
    )
    return MigrationPlan(
        project=project,
        digest="d",
        config_digest="c",
        context_map=found,
        modules=graph.modules,
        tables=graph.tables,
        decisions=decisions(graph, found, config),
        contexts=contexts,
        unresolved=(Unresolved("import", word, word, at),),
    )
