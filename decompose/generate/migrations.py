"""The first migration of each app in the service: the tables as the models say, without the monolith's history."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from decompose.generate.paths import service_path
from decompose.generate.render import Render, python_literal
from decompose.generate.source_models import Expression, Models
from decompose.model.artifacts import Artifact
from decompose.model.facts import Column, ForeignKey, Table
from decompose.model.migration import Replica
from decompose.model.service import ServicePlan

_OPTIONS = (
    "verbose_name", "verbose_name_plural", "db_table", "db_table_comment", "ordering", "unique_together", "permissions", "default_permissions",
    "get_latest_by", "order_with_respect_to", "managed", "default_related_name", "select_on_save", "base_manager_name", "default_manager_name",
    "indexes", "constraints",
)  # fmt: skip
"""Options of a model that its migration state knows (django/db/models/options.py, DEFAULT_NAMES; AlterModelOptions.ALTER_OPTION_KEYS)."""

_FIELDS = {
    # neutral type -> field of a replica or of a column whose declaration is not among the moved texts
    "integer": "models.IntegerField({})", "big": "models.BigIntegerField({})", "string": "models.TextField({})", "text": "models.TextField({})",
    "boolean": "models.BooleanField({})", "float": "models.FloatField({})", "decimal": "models.DecimalField({}max_digits=20, decimal_places=6)",
    "date": "models.DateField({})", "datetime": "models.DateTimeField({})", "time": "models.TimeField({})", "duration": "models.DurationField({})",
    "uuid": "models.UUIDField({})", "json": "models.JSONField({})", "binary": "models.BinaryField({})", "file": "models.TextField({})",
    "other": "models.JSONField({})",
}  # fmt: skip


class Model(msgspec.Struct, frozen=True):
    """A model's state: name, fields as source by name, options as source by name, and the labels its keys point at.

    ``late`` are many-to-many fields over a model of their own, which that model must exist for. ``bases`` are labels of the models it inherits a
    table from or stands for as a proxy.
    """

    app: str
    name: str
    fields: tuple[tuple[str, Expression], ...]
    options: tuple[tuple[str, Expression], ...]
    needs: frozenset[str]
    swappable: bool = False
    late: tuple[tuple[str, Expression], ...] = ()
    bases: tuple[str, ...] = ()


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """``0001_initial.py`` of every app of the service that has tables."""
    if plan.project.framework != "django":
        from decompose.generate.sqlalchemy import migration

        yield from migration.generate(plan, render)
        return
    found = [*moved_models(plan), *(replica_model(plan, replica) for replica in plan.context.replicas if is_generated(plan, replica))]
    apps: dict[str, list[Model]] = {}
    for model in found:
        apps.setdefault(model.app, []).append(model)
    packages = app_packages(plan)
    cyclic = _cyclic_apps(apps)
    for app in sorted(apps):
        folder = packages[app].replace(".", "/") + "/migrations"
        yield Artifact(service_path(plan, f"{folder}/__init__.py"), b"", "merged", context=plan.context.name)
        text = render("service/django/migration.py.j2", **_values(plan, app, apps, cyclic))
        yield Artifact(service_path(plan, f"{folder}/0001_initial.py"), text, "merged", context=plan.context.name)


def app_packages(plan: ServicePlan) -> dict[str, str]:
    """The package of each app label of the service: where the app's ``models`` module or package lies."""
    found: dict[str, str] = {}
    for label, model in (
        *((table.label, table.model) for table in plan.context.tables if table.model),
        *((replica.label, replica.model) for replica in plan.context.replicas if is_generated(plan, replica)),
    ):
        package = model.rpartition(".")[0]
        parts = package.split(".")
        if "models" in parts:
            package = ".".join(parts[: parts.index("models")])
        else:
            package = package.rpartition(".")[0]
        found.setdefault(label.partition(".")[0], package)
    return found


def is_generated(plan: ServicePlan, replica: Replica) -> bool:
    """Whether the replica is a class of the monolith's own, which the service needs a stand-in for; libraries bring theirs."""
    top = replica.model.partition(".")[0]
    return any(module.path for module in plan.context.placements if module.module.partition(".")[0] == top) and not replica.model.startswith("django.")


def models_of(plan: ServicePlan) -> Models:
    """The model classes among the texts that go to the service."""
    modules = {placement.path: placement.module for placement in plan.context.placements if placement.action in ("move", "share")}
    texts = {modules[path]: text for path, text in plan.sources.items() if path in modules and path.endswith(".py")}
    packages = frozenset(module for path, module in modules.items() if path.endswith("/__init__.py"))
    return Models(texts, packages)


def moved_models(plan: ServicePlan) -> Iterator[Model]:
    """The states of the context's own models, in the order in which they can be created."""
    models = models_of(plan)
    keys: dict[str, list[ForeignKey]] = {}
    for key in plan.context.foreign_keys:
        keys.setdefault(key.table, []).append(key)
    labels = {table.id: table.label for table in plan.context.tables} | {replica.table: replica.label for replica in plan.context.replicas}
    for table in plan.context.tables:
        if table.model:
            yield _moved_model(plan, models, table, keys.get(table.id, []), labels)
            yield from _proxies(models, table)


def _proxies(models: Models, table: Table) -> Iterator[Model]:
    """The states of proxies: classes without a table of their own."""
    app = table.label.partition(".")[0]
    for model in table.models:
        if model != table.model and models.classdef(model) is not None:
            options = tuple((name, text) for name, text in _options(models, table, model) if name not in ("indexes", "constraints"))
            fixed = (("proxy", Expression("True")), ("indexes", Expression("[]")), ("constraints", Expression("[]")))
            yield Model(app, model.rpartition(".")[2], (), (*options, *fixed), frozenset({table.label}), bases=(table.label.lower(),))


def _moved_model(plan: ServicePlan, models: Models, table: Table, keys: list[ForeignKey], labels: Mapping[str, str]) -> Model:
    app, _, name = table.label.partition(".")
    relations = {key.field: key for key in keys}
    fields: list[tuple[str, Expression]] = []
    late: list[tuple[str, Expression]] = []
    needs: set[str] = set()
    for column in table.columns:
        key = relations.get(column.field)
        fields.append((column.field, _field(models, table, column, key, labels, plan.project.user_model)))
        if key is not None and key.target != table.id:
            needs.add(labels.get(key.target, ""))
    for key in keys:
        if key.kind == "many-to-many":
            declared = models.field(table.model, key.field)
            if declared is not None:
                explicit = any(keyword.arg == "through" for keyword in declared[1].keywords)
                (late if explicit else fields).append((key.field, relation(models, *declared, table, key, labels, plan.project.user_model)))
                needs.add(labels.get(key.target, ""))
    options = tuple(_options(models, table, table.model))
    swappable = any(labels.get(key.target, "") == plan.project.user_model or key.target == "auth_user" for key in keys)
    own = {each.model: each.label for each in plan.context.tables if each.model}
    bases = tuple(own[parent].lower() for parent in models.parents(table.model) if parent in own)
    return Model(app, name, tuple(fields), options, frozenset(needs - {""}), swappable, tuple(late), bases)


def _field(models: Models, table: Table, column: Column, key: ForeignKey | None, labels: Mapping[str, str], user: str) -> Expression:
    declared = models.field(table.model, column.field)
    if declared is not None:
        place, call = declared
        if column.primary_key and not any(keyword.arg == "serialize" for keyword in call.keywords):
            # As Django's own migrations say of every explicit key (Field.deconstruct, ModelBase).
            call = ast.Call(call.func, call.args, [*call.keywords, ast.keyword("serialize", ast.Constant(False))])
        if key is not None:
            return relation(models, place, call, table, key, labels, user)
        return models.absolute(place, call, class_id=table.model)
    if column.auto and column.primary_key:
        kind = column.declared.rpartition(".")[2] or "BigAutoField"
        return Expression(f'models.{kind}(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")')
    if key is not None:
        delete = f"models.{key.on_delete or 'CASCADE'}"
        kind = "OneToOneField" if key.kind == "one-to-one" else "ForeignKey"
        parent = ", auto_created=True, parent_link=True, primary_key=True, serialize=False" if column.primary_key else ""
        return Expression(f"models.{kind}({_target(table, key, labels, user)}, on_delete={delete}{parent})")
    flags = "".join(f"{flag}=True, " for flag, given in (("null", column.nullable), ("primary_key", column.primary_key), ("unique", column.unique)) if given)
    if column.type == "string" and column.max_length:
        return Expression(f"models.CharField({flags}max_length={column.max_length})")
    return Expression(_FIELDS[column.type].format(flags).replace(", )", ")"))


def relation(
    models: Models, place: str, call: ast.Call, table: Table, key: ForeignKey, labels: Mapping[str, str], user: str
) -> Expression:
    """A relation with its target named by label, as a migration must."""
    target = ast.parse(_target(table, key, labels, user), mode="eval").body
    arguments, keywords = [*call.args], [*call.keywords]
    for index, keyword in enumerate(keywords):
        if keyword.arg == "to":
            keywords[index] = ast.keyword("to", target)
            break
    else:
        arguments[0:1] = [target]
    through = next((each for each in keywords if each.arg == "through"), None)
    if through is not None:
        keywords[keywords.index(through)] = ast.keyword("through", ast.Constant(labels.get(key.through, key.through)))
    made = ast.Call(call.func, arguments, keywords)
    return models.absolute(place, made, class_id=table.model)


def _target(table: Table, key: ForeignKey, labels: Mapping[str, str], user: str) -> str:
    """The label of the table that a key points at; the user model by its setting, as Django writes a swappable one."""
    if labels.get(key.target, "").lower() == user.lower() and user:
        return "settings.AUTH_USER_MODEL"
    if key.target == table.id:
        return python_literal(table.label.lower())
    label = labels.get(key.target)
    if label is None or label.lower() == "auth.user":
        return "settings.AUTH_USER_MODEL"
    return python_literal(label.lower())


def _options(models: Models, table: Table, model: str) -> Iterator[tuple[str, Expression]]:
    meta = models.meta(model)
    app, _, name = table.label.partition(".")
    for option in _OPTIONS:
        if option in meta:
            place, node = meta[option]
            if option == "indexes":
                node = _named_indexes(node, table)
            if option in ("indexes", "constraints"):
                node = _Formatted(app.lower(), name.lower()).visit(node)
            yield option, models.absolute(place, node, class_id=model)


class _Formatted(ast.NodeTransformer):
    """``%(class)s`` and ``%(app_label)s`` in names of constraints and indexes, as Django fills them in."""

    def __init__(self, app: str, name: str) -> None:
        self._values = {"app_label": app, "class": name}

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if isinstance(node.value, str) and "%(" in node.value:
            return ast.Constant(node.value % self._values)
        return node


def _named_indexes(node: ast.expr, table: Table) -> ast.expr:
    """Indexes with the name that Django gives to one without a name (``Index.set_name_with_model``)."""
    if isinstance(node, (ast.List, ast.Tuple)):
        for index in node.elts:
            if isinstance(index, ast.Call) and not any(keyword.arg == "name" for keyword in index.keywords):
                fields = next((keyword.value for keyword in index.keywords if keyword.arg == "fields"), None)
                if isinstance(fields, (ast.List, ast.Tuple)):
                    names = [each.value for each in fields.elts if isinstance(each, ast.Constant) and isinstance(each.value, str)]
                    index.keywords.append(ast.keyword("name", ast.Constant(_index_name(table, names, _suffix(index)))))
    return node


def _suffix(index: ast.Call) -> str:
    # The class attribute `suffix` of django.contrib.postgres.indexes; plain indexes have "idx".
    name = index.func.attr if isinstance(index.func, ast.Attribute) else index.func.id if isinstance(index.func, ast.Name) else ""
    return {"GinIndex": "gin", "GistIndex": "gist", "BrinIndex": "brin", "BTreeIndex": "btree", "HashIndex": "hash", "SpGistIndex": "spgist", "BloomIndex": "bloom"}.get(name, "idx")


def _index_name(table: Table, fields: list[str], suffix: str) -> str:
    columns = {column.field: column.name for column in table.columns}
    plain = [columns.get(field.lstrip("-"), field.lstrip("-")) for field in fields]
    ordered = [f"-{column}" if field.startswith("-") else column for field, column in zip(fields, plain, strict=True)]
    digest = hashlib.md5("".join([table.id, *ordered, suffix]).encode(), usedforsecurity=False).hexdigest()[:6]
    name = f"{table.id[:11]}_{plain[0][:7]}_{digest}_{suffix}"
    return f"D{name[1:]}" if name[0] == "_" or name[0].isdigit() else name


def replica_model(plan: ServicePlan, replica: Replica) -> Model:
    """The state of a stand-in for another context's model."""
    app, _, name = replica.label.partition(".")
    labels = {each.model: each.label for each in plan.context.replicas}
    fields = [(field, Expression(text)) for field, text in replica_fields(replica, labels)]
    options = (("db_table", Expression(python_literal(replica.table))),)
    needs = frozenset(labels[model] for _, model in replica.parents if model in labels and model != replica.model)
    return Model(app, name, tuple(fields), options, needs)


def replica_fields(replica: Replica, labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The fields of a stand-in: the key as the monolith's, everything else empty until it is known."""
    parents = dict(replica.parents)
    if replica.key.type == "integer":
        yield replica.key.name, "models.BigAutoField(primary_key=True, serialize=False)"
    else:
        yield replica.key.name, _FIELDS[replica.key.type].format("primary_key=True, serialize=False, ").replace(", )", ")")
    for field in replica.fields:
        if field.name not in parents:
            yield field.name, _FIELDS[field.type].format("null=True, ").replace(", )", ")")
    for name, model in sorted(parents.items()):
        if model in labels:
            target = python_literal(labels[model].lower())
            yield name, f'models.ForeignKey({target}, null=True, on_delete=models.CASCADE, related_name="+")'


def _cyclic_apps(apps: Mapping[str, Iterable[Model]]) -> frozenset[str]:
    """Apps whose keys lead back to themselves over other apps: their migrations cannot be put in an order."""
    needs = {app: {label.partition(".")[0] for model in found for label in model.needs} - {app} for app, found in apps.items()}

    def reaches(start: str, goal: str, seen: frozenset[str]) -> bool:
        return any(each == goal or (each not in seen and reaches(each, goal, seen | {each})) for each in sorted(needs.get(start, ())))

    return frozenset(app for app in needs if reaches(app, app, frozenset({app})))


def _values(plan: ServicePlan, app: str, apps: Mapping[str, list[Model]], cyclic: frozenset[str]) -> dict[str, object]:
    """What the template of a migration needs."""
    from decompose.errors import RefusedInput

    if app in cyclic:
        raise RefusedInput(
            f"the apps {', '.join(sorted(cyclic))} have foreign keys to one another, so their first migrations cannot be put in an order",
            hint="merge the apps' models into one app, or keep them in different contexts",
        )
    ordered = _creation_order(apps[app])
    modules = sorted({module for model in ordered for _, each in (*model.fields, *model.late, *model.options) for module in each.modules})
    texts = " ".join(each.text for model in ordered for _, each in (*model.fields, *model.late, *model.options))
    dependencies = sorted({label.partition(".")[0] for model in ordered for label in model.needs} - {app})
    known = [each for each in dependencies if each in apps]
    external = [each for each in dependencies if each not in apps and each != plan.project.user_model.partition(".")[0]]
    return {
        "app": app,
        "modules": [module for module in modules if module not in ("django.db.models", "django.conf")],
        "settings": "settings." in texts or any(model.swappable for model in ordered),
        "swappable": any(model.swappable for model in ordered),
        "dependencies": [(each, "0001_initial") for each in known] + [(each, "__first__") for each in external],
        "models": ordered,
    }


def _creation_order(models: list[Model]) -> list[Model]:
    """Models after those that their keys point at; a circle is broken at its first name."""
    by_label = {f"{model.app}.{model.name}": model for model in models}
    done: list[Model] = []
    placed: set[str] = set()

    def place(label: str, path: frozenset[str]) -> None:
        if label in placed or label in path or label not in by_label:
            return
        for need in sorted(by_label[label].needs):
            place(need, path | {label})
        placed.add(label)
        done.append(by_label[label])

    for label in sorted(by_label):
        place(label, frozenset())
    return done
