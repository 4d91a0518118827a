"""The contract of a context: pydantic classes for both sides, and the OpenAPI 3.1 document of the service."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from decompose.generate.fallback import checked_fallback
from decompose.generate.layout import WIDTH, imports, items, value
from decompose.generate.messages import SHADOWING, Call, Class, Contract, Error, Member, Origin, contract_of, title
from decompose.generate.paths import boundary_paths
from decompose.generate.render import Render, python_literal
from decompose.model.artifacts import Artifact
from decompose.model.service import ServicePlan

_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "error": {"type": "string"},
        "database": {"type": "string"},
    },
    "required": ["type", "title", "status"],
}


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """``contract.py`` in the monolith and in the service, the same bytes, and the service's ``openapi.json``."""
    contract = contract_of(plan)
    source = contract_source(plan, contract, render)
    for path in boundary_paths(plan, "contract.py"):
        yield Artifact(path, source, context=plan.context.name)
    document = json.dumps(openapi_document(plan, contract), indent=2, ensure_ascii=False) + "\n"
    yield Artifact(f"{plan.root}/openapi.json", document.encode(), context=plan.context.name)


def version(contract: Contract) -> str:
    """The contract's version: it changes with any class, operation or error."""
    shown = repr([contract.records, [(c.request, c.response, c.errors) for c in contract.calls], contract.errors])
    return f"1.0.0+{hashlib.sha256(shown.encode()).hexdigest()[:8]}"


# Python -------------------------------------------------------------------------------------------


def contract_source(plan: ServicePlan, contract: Contract, render: Render) -> bytes:
    """The text of ``contract.py``."""
    package = plan.project.package
    classes = [*contract.records, *(each for call in contract.calls for each in (call.request, call.response))]
    names = {"Source", *(("ModelContract",) if contract.models else ())}
    names |= {"Record" if each.key else "Message" for each in classes}
    for each in classes:
        for member in each.members:
            names |= {name for name in member.shape.names if name in _WIRE_NAMES}
    runtime = [*(["ErrorContract"] if contract.errors else []), "OperationContract"]
    if not contract.models:
        names |= {"ModelContract"}
    if not contract.errors:
        runtime = ["ErrorContract", *runtime]
    return render(
        "boundary/contract.py.j2",
        name=plan.context.name,
        version=version(contract),
        class_variables=any(each.key not in ("", "id") or each.related for each in classes),
        required_import="from pydantic import Field" if any(_says_required(member) for each in classes for member in each.members) else "",
        runtime_import=imports(f"{package}.runtime.{name}" for name in sorted(set(runtime))),
        wire_import=imports(f"{package}.wire.{name}" for name in sorted(names)),
        classes=[_class(each, contract) for each in classes],
        entities=_table("ENTITIES", "Source", [(o.name, _origin(o)) for o in contract.entities]),
        replicas=_table("REPLICAS", "Source", [(o.name, _origin(o)) for o in contract.replicas]),
        models=_table("MODELS", "ModelContract", [(m, ("ModelContract", [python_literal(label), repr(owned)])) for m, label, owned in contract.models]),
        errors=_table("ERRORS", "ErrorContract", [(e.name, ("ErrorContract", _error(e))) for e in contract.errors]),
        operations=_table("OPERATIONS", "OperationContract", [(c.operation.name, ("OperationContract", _operation(c))) for c in contract.calls]),
    )  # fmt: skip


_WIRE_NAMES = frozenset({"Anonymous", "Binary", "Date", "DateTime", "Decimal", "Duration", "FileName", "Json", "Time", "Unsaved", "Uuid"})


def _class(each: Class, contract: Contract) -> dict[str, object]:
    lines = []
    base = dict(contract.bases).get(each.name, "")
    inherited = next((len(other.members) for other in contract.records if other.name == base), 0)
    for member in each.members[inherited:]:
        line = f"{member.name}: {member.shape.python}"
        default = _default(member.default) if member.default else "Field()" if _says_required(member) else ""
        lines.append(f"{line} = {default}" if default else line)
    if base:
        return {"name": each.name, "doc": each.doc, "base": base, "key": "", "related": "", "lines": lines}
    base = "Record" if each.key else "Message"
    return {"name": each.name, "doc": each.doc, "base": base, "key": "" if each.key == "id" else each.key, "related": _related(each), "lines": lines}


def _says_required(member: Member) -> bool:
    """Whether pydantic would take an inherited method for the field's default."""
    return not member.default and member.name in SHADOWING


def _related(each: Class) -> str:
    """The keys of a record that lead to rows of the caller, as source."""
    return value(dict(each.related), 4, len("    _related: ClassVar[dict[str, str]] = ")) if each.related else ""


def _default(source: str) -> str:
    import ast

    return python_literal(ast.literal_eval(source))


def _table(name: str, kind: str, rows: list[tuple[str, tuple[str, list[str]]]]) -> str:
    """A dictionary of constructor calls by name."""
    if not rows:
        return f"{name}: dict[str, {kind}] = {{}}"
    lines = [f"{name} = {{"]
    for key, (constructor, arguments) in rows:
        head = f"    {python_literal(key)}: {constructor}("
        one = f"{head}{', '.join(arguments)}),"
        lines.append(one if len(one) <= WIDTH else items(head, arguments, "),", 4, WIDTH))
    return "\n".join([*lines, "}"])


def _origin(origin: Origin) -> tuple[str, list[str]]:
    arguments = [origin.type, python_literal(origin.label)]
    if origin.paths:
        arguments.append(f"paths={python_literal(dict(origin.paths))}")
    if origin.parents:
        arguments.append(f"parents={python_literal(dict(origin.parents))}")
    return "Source", arguments


def _error(error: Error) -> list[str]:
    return [*map(python_literal, (error.name, error.path, error.status, error.moved, error.bases))]


def _operation(call: Call) -> list[str]:
    operation = call.operation
    parameters = dict(call.parameters)
    written = python_literal(parameters)
    if len(written) + 20 > WIDTH:
        written = "{\n" + "".join(f"            {python_literal(k)}: {python_literal(v)},\n" for k, v in parameters.items()) + "        }"
    target = f"{operation.target}.{operation.expression}" if operation.shape == "method" else operation.target
    arguments = [
        f"name={python_literal(operation.name)}",
        f"shape={python_literal(operation.shape)}",
        f"kind={python_literal(operation.kind)}",
        f"request={call.request.name}",
        f"response={call.response.name}",
        f"parameters={written}",
        f"returns={python_literal(operation.returns)}",
    ]
    if call.errors:
        arguments.append(f"errors={python_literal(call.errors)}")
    if operation.idempotent or operation.kind == "query":
        arguments.append("idempotent=True")
    if operation.fallback not in ("", "raise"):
        arguments.append(f"fallback={python_literal(checked_fallback(operation))}")
    if operation.page_size:
        arguments.append(f"page_size={operation.page_size}")
    return [
        *arguments,
        f"timeout={operation.timeout!r}",
        f"target={python_literal(target)}",
        f"doc={_long_text(call.doc)}",
    ]


def _long_text(text: str) -> str:
    """A string literal; the formatter leaves long ones alone, so does a reader."""
    return python_literal(text)


# OpenAPI ------------------------------------------------------------------------------------------


def openapi_document(plan: ServicePlan, contract: Contract) -> dict[str, object]:
    """The OpenAPI 3.1 document, equal to what the service builds from the Python classes."""
    by_name = {each.name: each for each in contract.records}
    schemas: dict[str, object] = {"Problem": _PROBLEM}

    def use(each: Class) -> dict[str, object]:
        if each.name not in schemas:
            schemas[each.name] = each.schema()
            for member in each.members:
                for name in member.shape.names:
                    if name in by_name:
                        use(by_name[name])
                    elif name in _MESSAGES:
                        schemas[name] = _MESSAGES[name]
        return {"$ref": f"#/components/schemas/{each.name}"}

    errors = {error.name: error for error in contract.errors}
    paths = {f"/boundary/v1/{call.operation.name}": {"post": _describe(call, errors, use(call.request), use(call.response))} for call in contract.calls}
    return {
        "openapi": "3.1.0",
        "info": {"title": title(plan), "version": version(contract)},
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
        "security": [{"token": []}],
    }


_MESSAGES: Mapping[str, object] = {
    "Anonymous": {"type": "object", "properties": {"anonymous": {"const": True}}, "required": [], "additionalProperties": False},
    "Unsaved": {"type": "object", "properties": {"unsaved": {}}, "required": ["unsaved"], "additionalProperties": False},
}
"""Messages that ``wire`` itself declares."""


def _describe(call: Call, errors: dict[str, Error], request: dict[str, object], response: dict[str, object]) -> dict[str, object]:
    problems = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses: dict[str, object] = {
        "200": {"description": "The result.", "content": {"application/json": {"schema": response}}}
    }
    declared: dict[str, list[str]] = {}
    for name in call.errors:
        declared.setdefault(str(errors[name].status), []).append(name)
    for status, names in sorted(declared.items()):
        responses[status] = {"description": ", ".join(sorted(names)), "content": problems}
    responses["default"] = {"description": "Refused or failed.", "content": problems}
    operation = call.operation
    return {
        "operationId": operation.name,
        "summary": call.doc,
        "x-kind": operation.kind,
        "x-idempotent": operation.idempotent or operation.kind == "query",
        "x-timeout": operation.timeout,
        "requestBody": {"required": True, "content": {"application/json": {"schema": request}}},
        "responses": responses,
    }
