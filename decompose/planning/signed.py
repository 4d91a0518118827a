"""Whether a saved plan can be one that ``plan`` wrote: what ends up in paths, instructions and identifiers of generated files.

A plan lies in version control for people to review and sign, and may have been edited on the way. Its expressions are code and are
generated as code; names are not, so that none of them can lead out of the project or begin a line of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from decompose.config import CONTEXT_NAME
from decompose.errors import RefusedInput
from decompose.model.facts import COLUMN_TYPES
from decompose.model.migration import ContextPlan, MigrationPlan, Operation, Project

_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
_PROJECT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

Found = tuple[str, str]
"""What a text is, and the text."""


def check_signed(plan: MigrationPlan, place: str) -> None:
    """Raises :class:`RefusedInput` with the first text that no plan of ours holds where ``plan``, read from ``place``, does."""
    for what, text in _refused(plan):
        raise RefusedInput(
            f"the plan holds {text!r} as {what}. Nothing was written",
            place=place,
            hint="restore it from version control, or make another with `decompose plan --fresh`",
        )


def _refused(plan: MigrationPlan) -> Iterator[Found]:
    yield from _project(plan.project)
    paths = [module.path for module in plan.modules] + [table.at.path for table in plan.tables]
    yield from (("the path of a file", path) for path in paths if not _plain(path))
    for context in plan.contexts:
        yield from _context(context)


def _project(project: Project) -> Iterator[Found]:
    if not _PROJECT.fullmatch(project.name):
        yield "the project's name", project.name
    if not _VERSION.fullmatch(project.python):
        yield "the version of Python", project.python
    if project.source != "." and not _plain(project.source):
        yield "the folder of the sources", project.source
    if project.manage and not _plain(project.manage):
        yield "the project's entry point", project.manage
    dotted = (project.package, project.settings_module, project.urlconf, project.celery_app.replace(":", ".", 1), project.user_model)
    yield from (("a name in the project", name) for name in dotted if name and not _dotted(name))
    lines = (project.test_command, *(text for pair in (*project.apps, *project.requirements) for text in pair))
    yield from (("a line about the project", text) for text in lines if _CONTROL.search(text))


def _context(context: ContextPlan) -> Iterator[Found]:
    if not CONTEXT_NAME.fullmatch(context.name):
        yield "the name of a context", context.name
    paths = [placement.path for placement in context.placements] + [*context.files] + [edge.at.path for edge in context.edges]
    yield from (("the path of a file", path) for path in paths if not _plain(path))
    yield from (("the id of a module", each.module) for each in context.placements if _CONTROL.search(each.module))
    yield from (("a requirement", line) for line in context.requirements if _CONTROL.search(line))
    for operation in (*context.operations, *context.callbacks):
        yield from _operation(operation)
    names = [name for entity in context.entities for name in (entity.name, *(field.name for field in entity.fields))]
    names += [field.name for replica in context.replicas for field in (replica.key, *replica.fields)]
    names += [attribute for replica in context.replicas for attribute, _, _ in replica.managers]
    yield from (("an identifier", name) for name in names if not name.isidentifier())
    types = [field.type for entity in context.entities for field in entity.fields]
    types += [field.type for replica in context.replicas for field in (replica.key, *replica.fields)]
    types += [column.type for table in context.tables for column in table.columns]
    yield from (("a type", text) for text in types if not _type(text))
    dotted = [name for replica in context.replicas for name in (replica.model, replica.label, *(s for _, _, used in replica.managers for s in used))]
    dotted += [entity.model for entity in context.entities]
    dotted += [name for each in context.pointers for name in (each.owner, each.label, each.column)]
    dotted += [name for each in context.listeners for name in (each.handler, each.label)]
    yield from (("a dotted name", name) for name in dotted if not _dotted(name))


def _operation(operation: Operation) -> Iterator[Found]:
    names = (operation.name, *(parameter.name for parameter in operation.parameters))
    yield from (("an identifier", name) for name in names if not name.isidentifier())
    types = (operation.returns, *(parameter.type for parameter in operation.parameters))
    yield from (("a type", text) for text in types if not _type(text))
    dotted = (operation.target, *operation.imports, *operation.errors)
    yield from (("a dotted name", name) for name in dotted if not _dotted(name))


def _type(text: str) -> bool:
    """A type as :class:`decompose.model.migration.Field` and :class:`decompose.model.migration.OperationParameter` know it."""
    head, colon, rest = text.partition(":")
    match head:
        case "list" | "page":
            return _type(rest)
        case "entity":
            return rest.isidentifier()
        case "replica" | "key" | "row" | "schema":
            return all(_dotted(name) for name in rest.split("|"))
        case "related":
            field, _, model = rest.partition(":")
            return field.isidentifier() and _dotted(model)
    return not colon and (head in COLUMN_TYPES or head in ("none", "session"))


def _plain(path: str) -> bool:
    """A relative path that stays where it is."""
    return not any(part in ("", ".", "..") for part in path.split("/")) and not _CONTROL.search(path)


def _dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))
