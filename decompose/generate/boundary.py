"""The boundary package of a context: the API that callers import, its local implementation, and what runs both.

The same bytes stand in the monolith and in the service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from decompose.generate.layout import (
    WIDTH,
    double_quoted,
    expression,
    identifier,
    imports,
    is_literal,
    items,
    paragraph,
    returning,
    signature,
    value,
)
from decompose.generate.messages import Call, Contract, caller_type, contract_of, travelling
from decompose.generate.paths import boundary_paths, package_paths
from decompose.generate.render import Render, python_literal
from decompose.model.artifacts import Artifact
from decompose.model.migration import OperationParameter
from decompose.model.service import ServicePlan, boundary_of

SHARED_MODULES = ("runtime.py", "databases.py", "refusals.py", "passage.py", "wire.py", "tokens.py", "client.py", "fallback.py", "shadow.py", "proxy.py")
"""Modules of the package of all boundaries, in the order in which they build on one another."""

OBJECTS = {"django": "django", "flask": "sqlalchemy", "fastapi": "sqlalchemy"}
"""Which library's objects ``objects.py`` knows, by framework."""

ROUTE_MODULES = {"django": "django_routes.py", "flask": "flask_routes.py"}
"""By framework, the module that hands requests for moved routes on to the service."""

_ASKS_PERMISSIONS = re.compile(rb"\b(?:has_perms?|has_module_perms|get_all_permissions|permission_required|PermissionRequiredMixin|Django\w*Permissions\w*)\b")
"""Words of code that asks what a user may do, beyond who it is."""


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """The package of all boundaries with its shared modules, and the context's API and local implementation."""
    contract = contract_of(plan)
    shared = {"__init__.py": render("boundary/package.py")}
    routes = ROUTE_MODULES.get(plan.project.framework)
    shared |= {name: render(f"boundary/{name}") for name in (*SHARED_MODULES, *([routes] if routes else []))}
    shared["objects.py"] = render(f"boundary/objects/{OBJECTS[plan.project.framework]}.py")
    for file, content in shared.items():
        for path in package_paths(plan, plan.project.package, file):
            # Shared by all contexts: no context owns it.
            yield Artifact(path, content, context=plan.context.name if path.startswith(plan.root) else "")
    own = {"__init__.py": api_source(plan, contract, render), "local.py": local_source(plan, contract, render)}
    views = moved_views(plan)
    if routes and views:
        own["routes.py"] = routes_source(plan, views, render)
    for file, content in own.items():
        for path in boundary_paths(plan, file):
            yield Artifact(path, content, context=plan.context.name)


# Routes -------------------------------------------------------------------------------------------


def moved_views(plan: ServicePlan) -> list[str]:
    """The context's views whose routes move: what the decisions left in the monolith is answered there."""
    targets = {edge.target for edge in plan.context.edges if edge.kind == "route" and edge.disposition == "proxy-route"}
    return sorted({view for target in targets if (view := _view(plan, target))})


def _view(plan: ServicePlan, target: str) -> str:
    """The top-level definition that answers a route, ``""`` when it does not move: an action is answered by its view set."""
    modules = [each.module for each in plan.context.placements if each.action == "move" and target.startswith(f"{each.module}.")]
    module = max(modules, key=len, default="")
    return f"{module}.{target.removeprefix(f'{module}.').partition('.')[0]}" if module else ""


def routes_source(plan: ServicePlan, views: list[str], render: Render) -> bytes:
    """``routes.py``: the views, and the applications whose permissions moved code asks for."""
    moving = {each.path for each in plan.context.placements if each.action in ("move", "share")}
    asks = any(_ASKS_PERMISSIONS.search(text) for path, text in plan.sources.items() if path in moving)
    settings = next((each.value for each in plan.context.settings if each.name == "REST_FRAMEWORK"), "")
    asks = asks or _ASKS_PERMISSIONS.search(settings.encode()) is not None
    labels = sorted({table.label.partition(".")[0] for table in plan.context.tables if table.label}) if asks else []
    return render(
        "boundary/routes.py.j2",
        name=plan.context.name,
        views=value(tuple(views), 0, len("VIEWS = ")),
        permissions=python_literal(tuple(labels)),
        annotation="" if labels else ": tuple[str, ...]",
    )


class Function(msgspec.Struct, frozen=True):
    """A function of a generated module as text. ``body`` is indented by four."""

    signature: str
    doc: str
    body: str


# The API ------------------------------------------------------------------------------------------


def api_source(plan: ServicePlan, contract: Contract, render: Render, opening: str = "") -> bytes:
    """``__init__.py``: one function per operation, the exceptions by name. ``opening`` is the first sentence of its docstring."""
    functions = [_api_function(call) for call in contract.calls]
    annotations = " ".join(each.signature for each in functions)
    typing_only = [module for module in ("datetime", "decimal", "uuid") if f"{module}." in annotations]
    collections = ["collections.abc.Iterable"] if "Iterable[" in annotations else []
    errors = {error.name: error.path for error in contract.errors if error.moved}
    name = plan.boundary.rpartition(".")[2]
    runtime = ["Boundary", *(["UNSET"] if "UNSET" in annotations else [])]
    own = [f"from {plan.boundary} import contract"] if "contract." in annotations else []
    return render(
        "boundary/api.py.j2",
        opening=opening or f"{boundary_of(plan.context.name)} all that the rest of {plan.project.name} may ask of it.",
        typing_blocks=_typing_blocks(typing_only, collections, own),
        runtime_import=imports(f"{plan.project.package}.runtime.{each}" for each in runtime),
        exports=_exports([call.operation.name for call in contract.calls]),
        error_names=sorted(errors),
        construction=_construction(name, errors),
        functions=functions,
    )


def _typing_blocks(modules: list[str], collections: list[str], own: list[str]) -> list[str]:
    standard = [*(f"import {module}" for module in modules), imports(collections)]
    blocks = ["\n".join(f"    {line}" for line in standard if line), "\n".join(f"    {line}" for line in own)]
    return [block for block in blocks if block]


def _exports(names: list[str]) -> str:
    return items("__all__ = [", [python_literal(name) for name in sorted(names)], "]")


def _construction(name: str, errors: dict[str, str]) -> str:
    if not errors:
        return f"_boundary = Boundary({python_literal(name)}, __name__)"
    pairs = [f"{python_literal(key)}: {python_literal(path)}" for key, path in sorted(errors.items())]
    line = f"_boundary = Boundary({python_literal(name)}, __name__, errors={{{', '.join(pairs)}}})"
    if len(line) <= WIDTH:
        return line
    table = "{\n" + "".join(f"        {pair},\n" for pair in pairs) + "    }"
    return f"_boundary = Boundary(\n    {python_literal(name)},\n    __name__,\n    errors={table},\n)"


def _api_function(call: Call) -> Function:
    operation = call.operation
    names = [identifier(parameter.name) for parameter in operation.parameters]
    parameters = [_parameter(parameter) for parameter in _ordered(operation.parameters)]
    if operation.shape in ("chain", "draft") and parameters:
        parameters = ["*", *(_parameter(parameter) for parameter in operation.parameters)]
    given = [f"{python_literal(name)}: {name}" for name in names]
    head = f"    return _boundary.call({python_literal(operation.name)}, "
    line = f"{head}{{{', '.join(given)}}})"
    body = line if len(line) <= WIDTH else _exploded_call(operation.name, given)
    head = signature(operation.name, parameters, caller_type(operation.returns, operation.optional))
    if operation.shape == "function":
        # It keeps the name and the way of calling of the function it stands for.
        head = f"@_boundary.as_called\n{head}"
    return Function(signature=head, doc=_docstring(call), body=body)


def _exploded_call(name: str, given: list[str]) -> str:
    inner = f"        {{{', '.join(given)}}},"
    if len(inner) > WIDTH:
        inner = "        {\n" + "".join(f"            {each},\n" for each in given) + "        },"
    return f"    return _boundary.call(\n        {python_literal(name)},\n{inner}\n    )"


def _ordered(parameters: tuple[OperationParameter, ...]) -> list[OperationParameter]:
    """As declared; a required one after an optional one was keyword-only and needs no default to stay callable."""
    required_last = [i for i, each in enumerate(parameters) if each.required]
    first_optional = next((i for i, each in enumerate(parameters) if not each.required), len(parameters))
    if all(i < first_optional for i in required_last):
        return list(parameters)
    return [each for each in parameters if each.required] + [each for each in parameters if not each.required]


def _parameter(parameter: OperationParameter) -> str:
    text = f"{identifier(parameter.name)}: {caller_type(parameter.type, parameter.nullable)}"
    if parameter.required:
        return text
    return f"{text} = {double_quoted(parameter.default) if is_literal(parameter.default) else 'UNSET'}"


def _docstring(call: Call) -> str:
    text = call.doc if call.doc.endswith((".", "!", "?")) else f"{call.doc}."
    notes = [f"``{each.name}``: {travelling(each)}" for each in call.operation.parameters if travelling(each)]
    if call.operation.shape == "draft":
        text += " Only ``save()`` stores it."
        notes = []
    further = []
    if notes:
        further.append("; ".join(notes) + ".")
    if call.errors:
        further.append(f"Raises {', '.join(f'``{name}``' for name in call.errors)}.")
    first, *rest = [paragraph(each) for each in (text, *further)]
    return "\n\n    ".join([first, *rest]) + ("\n    " if rest or "\n" in first else "")


# The local implementation ---------------------------------------------------------------------------


def local_source(plan: ServicePlan, contract: Contract, render: Render) -> bytes:
    """``local.py``: one function per operation with the expression that callers used to write."""
    return render(
        "boundary/local.py.j2",
        name=plan.context.name,
        functions=[_local_function(call) for call in contract.calls],
    )


def _local_function(call: Call) -> Function:
    operation = call.operation
    doc = paragraph(f"{call.doc.rstrip('.')}.")
    doc += "\n    " if "\n" in doc else ""
    match operation.shape:
        case "function":
            module, _, name = operation.target.rpartition(".")
            owner, attribute = _module_and_attribute(module, name)
            line = f"{imports([owner], 4)} as _module\n\n    return _module.{attribute}(*arguments, **named)"
            return Function(signature(operation.name, ["*arguments: Any", "**named: Any"], "Any"), doc, line)
        case "draft":
            name = operation.target.rpartition(".")[2]
            body = f"{imports([operation.target], 4)}\n\n    return {name}(**fields)"
            return Function(signature(operation.name, ["**fields: Any"], "Any"), doc, body)
        case "method":
            row, *others = [identifier(parameter.name) for parameter in operation.parameters]
            call_text = f"{row}.{identifier(operation.expression)}"
            body = f"    return {call_text}(**arguments)" if others else f"    return {call_text}()"
            parameters = [f"{row}: Any", *(["**arguments: Any"] if others else [])]
            return Function(signature(operation.name, parameters, "Any"), doc, body)
        case _:
            parameters = [_local_parameter(parameter) for parameter in operation.parameters]
            needed = imports(operation.imports, 4, own=operation.target.partition(".")[0])
            body = (f"{needed}\n\n" if needed else "") + returning(expression(operation.expression))
            return Function(signature(operation.name, ["*", *parameters] if parameters else [], "Any"), doc, body)


def _module_and_attribute(module: str, name: str) -> tuple[str, str]:
    """A function lives in a module; a static or class method lives on a class of it."""
    owner, _, last = module.rpartition(".")
    if last[:1].isupper() and owner:
        return owner, f"{identifier(last)}.{identifier(name)}"
    return module, identifier(name)


def _local_parameter(parameter: OperationParameter) -> str:
    text = f"{identifier(parameter.name)}: Any"
    if parameter.required:
        return text
    return f"{text} = {double_quoted(parameter.default) if is_literal(parameter.default) else None}"
