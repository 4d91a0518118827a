"""The steps of an extraction as changes of their own: which files each writes, and in which order they are taken and taken back.

``seal`` and ``serve`` divide what the generators and the sealing of call sites make; ``shadow``, ``split``, ``switch`` and ``retire`` write files of
their own here. Pure: texts come in by functions, artifacts go out.
"""

from __future__ import annotations

import ast
import json
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from decompose.errors import NotReady, UsageError
from decompose.generate import splitting
from decompose.generate.render import Render
from decompose.generate.source_models import Models
from decompose.model.artifacts import Artifact
from decompose.model.facts import ForeignKey
from decompose.model.migration import BoundaryEdge, ContextPlan, MigrationPlan
from decompose.model.service import ServicePlan
from decompose.planning.steps import STEPS

SEAL = ""
"""The first step has no name in the record of written files: it is there whenever the others are."""
MARKER = "cutover.json"
"""Lies in the service's folder while the service owns the rows; the runbook says who puts it there and who takes it away."""
MODES = {"shadow": "shadow", "switch": "remote"}
CLIENT = ("httpx", "pydantic")
"""What the monolith needs besides its own requirements as soon as calls are serialised."""
SHOWN = 40


@dataclass(frozen=True)
class Texts:
    """The project's files: ``original`` as they were analyzed, ``current`` as they are, ``None`` where there is none.

    ``paths`` are all that exist, ``generated`` those that decompose wrote.
    """

    original: Callable[[str], bytes]
    current: Callable[[str], bytes | None]
    paths: Collection[str]
    generated: Collection[str] = ()


@dataclass(frozen=True)
class Change:
    """What a step writes, and what a person has to know or do about it, as place and reason."""

    artifacts: tuple[Artifact, ...] = ()
    left: tuple[tuple[str, str], ...] = field(default=())


# --- order --------------------------------------------------------------------------------------


def recorded(step: str) -> str:
    """The step as the record of written files has it."""
    return SEAL if step == "seal" else step


def named(recorded: str) -> str:
    return recorded or "seal"


def check_known(step: str) -> None:
    """Raises :class:`UsageError` for a step that does not exist."""
    from decompose.config import did_you_mean

    if step not in STEPS:
        raise UsageError(f"there is no step {step!r}", hint=did_you_mean(step, STEPS) or f"steps are {', '.join(STEPS)}")


def check_turn(context: str, step: str, taken: Collection[str], *, cut_over: bool) -> None:
    """Raises :class:`NotReady` when a step comes too early or too late."""
    done = {named(each) for each in taken}
    if "retire" in done:
        raise NotReady(f"{context} is retired: its code is in the service now", hint="make a new plan with `decompose plan`")
    needs = {"shadow": ("seal", "serve"), "switch": ("seal", "serve"), "retire": ("seal", "serve", "switch")}.get(step, ())
    missing = [each for each in needs if each not in done]
    if missing:
        commands = ", ".join(f"`decompose extract {context} --step {each}`" for each in missing)
        raise NotReady(f"{step} comes after {' and '.join(missing)}", hint=f"run {commands} first")
    if step == "retire" and not cut_over:
        raise NotReady(
            f"the monolith still owns the rows of {context}: there is no {MARKER} in its folder",
            hint="retire comes after the cut-over, see the runbook",
        )


def check_undo(context: str, step: str | None, taken: Collection[str], *, cut_over: bool) -> None:
    """Raises when a step, or all with ``None``, must not be taken back: :class:`NotReady` after the cut-over and while a later step stands."""
    if cut_over:
        raise NotReady(
            f"the rows of {context} were cut over: without the service nobody could read what was written since",
            hint=f"bring the rows back first, as the runbook says, and remove {MARKER}",
        )
    if step is None:
        return
    done = [each for each in STEPS if recorded(each) in taken]
    if step not in done:
        raise UsageError(f"the step {step} was not taken for {context}", hint=f"taken: {', '.join(done) or 'none'}")
    later = done[done.index(step) + 1 :]
    if later:
        raise NotReady(
            f"{', '.join(later)} came after {step}", hint=f"take them back in order: `decompose extract {context} --step {later[-1]} --undo` first"
        )


# --- seal and serve -----------------------------------------------------------------------------


def divided(artifacts: Iterable[Artifact], service: ServicePlan) -> list[Artifact]:
    """The generated files, each with its step: what lies in the monolith's own folders belongs to ``seal``, all else to ``serve``."""
    services = service.root.rpartition("/")[0]

    def serves(path: str) -> bool:
        return path.startswith((f"{services}/", ".github/")) if services else path.startswith((f"{service.root}/", ".github/"))

    return [msgspec.structs.replace(each, step="serve") if serves(each.path) else each for each in artifacts]


# --- shadow and switch --------------------------------------------------------------------------


def turned(service: ServicePlan, step: str, texts: Texts) -> Change:
    """The files that turn the monolith's mode: variables for a compose file and for a task definition, and what its environment needs."""
    identifier = re.sub(r"\W", "_", service.context.name).upper()
    mode, project = MODES[step], re.sub(r"[^a-z0-9]+", "-", service.project.name.lower()).strip("-") or "project"
    variables = {f"{identifier}_MODE": mode, f"{identifier}_URL": f"http://{service.name}.${{ENVIRONMENT}}.{project}.internal:{service.port}"}
    container = {
        "environment": [{"name": name, "value": value} for name, value in variables.items()],
        "secrets": [{"name": "BOUNDARY_TOKEN_KEY", "valueFrom": "${BOUNDARY_TOKEN_KEY_SECRET_ARN}"}],
    }
    folder = f"{service.root}/deploy/monolith"
    lines = [f"# Variables of the monolith from the step {step} on; back: the same with {identifier}_MODE=local."]
    lines += [f"{name}={value}" for name, value in variables.items()]
    lines += ["# The key of the secret that the shared stack names: keep its value out of this file.", "BOUNDARY_TOKEN_KEY=${BOUNDARY_TOKEN_KEY}"]
    made = [
        Artifact(f"{folder}/{step}.env", "\n".join([*lines, ""]).encode(), context=service.context.name, step=step),
        Artifact(f"{folder}/{step}.json", json.dumps(container, indent=2).encode() + b"\n", context=service.context.name, step=step),
    ]
    required, left = _required(service.context.name, step, texts)
    return Change((*made, *required), left)


def _required(context: str, step: str, texts: Texts) -> tuple[tuple[Artifact, ...], tuple[tuple[str, str], ...]]:
    """The monolith's requirements with those of the client, where they are a plain list."""
    path = "requirements.txt"
    text = texts.current(path) if path in texts.paths else None
    if text is None:
        return (), (("requirements", f"add {' and '.join(CLIENT)} to what the monolith installs: calls are serialised from here on"),)
    known = {re.split(r"[^a-z0-9._-]", line.strip().lower(), maxsplit=1)[0] for line in text.decode("utf-8", "replace").splitlines()}
    missing = [name for name in CLIENT if name not in known]
    if not missing:
        return (), ()
    end = b"" if not text or text.endswith(b"\n") else b"\n"
    new = text + end + "".join(f"{name}\n" for name in missing).encode()
    return (Artifact(path, new, "edited", base=text, context=context, step=step),), ()


# --- split --------------------------------------------------------------------------------------


def constraints_gone(path: str, text: bytes, migration: MigrationPlan, contexts: Iterable[str], texts: Texts) -> bytes:
    """A file of the monolith with the rewrites that the step ``split`` of these contexts made in it."""
    from decompose.rewrite.keys import without_constraints

    found = {place for context in contexts for key in splitting.crossing(migration, context) if (place := _place(key, path, texts)) is not None}
    return without_constraints(path, text, found) if found else text


def split(migration: MigrationPlan, chosen: ContextPlan, texts: Texts, render: Render) -> Change:
    """Keys across the cut without constraint: the models and one migration for each app. Rows, columns and indexes stay."""
    if migration.project.framework != "django":
        return Change(left=(("split", "the constraints are dropped by deploy/sql/drop-foreign-keys.sql, as the runbook says"),))
    from decompose.rewrite.keys import without_constraints

    keys = splitting.crossing(migration, chosen.name)
    fields: dict[str, set[tuple[str, str]]] = {}
    left: list[tuple[str, str]] = []
    for key in keys:
        place = _place(key, key.at.path, texts)
        if place is None:
            left.append((str(key.at), f"the declaration of {key.table}.{key.field} was not found: drop its constraint by hand"))
        else:
            fields.setdefault(key.at.path, set()).add(place)
    models = _models(migration, keys, texts, lambda path, text: without_constraints(path, text, fields.get(path, ())))
    apps: dict[str, list[splitting.Operation]] = {}
    for app, found in splitting.without_constraint(migration, chosen.name, keys, models):
        if isinstance(found, ForeignKey):
            left.append((str(found.at), f"the model of {found.table}.{found.field} was not found: its migration is left to you"))
        else:
            apps.setdefault(app, []).append(found)
    made, problems = _migrations(migration, chosen.name, apps, splitting.UNCONSTRAINED, "split", texts, render)
    edited = [
        Artifact(path, new, "edited", base=text, context=chosen.name, step="split")
        for path in sorted(fields)
        if (text := texts.current(path)) is not None and (new := without_constraints(path, text, fields[path])) != text
    ]
    if not made and not left and not problems:
        left.append(("split", "no foreign key with a constraint crosses the cut: nothing to write"))
    return Change((*edited, *made), (*left, *problems))


def _place(key: ForeignKey, path: str, texts: Texts) -> tuple[str, str] | None:
    """The class and field that declare a key in a file."""
    from decompose.rewrite.keys import declared_at

    if key.at.path != path or path not in texts.paths:
        return None
    found = declared_at(texts.original(path), key.at.line)
    return found if found is not None and found[1] == key.field else None


def _models(migration: MigrationPlan, keys: Sequence[ForeignKey], texts: Texts, rewritten: Callable[[str, bytes], bytes]) -> Models:
    """The modules that declare these keys or inherit them."""
    own = {key.table for key in keys}
    classes = {table.model.rpartition(".")[0] for table in migration.tables if table.id in own}
    wanted = [module for module in migration.modules if module.id in classes or module.path in {key.at.path for key in keys}]
    sources = {module.id: rewritten(module.path, texts.original(module.path)) for module in wanted if module.path in texts.paths}
    return Models(sources, frozenset(module.id for module in wanted if module.is_package))


def _migrations(
    migration: MigrationPlan, context: str, apps: Mapping[str, Sequence[splitting.Operation]], purpose: str, step: str, texts: Texts, render: Render
) -> tuple[list[Artifact], list[tuple[str, str]]]:
    """One migration for each app, after its last one."""
    made, problems = [], []
    identifier = re.sub(r"\W", "_", context)
    title = {
        "split": f"Keys between {context} and the rest of the monolith lose their constraints; rows, columns and indexes stay.",
        "retire": f"The tables of {context} go: the service has the rows. There is no way back but the dump.",
    }[step]
    for app, operations in sorted(apps.items()):
        folder = _folder(migration, app)
        names = {
            posixpath.basename(path)[:-3]: texts.current(path) or b""
            for path in sorted({*texts.paths, *texts.generated})
            if posixpath.dirname(path) == folder and path.endswith(".py") and not path.endswith("__init__.py") and texts.current(path) is not None
        }
        try:
            name, after = splitting.numbered(app, names, f"{identifier}_{purpose}")
        except ValueError as error:
            problems.append((folder or app, f"the app {app} gets no migration, for {error}: make it with makemigrations"))
            continue
        path = f"{folder}/{name}.py"
        made.append(splitting.file(render, path, app, after, operations, title, context, step, migration.project.user_model))
    return made, problems


def _folder(migration: MigrationPlan, app: str) -> str:
    """The folder of an app's migrations: beside its models."""
    paths = {module.id: module.path for module in migration.modules}
    for table in migration.tables:
        if table.label.partition(".")[0] == app and (path := paths.get(table.model.rpartition(".")[0])):
            parts = path.removesuffix(".py").split("/")
            package = parts[: parts.index("models")] if "models" in parts else parts[:-1]
            return "/".join([*package, "migrations"])
    return ""


# --- retire -------------------------------------------------------------------------------------


def retire(migration: MigrationPlan, chosen: ContextPlan, unsealed: Iterable[str], texts: Texts, render: Render) -> Change:
    """The monolith without the context's code, its tests and its tables. Raises :class:`NotReady` with everything that still needs them."""
    history = frozenset(module.path for module in migration.modules if module.role == "migration")
    needed = list(still_needed(chosen, frozenset(unsealed), history))
    if needed:
        lines = [f"  {edge.id}  {edge.at}  {edge.kind}  {edge.source.rpartition('.')[2]} -> {edge.text or edge.target}" for edge in needed[:SHOWN]]
        more = [f"  and {len(needed) - SHOWN} more: decompose show boundary {chosen.name}"] if len(needed) > SHOWN else []
        raise NotReady(
            f"{len(needed)} places of the monolith still need the code or the tables of {chosen.name}:\n\n" + "\n".join([*lines, *more]),
            hint="let each use an operation of the boundary, or move it, then make a new plan",
        )
    gone: dict[str, Artifact] = {}
    left: list[tuple[str, str]] = []
    for placement in chosen.placements:
        text = texts.current(placement.path) if placement.path in texts.paths else None
        if placement.action != "move" or text is None or placement.path.endswith("/__init__.py"):
            continue
        if placement.definitions:
            left.append((placement.path, f"take these out by hand, other code stays there: {', '.join(placement.definitions)}"))
        else:
            gone[placement.path] = _removed(placement.path, text, chosen.name)
    packages = {posixpath.dirname(path) for path in gone}
    for path in sorted({edge.at.path for edge in chosen.edges if edge.direction == "in" and edge.test}):
        text = texts.current(path) if path in texts.paths else None
        if text is not None and any(path.startswith(f"{package}/") for package in packages):
            gone.setdefault(path, _removed(path, text, chosen.name))
        elif text is not None:
            left.append((path, "tests of other code use the moved code directly: let them use the boundary"))
    left += _naming(migration, gone, texts)
    apps: dict[str, list[splitting.Operation]] = {}
    for app, operation in splitting.dropped(chosen.tables, chosen.foreign_keys):
        apps.setdefault(app, []).append(operation)
    made, problems = _migrations(migration, chosen.name, apps, splitting.RETIRED, "retire", texts, render)
    return Change((*gone.values(), *made), (*left, *problems))


def _removed(path: str, text: bytes, context: str) -> Artifact:
    return Artifact(path, b"", "edited", base=text, context=context, step="retire", removed=True)


def _naming(migration: MigrationPlan, gone: Collection[str], texts: Texts) -> Iterator[tuple[str, str]]:
    """Lines that name a module that goes, in code that stays: includes of its routes, and migrations that import from it."""
    names = {module.id for module in migration.modules if module.path in gone}
    for module in migration.modules:
        text = texts.current(module.path) if module.path in texts.paths and module.path not in gone and module.role != "test" else None
        if text is None or not any(name.rpartition(".")[2].encode() in text for name in names):
            continue
        for line, name in _named_modules(text, module.id if module.is_package else module.id.rpartition(".")[0], names):
            keep = "history imports it: put back what it needs" if module.role == "migration" else "take the line out, the service has it"
            yield f"{module.path}:{line}", f"names {name}, which goes: {keep}"


def _named_modules(text: bytes, package: str, names: Collection[str]) -> Iterator[tuple[int, str]]:
    """Line and name of every import of one of ``names`` and of every string that is one of them."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.Constant):
            continue
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        elif isinstance(node.value, str):
            found = [node.value]
        for name in found:
            if name in names:
                yield node.lineno, name


def still_needed(chosen: ContextPlan, unsealed: Collection[str], history: Collection[str] = ()) -> Iterator[BoundaryEdge]:
    """Edges into the context that end in its code or tables themselves, not in its boundary.

    The files of ``history`` are migrations: they say what was, and the migration that drops the tables comes after them. The context's own
    routes go with it: the proxy or the load balancer leads them to the service.
    """
    for edge in chosen.edges:
        if edge.direction != "in" or edge.test or edge.kind == "transaction" or edge.at.path in history or edge.disposition == "proxy-route":
            continue
        if edge.disposition != "operation" or edge.id in unsealed:
            yield edge
