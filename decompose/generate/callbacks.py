"""The other direction: a boundary of the monolith with what moved code calls of it, for one service."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from decompose.generate.boundary import api_source, local_source
from decompose.generate.contract import contract_source
from decompose.generate.contract_tests import suite
from decompose.generate.messages import contract_of
from decompose.generate.paths import boundary_paths
from decompose.generate.render import Render
from decompose.model.artifacts import Artifact
from decompose.model.facts import Table
from decompose.model.migration import Entity, Field, Operation, Placement, Replica
from decompose.model.service import ServicePlan


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """The package on both sides, its implementation in the monolith only, and the suite that proves it there."""
    if not plan.context.callbacks or plan.project.framework != "django":
        return
    own = plan.context.name
    turned = turned_around(plan)
    contract = contract_of(turned)
    opening = f"What the service {plan.name} needs of {plan.project.name}: its code calls this where it called the code itself."
    both = {
        "__init__.py": api_source(turned, contract, render, opening),
        "contract.py": contract_source(turned, contract, render),
    }
    for file, content in both.items():
        for path in boundary_paths(turned, file):
            yield Artifact(path, content, context=own)
    yield Artifact(boundary_paths(turned, "local.py")[0], local_source(turned, contract, render), context=own)
    yield from suite(turned, contract, f"{plan.root}/tests/callbacks", own, render, callbacks=True)


def package(plan: ServicePlan) -> str:
    """The dotted name of the boundary that the service calls."""
    return f"{plan.boundary}_callbacks"


def turned_around(plan: ServicePlan) -> ServicePlan:
    """The plan as the monolith's side of the boundary: what the monolith has is owned, the context's rows come as snapshots."""
    context = plan.context
    keyed = sorted({model for operation in context.callbacks for model in _models(operation, "key")} | _kept(plan))
    sent = sorted({model for operation in context.callbacks for model in _models(operation, "replica")} | _sent(plan))
    labels = {replica.model: replica for replica in context.replicas}
    owned = [labels[model] for model in keyed if model in labels]
    here = {each.module for each in context.placements if each.action in ("move", "share")}
    raised = sorted({error.rpartition(".")[0] for operation in context.callbacks for error in operation.errors})
    turned = msgspec.structs.replace(
        context,
        name=f"{context.name} (callbacks)",
        operations=context.callbacks,
        callbacks=(),
        entities=tuple(Entity(each.model.rpartition(".")[2], each.model, each.table, each.key.name, (each.key,)) for each in owned),
        replicas=tuple(_snapshot(plan, table) for table in context.tables if table.model in sent),
        tables=tuple(Table(each.table, each.model, each.reasons[0], "django", label=each.label) for each in owned if each.reasons),
        placements=tuple(Placement(module, "", "move", "stays in the monolith") for module in raised if module not in here),
    )
    return msgspec.structs.replace(plan, boundary=package(plan), context=turned)


def _models(operation: Operation, head: str) -> set[str]:
    types = [parameter.type.removeprefix("list:") for parameter in operation.parameters]
    return {each.removeprefix(f"{head}:") for each in types if each.startswith(f"{head}:")}


def _alternatives(plan: ServicePlan) -> set[str]:
    return {model for operation in plan.context.callbacks for kinds in _models(operation, "row") for model in kinds.split("|")}


def _sent(plan: ServicePlan) -> set[str]:
    """Models of the context among those of which one of several is given."""
    return _alternatives(plan) & {table.model for table in plan.context.tables}


def _kept(plan: ServicePlan) -> set[str]:
    return _alternatives(plan) - _sent(plan)


def _snapshot(plan: ServicePlan, table: Table) -> Replica:
    """All columns of a row of the context, but for the password of a user."""
    key = next((column for column in table.columns if column.primary_key), table.columns[0])
    known = next((entity.fields for entity in plan.context.entities if entity.model == table.model), ())
    fields = known or tuple(
        Field(column.name if column.name == f"{column.field}_id" else column.field, column.type, column.nullable) for column in table.columns
    )
    secret = {"password"} if table.label == plan.project.user_model else set()
    return Replica(table.model, table.label, table.id, Field(key.field, key.type), tuple(each for each in fields if each.name not in {key.field, *secret}))
