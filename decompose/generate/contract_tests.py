"""The contract suite of a service: one set of assertions for every implementation of its boundary."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import msgspec

from decompose.generate.boundary import OBJECTS
from decompose.generate.layout import WIDTH, expression, identifier, imports, items, returning, value
from decompose.generate.messages import Call, Contract, contract_of
from decompose.generate.render import Render, python_literal
from decompose.model.artifacts import Artifact
from decompose.model.service import ServicePlan

_WRITERS = frozenset({"create", "update", "update_or_create", "get_or_create"})
_PLAIN = {
    "all", "order_by", "reverse", "distinct", "select_related", "prefetch_related", "only", "defer", "using", "count", "exists", "first", "last",
    "latest", "earliest", "values", "values_list", "in_bulk", "aggregate",
}  # fmt: skip
"""Methods of a query set that leave no row out."""

_LOOKERS = frozenset({"filter", "get"})
_UNSURE = frozenset({"regex", "iregex", "week", "week_day", "quarter", "search"})
"""Lookups for which no value can be read off a row."""


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """``tests/contract`` (the suite), and ``tests/test_service.py`` (the process around it)."""
    contract = contract_of(plan)
    yield from suite(plan, contract, f"{plan.root}/tests/contract", plan.context.name, render)
    common = {**_common(plan), **_database(plan)}
    yield Artifact(f"{plan.root}/tests/conftest.py", render(f"tests/{plan.project.framework}/conftest.py.j2", callbacks=bool(plan.context.callbacks), **common), context=plan.context.name)
    wanting = [call.operation.name for call in contract.calls if any(not m.default for m in call.request.members)]
    names = [*wanting, *(call.operation.name for call in contract.calls)]
    if names:
        service = render(f"tests/{plan.project.framework}/test_service.py.j2", **common, operation=names[0])
        yield Artifact(f"{plan.root}/tests/test_service.py", service, context=plan.context.name)


def suite(plan: ServicePlan, contract: Contract, folder: str, owner: str, render: Render, *, callbacks: bool = False) -> Iterator[Artifact]:
    """One contract's suite in a folder; that of callbacks runs in the monolith, which serves them."""
    common = {**_common(plan), **_database(plan)}
    library = OBJECTS[plan.project.framework]
    stage = render(f"contract/{library}/{'callbacks' if callbacks else 'conftest'}.py.j2", **common)
    yield Artifact(f"{folder}/conftest.py", stage, context=owner)
    yield Artifact(f"{folder}/rows.py", render(f"contract/{library}/rows.py.j2", **common), context=owner)
    tests = render("contract/test_contract.py.j2", blocked=_blocked(contract), calling=_calling(plan), rows_cross=not callbacks, annotated="" if callbacks else _annotated(plan), **common, **_present(contract))
    yield Artifact(f"{folder}/test_contract.py", tests, context=owner)
    examples = render("contract/examples.py.j2", **{**_examples(contract), "everything": callbacks, **({"owned": "OWNED: tuple[str, ...] = ()"} if callbacks else {})})
    yield Artifact(f"{folder}/examples.py", examples, "merged", context=owner)


def _common(plan: ServicePlan) -> dict[str, object]:
    return {
        "name": plan.name,
        "package": plan.package,
        "boundaries": plan.project.package,
        "boundary": plan.boundary,
        "audience": plan.boundary.rpartition(".")[2],
    }


def _database(plan: ServicePlan) -> dict[str, object]:
    """What the suite has to know of a database that is not Django's."""
    if plan.project.framework == "django":
        return {}
    from decompose.generate.sqlalchemy.database import database_of

    database = database_of(plan)
    modules = {table.model.rpartition(".")[0] for table in plan.context.tables if table.model}
    return {"extension": database.extension, "base": database.base, "maker": database.maker, "model_modules": sorted(modules), "framework": plan.project.framework}


class Example(msgspec.Struct, frozen=True):
    """A function of ``examples.py``; ``body`` is indented by four."""

    name: str
    body: str


def _annotated(plan: ServicePlan) -> str:
    """What queries add to rows, by the name of the entity, as source."""
    entities = {entity.name: entity for entity in plan.context.entities}
    found = {each.name: {field.name: field.type for field in each.fields[len(entities[each.extends].fields) :]} for each in entities.values() if each.extends}
    return f"ANNOTATED = {value(found, 0, len('ANNOTATED = '))}" if found else ""


def _calling(plan: ServicePlan) -> bool:
    """Whether operations may need the monolith to answer."""
    return bool(plan.context.callbacks)


def _blocked(contract: Contract) -> list[tuple[str, str]]:
    return [(call.operation.name, ", ".join(call.operation.blocked_by)) for call in contract.calls if call.operation.blocked_by]


def _present(contract: Contract) -> dict[str, bool]:
    """Which kinds of operations there are: a test without cases would only be shown as skipped."""
    operations = [call.operation for call in contract.calls]
    return {
        "queries": any(each.kind == "query" for each in operations),
        "commands": any(each.kind == "command" and each.shape != "draft" for each in operations),
        "optional": bool(_with_options(contract)),
        "drafts": any(each.shape == "draft" for each in operations),
        "finders": bool(_missing(contract)),
    }


def _missing(contract: Contract) -> dict[str, tuple[str, str]]:
    """Operations that end in ``DoesNotExist`` when the model has no row: the model's label and the error's name."""
    labels = {origin.name: origin.label for origin in contract.entities}
    found = {}
    for call in contract.calls:
        name = call.operation.returns.removeprefix("entity:")
        given_row = any(parameter.type.startswith("related:") for parameter in call.operation.parameters)
        if call.operation.shape == "chain" and f"{name}DoesNotExist" in call.errors and name in labels and not given_row:
            found[call.operation.name] = (labels[name], f"{name}DoesNotExist")
    return found


def _examples(contract: Contract) -> dict[str, object]:
    owned = {origin.label for origin in contract.entities}
    return {
        "owned": "OWNED = " + value(tuple(sorted(owned)), 0, len("OWNED = ")),
        "missing": "MISSING = " + value(_missing(contract), 0, len("MISSING = ")),
        "with_options": "WITH_OPTIONS = " + value(_with_options(contract), 0, len("WITH_OPTIONS = ")),
        "examples": [Example(identifier(call.operation.name), _body(call, contract)) for call in contract.calls],
    }


def _with_options(contract: Contract) -> tuple[str, ...]:
    """Operations with parameters that may be left out; drafts show theirs anyway."""
    calls = (call.operation for call in contract.calls if call.operation.shape != "draft")
    return tuple(sorted(each.name for each in calls if any(not parameter.required for parameter in each.parameters)))


def _body(call: Call, contract: Contract) -> str:
    operation = call.operation
    labels = {origin.name: origin.label for origin in (*contract.entities, *contract.replicas)}
    labels |= {model: label for model, label, _ in contract.models}
    if operation.shape == "chain":
        return _chain(call, contract, labels)
    name = operation.target.rpartition(".")[2]
    if operation.shape == "draft":
        label = labels[operation.returns.removeprefix("entity:")]
        known = {parameter.name for parameter in operation.parameters}
        lines = [
            f"row = rows.draft({python_literal(label)})",
            f"wanted = {value(sorted(known), 4, 13)}",
            "arguments = rows.values_of(row, wanted)",
            "",
            imports([operation.target]),
            "",
            f"return Example(arguments, {name})",
        ]
        return _indented(lines)
    pairs = [f"{python_literal(p.name)}: {_argument(p.name, p.type, labels)}" for p in operation.parameters if p.required]
    arguments = _arguments("arguments", pairs)
    optional = [f"{python_literal(p.name)}: {_argument(p.name, p.type, labels)}" for p in operation.parameters if not p.required]
    options = ", optional=optional" if optional else ""
    if optional:
        arguments += "\n" + _arguments("optional", optional)
    if operation.shape == "method":
        row = identifier(operation.parameters[0].name)
        head = items("def directly(", [row, "**others"], "):", 4)
        return _indented([arguments, "", head, f"    return {row}.{identifier(operation.expression)}(**others)", "", f"return Example(arguments, directly{options})"])
    module, _, function = operation.target.rpartition(".")
    last = module.rpartition(".")[2]
    if last[:1].isupper():
        return _indented([arguments, "", imports([module]), "", f"return Example(arguments, {last}.{function}{options})"])
    return _indented([arguments, "", f"{imports([operation.target])} as directly", "", f"return Example(arguments, directly{options})"])


def _chain(call: Call, contract: Contract, labels: dict[str, str]) -> str:
    operation = call.operation
    label = labels.get(operation.target.rpartition(".")[2], "")
    found, sure = lookups(operation.expression)
    pairs = []
    needs_row = False
    for parameter in operation.parameters:
        if not parameter.required:
            continue
        kind, lookup = found.get(parameter.name, ("", ""))
        if label and (kind == "look" or (kind == "own" and operation.kind == "query" and lookup in _columns(contract, label))):
            source = f"rows.looked_up(row, {python_literal(lookup)})"
            needs_row = True
        elif kind == "write" and label:
            source = f"rows.fresh({python_literal(label)}, {python_literal(lookup)})"
        else:
            sure = False
            source = _argument(parameter.name, parameter.type, labels)
        pairs.append(f"{python_literal(parameter.name)}: {source}")
    lines = []
    if label:
        lines += [f"row = rows.make({python_literal(label)})" if needs_row else f"rows.make({python_literal(label)})"]
        lines += [f"rows.make({python_literal(label)})  # Another one, which the arguments need not fit."]
    names = [identifier(parameter.name) + ("" if parameter.required else f"={parameter.default}") for parameter in operation.parameters]
    head = items("def directly(", names, "):", 4)
    needed = imports(operation.imports, 4, own=operation.target.partition(".")[0])
    optional = [f"{python_literal(p.name)}: {_argument(p.name, p.type, labels)}" for p in operation.parameters if not p.required]
    lines += [_arguments("arguments", pairs), *([_arguments("optional", optional)] if optional else []), "", head]
    if needed:
        lines += [needed, ""]
    lines += [_dedent(returning(expression(operation.expression), 8))]
    finds = sure and operation.kind == "query" and not operation.expression.rstrip().endswith("]")
    options = (", finds=True" if finds else "") + (", optional=optional" if optional else "")
    return _indented([*lines, "", f"return Example(arguments, directly{options})"])


def _columns(contract: Contract, label: str) -> set[str]:
    """The columns that a model's records have."""
    types = {origin.type for origin in contract.entities if origin.label == label}
    return {member.name for record in contract.records if record.name in types for member in record.members}


def _dedent(text: str) -> str:
    return "\n".join(line[4:] for line in text.split("\n"))


def _arguments(name: str, pairs: list[str]) -> str:
    line = f"{name} = {{{', '.join(pairs)}}}"
    if len(line) + 4 <= WIDTH:
        return line
    return f"{name} = {{\n" + "".join(f"    {pair},\n" for pair in pairs) + "}"


def _argument(name: str, kind: str, labels: dict[str, str]) -> str:
    head, _, rest = kind.partition(":")
    if head in ("list", "page"):
        return f"[{_argument(name.removesuffix('s'), rest, labels)}]"
    if head == "entity":
        return f"rows.make({python_literal(labels[rest])})"
    if head == "row":
        head, rest = "key", rest.split("|")[0]
    if head in ("replica", "key") and rest in labels:
        return f"rows.pointed_at({python_literal(labels[rest])}, OWNED)"
    if head == "related":
        field, _, model = rest.partition(":")
        return f"rows.pointing_at({python_literal(field)}, {python_literal(labels[model])})"
    return f"rows.argument({python_literal(name)}, {python_literal(kind)}, OWNED)"


def _indented(lines: list[str]) -> str:
    return "\n".join(f"    {line}" if line else "" for text in lines for line in text.split("\n"))


def lookups(source: str) -> tuple[dict[str, tuple[str, str]], bool]:
    """What each name in a query expression is compared with or written to, and whether a row so described is found.

    Values are ``("look", lookup)`` or ``("write", column)``; ``("own", name)`` where a method of the project's own is given it by name.
    """
    found: dict[str, tuple[str, str]] = {}
    sure = True
    for node in ast.walk(ast.parse(source.strip(), mode="eval")):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        method = node.func.attr
        if method not in _LOOKERS and (node.keywords or method not in _PLAIN):
            # The project's own methods may leave rows out.
            sure = False
        if node.args and method in (*_LOOKERS, "exclude"):
            sure = False
        for keyword in node.keywords:
            if keyword.arg is None or not isinstance(keyword.value, ast.Name):
                sure = False
                continue
            parts = keyword.arg.split("__")
            if method in _WRITERS:
                found[keyword.value.id] = ("write", keyword.arg)
            elif method in (*_LOOKERS, "exclude") and not _UNSURE & set(parts):
                found.setdefault(keyword.value.id, ("look", keyword.arg))
            elif method not in _PLAIN:
                found.setdefault(keyword.value.id, ("own", keyword.arg))
    return found, sure
