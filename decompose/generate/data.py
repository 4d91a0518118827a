"""The rows of a context on their way into the service's own database, and back: a package that knows nothing of the service's framework."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from decompose.generate.render import Render
from decompose.model.artifacts import Artifact
from decompose.model.facts import Table
from decompose.model.migration import Replica
from decompose.model.service import ServicePlan

PROGRAM = ("__init__", "__main__", "checking", "copying", "databases", "ranges", "state")
"""Modules that are the same in every service; ``tables`` has what differs."""


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """The package ``copy_data``: run as ``python -m <package>.copy_data copy``."""
    folder = f"{plan.root}/{plan.package}/copy_data"
    for module in PROGRAM:
        yield Artifact(f"{folder}/{module}.py", render(f"data/copy_data/{module}.py"), context=plan.context.name)
    text = render(
        "data/copy_data/tables.py.j2",
        name=plan.name,
        # SQLAlchemy writes every time of SQLite with microseconds, Django only those that have some.
        fractions=plan.project.framework != "django",
        tables=tables(plan),
        links=list(links(plan)),
    )
    yield Artifact(f"{folder}/tables.py", text, context=plan.context.name)


def tables(plan: ServicePlan) -> list[dict[str, object]]:
    """What is copied: shadows, then the context's own tables, each after those that it points at where there is no circle."""
    made = {replica.table: _replica(replica, plan) for replica in plan.context.replicas}
    references: dict[str, dict[str, str]] = {}
    for key in plan.context.foreign_keys:
        if key.kind != "many-to-many" and key.column:
            references.setdefault(key.table, {})[key.column] = key.target
    made |= {table.id: _table(table, references.get(table.id, {})) for table in plan.context.tables}
    for table in made.values():
        found: dict[str, str] = table["references"]  # type: ignore[assignment]
        table["references"] = {column: target for column, target in sorted(found.items()) if target in made}
    needs = _needs(plan, made)
    shadows = _parents_first([replica.table for replica in plan.context.replicas], needs)
    return [made[name] for name in [*shadows, *_parents_first((table.id for table in plan.context.tables), needs)]]


def links(plan: ServicePlan) -> Iterator[dict[str, str]]:
    """References between a table that moves and one that stays, in both directions."""
    own = {table.id: table for table in plan.context.tables}
    for edge in sorted(plan.context.edges, key=lambda edge: edge.text):
        if edge.kind == "foreign-key" and edge.direction == "in" and not edge.test and edge.target in own:
            table, _, column = edge.text.partition(" -> ")[0].rpartition(".")
            if table and column:
                yield {"side": "monolith", "table": table, "column": column, "target": edge.target, "type": _key_type(own[edge.target])}
    keys = {replica.table: replica.key.type for replica in plan.context.replicas}
    for key in sorted(plan.context.foreign_keys, key=lambda key: (key.table, key.column)):
        if key.kind != "many-to-many" and key.target not in own and key.column:
            yield {"side": "service", "table": key.table, "column": key.column, "target": key.target, "type": keys.get(key.target, "integer")}


def _key_type(table: Table) -> str:
    return next((column.type for column in table.columns if column.primary_key), "integer")


def _table(table: Table, references: Mapping[str, str]) -> dict[str, object]:
    key = tuple(column.name for column in table.columns if column.primary_key)
    columns = {column.name: column.type for column in table.columns}
    return {"name": table.id, "key": key, "columns": columns, "references": dict(references), "shadow": False}


def _replica(replica: Replica, plan: ServicePlan) -> dict[str, object]:
    by_model = {each.model: each for each in plan.context.replicas}
    parents = {name: by_model[model] for name, model in sorted(replica.parents) if model in by_model}
    columns = {replica.key.name: replica.key.type}
    columns |= {field.name: field.type for field in replica.fields if field.name not in dict(replica.parents) and not field.path}
    columns |= {f"{name}_id": by_model[model].key.type if model in by_model else "integer" for name, model in sorted(replica.parents)}
    return {
        "name": replica.table, "key": (replica.key.name,), "columns": columns,
        "references": {f"{name}_id": parent.table for name, parent in parents.items()}, "shadow": True,
    }  # fmt: skip


def _needs(plan: ServicePlan, made: Mapping[str, Mapping[str, object]]) -> dict[str, set[str]]:
    """The tables of the service that the rows of each point at."""
    needs = {name: set(table["references"].values()) for name, table in made.items()}  # type: ignore[attr-defined]
    for key in plan.context.foreign_keys:
        if key.kind == "many-to-many" and key.through in needs:
            needs[key.through] |= {key.table, key.target} & made.keys()
    return needs


def _parents_first(names: Iterable[str], needs: Mapping[str, set[str]]) -> list[str]:
    """Tables after those that their foreign keys point at; a circle is broken at its first name."""
    chosen = sorted(names)
    done: list[str] = []

    def place(name: str, path: frozenset[str]) -> None:
        if name in done or name in path or name not in chosen:
            return
        for need in sorted(needs[name] - {name}):
            place(need, path | {name})
        done.append(name)

    for name in chosen:
        place(name, frozenset())
    return done
