"""The copy of the context's rows into the service's own database: restartable, in key order, verified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from decompose.generate.render import Render
from decompose.model.artifacts import Artifact
from decompose.model.facts import Table
from decompose.model.migration import Replica
from decompose.model.service import ServicePlan


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """``copy_data.py``: run as ``python -m <package>.copy_data``."""
    shadows, own = _parents_first(plan.context.replicas), _ordered(plan)
    names = [*(replica.table for replica in shadows), *(table.id for table in own)]
    key_types = {replica.model: replica.key.type for replica in shadows}
    needs = {name: sorted(_needs(plan).get(name, ()), key=names.index) for name in names}
    tables = [
        {**made, "waits": next((need for need in reversed(needs[name]) if names.index(need) >= names.index(name)), "")}
        for name, made in zip(names, [*(_replica(replica, key_types) for replica in shadows), *map(_table, own)], strict=True)
    ]
    text = render("service/django/copy_data.py.j2", tables=tables, package=plan.package, name=plan.name)
    yield Artifact(f"{plan.root}/{plan.package}/copy_data.py", text, context=plan.context.name)


def _needs(plan: ServicePlan) -> dict[str, set[str]]:
    """The tables of the service that the rows of each point at."""
    needs: dict[str, set[str]] = {table.id: set() for table in plan.context.tables}
    for key in plan.context.foreign_keys:
        if key.kind == "many-to-many":
            if key.through in needs:
                needs[key.through] |= {key.table, key.target}
        elif key.table in needs:
            needs[key.table].add(key.target)
    tables = {replica.model: replica.table for replica in plan.context.replicas}
    for replica in plan.context.replicas:
        needs[replica.table] = {tables[model] for _, model in replica.parents if model in tables}
    known = {*needs}
    return {name: each & known for name, each in needs.items()}


def _table(table: Table) -> dict[str, object]:
    key = next((column.name for column in table.columns if column.primary_key), "id")
    columns = {column.name: column.type for column in table.columns}
    return {"name": table.id, "key": key, "columns": columns or {key: "integer"}, "shadow": False}


def _replica(replica: Replica, key_types: Mapping[str, str]) -> dict[str, object]:
    columns = {replica.key.name: replica.key.type}
    parents = {name for name, _ in replica.parents}
    columns |= {field.name: field.type for field in replica.fields if field.name not in parents and not field.path}
    columns |= {f"{name}_id": key_types.get(model, "integer") for name, model in sorted(replica.parents)}
    return {"name": replica.table, "key": replica.key.name, "columns": columns, "shadow": True}


def _parents_first(replicas: tuple[Replica, ...]) -> list[Replica]:
    """Replicas after those that their keys point at."""
    by_model = {replica.model: replica for replica in replicas}
    done: list[Replica] = []

    def place(replica: Replica, path: frozenset[str]) -> None:
        if replica in done or replica.model in path:
            return
        for _, parent in replica.parents:
            if parent in by_model:
                place(by_model[parent], path | {replica.model})
        done.append(replica)

    for replica in replicas:
        place(replica, frozenset())
    return done


def _ordered(plan: ServicePlan) -> list[Table]:
    """Tables after those that their foreign keys point at; a circle is broken at its first name."""
    needs = _needs(plan)
    tables = {table.id: table for table in plan.context.tables}
    done: list[Table] = []
    placed: set[str] = set()

    def place(id: str, path: frozenset[str]) -> None:
        if id in placed or id in path or id not in tables:
            return
        for need in sorted(needs[id] - {id}):
            place(need, path | {id})
        placed.add(id)
        done.append(tables[id])

    for id in sorted(tables):
        place(id, frozenset())
    return done
