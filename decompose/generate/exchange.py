"""The Django application behind the boundaries: callbacks served, commands that come twice, events sent and received."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.generate.layout import WIDTH, imports, items
from decompose.generate.paths import boundary_paths, package_paths
from decompose.generate.render import Render, python_literal
from decompose.model.artifacts import Artifact
from decompose.model.migration import Listener, Replica
from decompose.model.service import ServicePlan

_PLAIN = ("models", "replies", "urls", "views", "events", "outbox", "inbox", "wiring")
_COMMANDS = ("dispatch_events", "parked_events", "publish_rows", "prune_exchange")


def generate(plan: ServicePlan, render: Render) -> Iterator[Artifact]:
    """The application on both sides, and what the context has to tell and to hear."""
    if plan.project.framework != "django":
        return
    if plan.project.framework != "django":
        return
    boundaries = plan.project.package
    files = {f"{name}.py": render(f"boundary/exchange/{name}.py") for name in _PLAIN}
    files |= {
        "__init__.py": render("boundary/exchange/package.py.j2", boundaries=boundaries),
        "apps.py": render("boundary/exchange/apps.py.j2", boundaries=boundaries),
        "migrations/__init__.py": b"",
        "migrations/0001_initial.py": render("boundary/exchange/migration.py"),
        "management/__init__.py": b"",
        "management/commands/__init__.py": b"",
    }
    files |= {f"management/commands/{name}.py": render(f"boundary/exchange/{name}.py.j2", boundaries=boundaries) for name in _COMMANDS}
    if plan.project.celery_app:
        files["tasks.py"] = render("boundary/exchange/tasks.py.j2", boundaries=boundaries)
    for file, content in files.items():
        in_monolith, in_service = package_paths(plan, f"{boundaries}.exchange", file)
        # Shared by all contexts: no context owns it.
        yield Artifact(in_monolith, content)
        if file != "tasks.py" or plan.context.tasks:
            yield Artifact(in_service, content, context=plan.context.name)
    if has_events(plan):
        text = _events(plan, render)
        for path in boundary_paths(plan, "events.py"):
            yield Artifact(path, text, context=plan.context.name)


def has_events(plan: ServicePlan) -> bool:
    """Whether one side of the cut has to hear of the other."""
    return bool(plan.context.replicas or plan.context.pointers or plan.context.listeners)


def _events(plan: ServicePlan, render: Render) -> bytes:
    context = plan.context
    return render(
        "boundary/exchange/events.py.j2",
        name=context.name,
        project=plan.project.name,
        event_imports=imports(f"{plan.project.package}.exchange.events.{name}" for name in ("Listener", "Pointer", "Shadow")),
        shadows=_table("SHADOWS", "Shadow", [_shadow(replica) for replica in sorted(context.replicas, key=lambda each: each.label)]),
        pointers=_table("POINTERS", "Pointer", [list(map(python_literal, (each.owner, each.label, each.column, each.on_delete))) for each in context.pointers]),
        listeners=_table("LISTENERS", "Listener", [_listener(each) for each in context.listeners]),
    )


def _table(name: str, kind: str, rows: list[list[str]]) -> str:
    """A tuple of constructor calls."""
    if not rows:
        return f"{name}: tuple[{kind}, ...] = ()"
    lines = [f"{name} = ("]
    for row in rows:
        line = f"    {kind}({', '.join(row)}),"
        lines.append(line if len(line) <= WIDTH and "\n" not in line else "    " + items(f"{kind}(", row, "),", 4, WIDTH))
    return "\n".join([*lines, ")"])


def _shadow(replica: Replica) -> list[str]:
    columns = {each.name: each.path or each.name for each in replica.fields}
    columns |= {f"{name}_id": f"{name}_id" for name, _ in replica.parents}
    return [python_literal(replica.label), _columns(columns)]


def _listener(listener: Listener) -> list[str]:
    columns = {each.name: each.path or each.name for each in listener.fields}
    return [*map(python_literal, (listener.signal, listener.label, listener.handler, listener.side)), _columns(columns)]


def _columns(columns: dict[str, str]) -> str:
    line = python_literal(dict(sorted(columns.items())))
    if len(line) + 9 <= WIDTH:
        return line
    return "{\n" + "".join(f"            {python_literal(name)}: {python_literal(path)},\n" for name, path in sorted(columns.items())) + "        }"
