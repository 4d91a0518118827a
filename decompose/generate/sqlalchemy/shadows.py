"""Stand-ins on SQLAlchemy: models of the monolith's rows with the columns that moved code reads, under their old dotted path.

Placeholders for code that stays in the monolith are those of every framework (:mod:`decompose.generate.replicas`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from decompose.generate.paths import service_path
from decompose.generate.render import Render, python_literal
from decompose.generate.replicas import exports_of, module_path, parted, placeholders
from decompose.generate.source_models import Models
from decompose.generate.sqlalchemy.database import database_of, models_of
from decompose.model.artifacts import Artifact
from decompose.model.migration import BoundaryEdge, Replica
from decompose.model.service import ServicePlan

TYPES: Mapping[str, str] = {
    "integer": "Integer()", "big": "BigInteger()", "string": "Text()", "text": "Text()", "boolean": "Boolean()", "float": "Float()",
    "decimal": "Numeric(20, 6)", "date": "Date()", "datetime": "DateTime()", "time": "Time()", "duration": "Interval()", "uuid": "Uuid()",
    "json": "JSON()", "binary": "LargeBinary()", "file": "Text()", "other": "JSON()",
}  # fmt: skip
"""SQLAlchemy's type of a shadow's column, or of one whose declaration is not among the moved texts, by neutral type."""


class ShadowColumn(msgspec.Struct, frozen=True):
    """A column of a shadow: the key, a value that is read, or a key of another shadow (``target``, its table and column)."""

    name: str
    type: str
    key: bool = False
    target: str = ""


def shadow_columns(plan: ServicePlan, replica: Replica) -> list[ShadowColumn]:
    """The columns of the shadow of a model: all but the key are empty until they are known."""
    known = {each.model: each for each in plan.context.replicas}
    found = {replica.key.name: ShadowColumn(replica.key.name, TYPES[replica.key.type], key=True)}
    for field in replica.fields:
        found.setdefault(field.name, ShadowColumn(field.name, TYPES[field.type]))
    for name, model in sorted(replica.parents):
        parent = known.get(model)
        if parent is not None:
            found[f"{name}_id"] = ShadowColumn(f"{name}_id", TYPES[parent.key.type], target=f"{parent.table}.{parent.key.name}")
    return list(found.values())


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """One module for each module of the monolith that moved code takes a model or staying code from."""
    replicas: dict[str, list[Replica]] = {}
    for replica in plan.context.replicas:
        replicas.setdefault(replica.model.rpartition(".")[0], []).append(replica)
    staying: dict[str, list[BoundaryEdge]] = {}
    for edge in placeholders(plan):
        staying.setdefault(edge.target.rpartition(".")[0], []).append(edge)
    paths = {placement.module: placement.path for placement in plan.context.placements}
    texts = {module: plan.sources[path].decode() for module, path in paths.items() if path in plan.sources and path.endswith(".py")}
    shadowed = {module: {each.model.rpartition(".")[2] for each in found} for module, found in replicas.items()}
    exports = exports_of(plan, shadowed, texts)
    models = models_of(plan)
    root = database_of(plan).root if replicas else ""
    for module in sorted({*replicas, *staying, *exports}):
        path = paths.get(module) or module_path(plan, module, {*replicas, *staying, *exports, *texts})
        before, after = parted(texts.get(module, "").strip("\n"), shadowed.get(module, ()))
        found = sorted(_parents_first(replicas.get(module, ())), key=lambda each: each.user)
        text = render(
            "service/sqlalchemy/standin.py.j2",
            before=before,
            shared=after,
            models=[_model(plan, models, replica) for replica in found],
            user=any(replica.user for replica in found) and uses_login(plan),
            root_module=root.rpartition(".")[0],
            root_name=root.rpartition(".")[2],
            placeholders=[
                {"name": edge.target.rpartition(".")[2], "target": edge.target, "edge": edge.id, "at": str(edge.at), "reason": edge.reason, "is_class": edge.kind == "construction"}
                for edge in sorted(staying.get(module, ()), key=lambda each: each.target)
            ],
            exports=exports.get(module, ()),
            module=module,
        )
        yield Artifact(service_path(plan, path), text, "merged", context=plan.context.name)


def uses_login(plan: ServicePlan) -> bool:
    """Whether moved or shared code knows Flask-Login."""
    return any(b"flask_login" in text for path, text in plan.sources.items() if path.endswith(".py"))


def _parents_first(replicas: Iterable[Replica]) -> list[Replica]:
    return sorted(replicas, key=lambda each: each.model)


def _model(plan: ServicePlan, models: Models, replica: Replica) -> dict[str, object]:
    database = database_of(plan)
    base = f"_{database.root.rpartition('.')[2].lower()}" + (".Model" if database.extension else "")
    schema, _, table = replica.table.rpartition(".")
    return {
        "name": replica.model.rpartition(".")[2],
        "model": replica.model,
        "bases": f"_UserMixin, {base}" if replica.user and uses_login(plan) else base,
        "table": table,
        "schema": schema,
        "lines": [*map(_column, shadow_columns(plan, replica)), *_relationships(plan, models, replica)],
    }


def _column(column: ShadowColumn) -> str:
    if column.key:
        return f"{column.name} = _sa.Column(_sa.{column.type}, primary_key=True, autoincrement=False)"
    key = f", _sa.ForeignKey({python_literal(column.target)})" if column.target else ""
    return f"{column.name} = _sa.Column(_sa.{column.type}{key}, nullable=True)"


def _relationships(plan: ServicePlan, models: Models, replica: Replica) -> Iterator[str]:
    """Relations to other shadows, and the other ends of those that moved models declare in both places."""
    known = {each.model for each in plan.context.replicas}
    for name, model in sorted(replica.parents):
        if model in known:
            yield f"{name} = _orm.relationship({python_literal(model)}, foreign_keys=[{name}_id])"
    for table in sorted(plan.context.tables, key=lambda each: each.model):
        for relation in relations(models, table.model):
            if relation.target == replica.model.rpartition(".")[2] and relation.back:
                keys = f", foreign_keys={python_literal(relation.keys)}" if relation.keys else ""
                other = f"{relation.back} = _orm.relationship({python_literal(table.model)}, back_populates={python_literal(relation.name)}{keys})"
                yield other if len(other) < 96 else f"{other}  # fmt: skip"


class Relation(msgspec.Struct, frozen=True):
    """A relationship that a model declares: the bare name of the class it leads to, and the attribute there that leads back.

    ``keys`` is its ``foreign_keys`` as a string that is resolved late, ``""`` when none are given.
    """

    name: str
    target: str
    back: str = ""
    keys: str = ""


def relations(models: Models, id: str) -> Iterator[Relation]:
    """The relationships that a class declares in its own body."""
    found = models.classdef(id)
    for statement in found[1].body if found is not None else ():
        call = getattr(statement, "value", None)
        target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
        if not isinstance(call, ast.Call) or not isinstance(target, ast.Name) or not _is_relationship(call):
            continue
        options = {keyword.arg: keyword.value for keyword in call.keywords}
        aim = call.args[0] if call.args else options.get("argument")
        annotation = statement.annotation if isinstance(statement, ast.AnnAssign) else None
        back = options.get("back_populates")
        keys = options.get("foreign_keys")
        yield Relation(
            target.id,
            _class_name(aim) if aim is not None else _annotated(annotation),
            back.value if isinstance(back, ast.Constant) and isinstance(back.value, str) else "",
            _late(keys, id.rpartition(".")[2]) if keys is not None else "",
        )


def _is_relationship(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in ("relationship", "relation", "dynamic_loader")


def _class_name(node: ast.expr) -> str:
    """The bare name of a class that is given as itself, as text, or by a function that names it."""
    if isinstance(node, ast.Lambda):
        node = node.body
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.rpartition(".")[2]
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


_AROUND = {"Mapped", "WriteOnlyMapped", "DynamicMapped", "Optional", "List", "list", "Set", "set", "Sequence", "Collection", "None", "Union"}


def _annotated(node: ast.expr | None) -> str:
    """The class inside ``Mapped[list["Animal"]]``."""
    if node is None:
        return ""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            return _annotated(ast.parse(each.value, mode="eval").body)
        if isinstance(each, ast.Name) and each.id not in _AROUND:
            return each.id
        if isinstance(each, ast.Attribute) and each.attr not in _AROUND:
            return each.attr
    return ""


def _late(node: ast.expr, owner: str) -> str:
    """``[owner_id]`` of the class ``Invoice`` as ``[Invoice.owner_id]``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    items = node.elts if isinstance(node, (ast.List, ast.Tuple)) else [node]
    names = [f"{owner}.{each.id}" if isinstance(each, ast.Name) else ast.unparse(each) for each in items]
    return f"[{', '.join(names)}]"
