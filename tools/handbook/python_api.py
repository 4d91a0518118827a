"""The page about ``import decompose``, from signatures and docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import msgspec

import decompose
from decompose import errors, pipeline
from decompose.model import codegraph, contexts, facts, migration, verification
from handbook.prose import code, markdown, one_line, table

FUNCTIONS = ("analyze", "plan", "extract", "verify")
VALUES = (
    decompose.Analysis, codegraph.CodeGraph, codegraph.Module, codegraph.Definition, codegraph.Edge, facts.Table, facts.ForeignKey, facts.Access, facts.Transaction,
    facts.Route, facts.Unresolved, contexts.ContextMap, contexts.Context, contexts.Ownership, contexts.Scores, migration.MigrationPlan, migration.ContextPlan, migration.Decision,
    migration.BoundaryEdge, migration.Operation, migration.Step, pipeline.Extraction, verification.Verification, verification.Gate,
)  # fmt: skip


def page() -> str:
    """The functions, the values they give, and the errors they raise."""
    lines = [
        "# Python API", "", "*This page is made from the code.*", "",
        ("`import decompose` gives four functions and the values they return. Values are frozen and typed, and nothing is printed. Only `extract` writes to your code, only `verify` "
        "runs it. `analyze` keeps its cache in `.decompose/` unless it is told not to."), "",
        "```python", *_EXAMPLE, "```", "",
    ]  # fmt: skip
    for name in FUNCTIONS:
        function = getattr(decompose, name)
        lines += [f"## {name} {{ #{name} }}", "", "```python", *_signature(name, function), "```", "", markdown(function.__doc__ or ""), ""]
    lines += ["## Values { #values }", ""]
    for each in VALUES:
        lines += _value(each)
    lines += ["## Errors { #errors }", "", "Everything that a person can mend is a `decompose.errors.DecomposeError`.", "", markdown(errors.DecomposeError.__doc__ or ""), ""]
    tree = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, errors.DecomposeError) and each is not errors.DecomposeError]
    lines += table(("error", "code", "exit code"), [(code(each.__name__), f"[{each.code}](codes.md#{each.code.lower()})", str(each.exit_code)) for each in tree])
    return "\n".join(lines)


_EXAMPLE = (
    "import decompose",
    "",
    'analysis = decompose.analyze("sample_monolith")',
    "for context in analysis.context_map.contexts:",
    "    print(context.name, context.tables)",
    "plan = decompose.plan(analysis)",
    'print([each.id for each in plan.decisions if each.kind == "foreign-key"])',
)


def _signature(name: str, function: Any) -> Iterator[str]:
    signature = inspect.signature(function)
    yield f"def {name}("
    starred = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not starred:
            starred = True
            yield "    *,"
        yield f"    {parameter},".replace("'", "")
    yield f") -> {signature.return_annotation}"


def _value(kind: type) -> Iterator[str]:
    yield from (f"### {kind.__name__} {{ #{kind.__name__.lower()} }}", "", markdown(inspect.getdoc(kind) or ""), "")
    names = [each.name for each in msgspec.structs.fields(kind)] if issubclass(kind, msgspec.Struct) else list(getattr(kind, "__dataclass_fields__", {}))
    annotations = inspect.get_annotations(kind)
    yield from table(("field", "type"), [(code(name), code(str(annotations[name]))) for name in names if name in annotations])
    methods = [(name, member) for name, member in vars(kind).items() if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property) or hasattr(member, "func"))]
    documented = [(name, inspect.getdoc(member) or "", inspect.isfunction(member)) for name, member in methods]
    rows = [(code(f"{name}()" if call else name), one_line(doc)) for name, doc, call in documented if doc and not name.startswith("__")]
    if rows:
        yield from table(("method or property", "meaning"), rows)
