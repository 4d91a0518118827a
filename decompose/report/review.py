"""The review page: one HTML file that shows a plan, lets a person change its cut, and says at once what that changes.

The page carries what scoring needs as columns of small numbers (:func:`_column`): modules, dependencies by kind, who reads and writes which table,
keys and transactions. Its script scores as :mod:`decompose.cut.edited` does. Nothing is loaded from anywhere: a policy in the page names the hashes of
its one script and its one style sheet, and allows nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from decompose.cut.crud import crud
from decompose.cut.edited import Edited
from decompose.cut.globs import matches
from decompose.cut.ownership import READ, WRITE, foreign_keys
from decompose.cut.structure import owners_of_code
from decompose.cut.transactions import UnitOfWork, units_of_work
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import Scores
from decompose.model.location import Location
from decompose.model.lock import PlanLock
from decompose.model.migration import ContextPlan, Decision, MigrationPlan, Operation
from decompose.model.settings import Config
from decompose.planning.decisions import COMMIT_TREATMENTS, KEY_TREATMENTS, TABLE_TREATMENTS
from decompose.planning.signing import Standing, standing
from decompose.report.markdown import questions, waves
from decompose.report.planview import PlanView
from decompose.report.undertaking import band, work

_DISPOSITIONS = {
    "operation": "a call on the API of the context's service",
    "proxy-route": "the monolith hands the route on to the service",
    "event": "an asynchronous message",
    "replica": "a shadow row with the columns in use",
    "stay": "the code keeps running in the monolith; to be solved before the switch",
    "shared-kernel": "the code is copied, locked by hash",
}
_KINDS = ("import", "call", "inherit", "reference")
_EVIDENCE = 12
_WAITING = 400
"""Boundary edges of one context that wait for a person and are listed; all are in the saved plan."""


def review_page(
    plan: MigrationPlan, graph: CodeGraph, config: Config, texts: Mapping[str, str], *, lock: PlanLock | None = None, token: str = "", root: str = ""
) -> str:
    """The page as HTML. ``texts`` are the templates by path, ``lock`` what was signed so far.

    With ``token`` it is served: it may talk to its server, and saves edits there. It is told ``root`` then, the folder of the project; from a file
    it sees that itself.
    """
    model = msgspec.json.encode(page_model(plan, graph, config, lock) | {"root": root}).decode("utf-8", "backslashreplace")
    style, script = texts["review/page.css"], _script(texts)
    policy = [
        "default-src 'none'", f"script-src '{_hash(script)}'", f"style-src '{_hash(style)}'", "img-src data:",
        "connect-src 'self'" if token else "connect-src 'none'",
        "base-uri 'none'", "form-action 'none'",
    ]  # fmt: skip
    holes = {
        "{{policy}}": "; ".join(policy), "{{title}}": html.escape(plan.project.name), "{{style}}": style, "{{script}}": script,
        "{{model}}": model.replace("<", "\\u003c"), "{{token}}": html.escape(token),
    }  # fmt: skip
    page = texts["review/page.html"]
    for hole in ("{{policy}}", "{{title}}", "{{token}}"):
        page = page.replace(hole, holes[hole])
    for hole in ("{{style}}", "{{script}}", "{{model}}"):  # their text is not looked at again: it may hold braces
        before, _, after = page.rpartition(hole)
        page = before + holes[hole] + after
    return page


_SCRIPTS = ("model", "draw", "edits", "build", "pictures", "views", "panel", "page")
"""In the order of their running; all see what those before them define, and nothing outside sees any of it."""


def _script(texts: Mapping[str, str]) -> str:
    return "\n".join(['(() => {\n"use strict";', *(texts[f"review/{name}.js"] for name in _SCRIPTS), "})();"])


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


# --- the model ----------------------------------------------------------------------------------


def page_model(plan: MigrationPlan, graph: CodeGraph, config: Config, lock: PlanLock | None = None) -> dict[str, Any]:
    """What the page knows, as JSON: names in lists, everything else by their positions."""
    view = _Model(plan, graph, config)
    return {
        "schema": "decompose/review/1",
        "project": plan.project.name,
        "version": plan.version,
        "digest": plan.digest,
        "frameworks": list(graph.frameworks),
        "lines": graph.lines,
        "advice": plan.context_map.advice,
        "contexts": [
            {
                "name": c.name, "role": c.role, "cohesion": c.cohesion, "stability": c.stability, "description": c.description, "team": c.team,
                "own": c.own_data, "exclusive": c.exclusivity,
            }
            for c in plan.context_map.contexts
        ],
        "modules": view.modules(),
        "beside": view.beside(),
        "parts": view.parts(),
        "edges": view.edges(),
        "tables": view.tables(),
        "accesses": view.accesses(),
        "keys": view.keys(),
        "transactions": view.transactions(),
        "extending": view.extending(),
        "routes": view.routes(),
        "tasks": [[task.name, view.unit(task.definition), *view.place(task.at)] for task in graph.tasks],
        "decisions": [_decision(each) for each in plan.decisions if each.kind != "edge"],
        "treatments": {"foreign-key": KEY_TREATMENTS, "transaction": COMMIT_TREATMENTS, "table": TABLE_TREATMENTS},
        "dispositions": _DISPOSITIONS,
        "order": list(_order(plan, config, lock)),
        "questions": [[asked.number, asked.words, asked.owner] for asked in questions(plan, config.target, lock)],
        "waiting": [edge for context in plan.contexts for edge in _waiting(context)],
        "left": sum(max(0, sum(edge.disposition == "decide" for edge in context.edges) - _WAITING) for context in plan.contexts),
        "scores": scores(plan.context_map.scores),
        "others": view.others(),
        "failed": [[each.path, each.line, each.reason] for each in plan.failed[:_WAITING]],
        "unresolved": _unresolved(plan),
        "lock": lock is not None,
        "signed": [_signed(each) for each in standing(plan, lock)],
        "link": config.source_link,
        "root": "",
    }


def scores(found: Scores) -> dict[str, float]:
    """The figures by the names that the page uses, which are those of the published analysis."""
    figures: dict[str, float] = msgspec.to_builtins(found)
    return figures


class _Model:
    """The columns of the page. A unit is a module by its position, or a part (a definition that can be moved alone) after all modules."""

    def __init__(self, plan: MigrationPlan, graph: CodeGraph, config: Config) -> None:
        self.plan, self.graph, self.config = plan, graph, config
        self.map = plan.context_map
        self.code = sorted((module for module in graph.modules if module.role in ("code", "settings")), key=lambda m: m.id)
        self.index = {module.id: number for number, module in enumerate(self.code)}
        self.paths = {module.path: number for number, module in enumerate(self.code)}
        self.context = {context.name: number for number, context in enumerate(self.map.contexts)}
        self.module_of = owners_of_code(graph)
        self.top = {definition.id: definition.top for definition in graph.definitions}
        self.line = {definition.id: definition.line for definition in graph.definitions}
        mapped = {self.top.get(table.model, "") for table in graph.tables}
        self.tops = sorted(top for top in {*mapped, *dict(self.map.definitions)} if self.module_of.get(top, "") in self.index)
        self.part = {top: len(self.code) + number for number, top in enumerate(self.tops)}
        self.table = {table.id: number for number, table in enumerate(graph.tables)}
        self.state = Edited(graph, self.map, config)

    def unit(self, definition: str) -> int:
        """The unit of a definition or module, -1 for what is no code."""
        found = self.part.get(self.top.get(definition, definition))
        return self.index.get(self.module_of.get(definition, definition), -1) if found is None else found

    def place(self, at: Location) -> tuple[Any, int]:
        """A place: the module's position instead of its path where it is code of ours."""
        return self.paths.get(at.path, at.path), at.line

    def where(self, context: str) -> int:
        return self.context.get(context, -1)

    def modules(self) -> dict[str, Any]:
        pinned = {each.module for each in self.map.memberships if each.pinned}
        alternative = {each.module: each.alternative for each in self.map.memberships}
        confidence = {each.module: each.confidence for each in self.map.memberships}
        names = [module.id for module in self.code]
        usual = [f"{name.replace('.', '/')}.py" for name in names]
        prefix = _common([m.path.removesuffix(u) for m, u in zip(self.code, usual, strict=True) if m.path.endswith(u)])
        return {
            "id": _fronted(names),
            "prefix": prefix,
            "path": {n: m.path for n, (m, u) in enumerate(zip(self.code, usual, strict=True)) if m.path != prefix + u},
            "lines": _column([module.lines for module in self.code]),
            "context": _column([self.where(self.state.place.get(name, "")) for name in names]),
            "settings": [n for n, module in enumerate(self.code) if module.role == "settings"],
            "pinned": [n for n, name in enumerate(names) if name in pinned],
            "alternative": _column([self.where(alternative.get(name, "")) for name in names]),
            "confidence": _column([round(100 * confidence.get(name, 0.0)) for name in names]),
        }

    def beside(self) -> dict[str, int]:
        """What an analysis counts and the page does not show: it goes where the code goes that it belongs to."""
        roles = Counter(module.role for module in self.graph.modules)
        return {"tests": roles["test"], "migrations": roles["migration"], "admin": sum(route.kind == "admin" for route in self.graph.routes)}

    def parts(self) -> dict[str, Any]:
        split = self.state.parts
        return {
            "id": self.tops,
            "module": _column([self.index[self.module_of[top]] for top in self.tops]),
            "line": _column([self.line.get(top, 1) for top in self.tops]),
            "context": _column([self.where(split.get(top, "")) for top in self.tops]),
        }

    def edges(self) -> dict[str, Any]:
        """Dependencies between modules, one row for two modules, with the places of each kind and the line of the first."""
        code = {module.id for module in self.graph.modules if module.role == "code"}
        found: dict[tuple[int, int], Counter[str]] = {}
        first: dict[tuple[int, int], int] = {}
        for edge in self.graph.edges:
            if edge.kind not in _KINDS or edge.when in ("typing", "string"):
                continue
            source, target = self.module_of.get(edge.src, edge.src), self.module_of.get(edge.dst, edge.dst)
            if source != target and source in code and target in code:
                pair = self.index[source], self.index[target]
                found.setdefault(pair, Counter())[edge.kind] += edge.weight
                lines = [at.line for at in edge.at]
                if lines:
                    first[pair] = min(first.get(pair, lines[0]), *lines)
        pairs = sorted(found)
        return {
            "src": _column([source for source, _ in pairs]),
            "dst": _column([target for _, target in pairs]),
            "line": _column([first.get(pair, 1) for pair in pairs]),
            **{kind: _column([found[pair][kind] for pair in pairs]) for kind in _KINDS},
        }

    def tables(self) -> dict[str, Any]:
        tables = self.graph.tables
        kinds = ("entity", "join", "framework")
        parents = {key.through: key.table for key in self.graph.foreign_keys if key.kind == "many-to-many"}
        decided, owns, loose = self.state.decided, self.state.owns, self.state.loose
        return {
            "id": [table.id for table in tables],
            "unit": _column([self.unit(table.model) if table.model else -1 for table in tables]),
            "module": _column([self.index.get(self.module_of.get(table.model, ""), -1) if table.model else -1 for table in tables]),
            "part": _column([self.part[table.model] - len(self.code) if table.model in self.part else -1 for table in tables]),
            "mapped": [bool(table.model) for table in tables],
            "kind": _column([kinds.index(table.kind) for table in tables]),
            "parent": _column([self.table.get(parents.get(table.id, ""), -1) if table.kind == "join" else -1 for table in tables]),
            "reference": [n for n, table in enumerate(tables) if any(matches(pattern, table.id) for pattern in self.config.reference_tables)],
            "decided": _column([self.where(decided.get(table.id, "")) for table in tables]),
            "owns": _column([self.where(owns.get(table.id, "")) for table in tables]),
            "loose": _column([self.where(loose.get(table.id, "")) for table in tables]),
            "line": [self.place(table.at) for table in tables],
        }

    def accesses(self) -> dict[str, Any]:
        """What each unit does to each table: its claim in halves, and the places by verb."""
        committed = {(at, table) for unit in self.units for table, mode, at in unit.places if mode == "write"}
        claims: Counter[tuple[int, int]] = Counter()
        writes: set[tuple[int, int]] = set()
        lines: dict[tuple[int, int], int] = {}
        for access in self.graph.accesses:
            unit, table = self.unit(access.definition), self.table.get(access.table, -1)
            if unit < 0 or table < 0 or self.module_of.get(access.definition, access.definition) not in self.index:
                continue
            claim = WRITE * (2.0 if (access.at, access.table) in committed else 1.0) if access.mode == "write" else READ
            claims[unit, table] += round(2 * (claim if access.certain else claim / 2))
            lines[unit, table] = min(access.at.line, lines.get((unit, table), access.at.line))
            if access.mode == "write":
                writes.add((unit, table))
        own = {definition.id: str(self.unit(definition.id)) for definition in self.graph.definitions if self.unit(definition.id) >= 0}
        own |= {name: str(number) for name, number in self.index.items()}
        cells = {(int(cell.context), self.table.get(cell.table, -1)): cell for cell in crud(self.graph, own)}
        pairs = sorted({*claims, *(pair for pair in cells if pair[1] >= 0)})
        verbs = ("create", "read", "update", "delete", "write")
        return {
            "unit": _column([unit for unit, _ in pairs]),
            "table": _column([table for _, table in pairs]),
            "claim": _column([claims[pair] for pair in pairs]),
            "writes": _column([int(pair in writes) for pair in pairs]),
            "line": _column([lines.get(pair, 1) for pair in pairs]),
            **{verb: _column([getattr(cells[pair], verb) if pair in cells else 0 for pair in pairs]) for verb in verbs},
        }

    @cached_property
    def units(self) -> Sequence[UnitOfWork]:
        return units_of_work(self.graph)

    def keys(self) -> list[list[Any]]:
        return [
            [key.id, self.table.get(key.src.rpartition(".")[0], -1), key.src, self.table.get(key.dst, -1), key.dst, key.kind, key.on_delete, *self.place(key.at)]
            for key in foreign_keys(self.graph, {})
        ]

    def transactions(self) -> list[list[Any]]:
        return [
            [unit.id, unit.definition, self.unit(unit.definition), [self.table[t] for t in unit.written if t in self.table], *self.place(unit.at)]
            for unit in self.units
        ]

    def extending(self) -> list[list[int]]:
        """Tables that continue another one to one: a library's table goes with the context that extends it."""
        pairs = {(self.table.get(k.table, -1), self.table.get(k.target, -1)) for k in self.graph.foreign_keys if k.kind == "one-to-one"}
        return [list(pair) for pair in sorted(pairs) if min(pair) >= 0]

    def routes(self) -> list[list[Any]]:
        ordered = sorted(self.graph.routes, key=lambda r: (r.path, r.methods, r.handler, r.at))
        return [[" ".join(r.methods), r.path, r.handler, self.unit(r.handler), *self.place(r.at)] for r in ordered if r.kind != "admin"]

    def others(self) -> list[dict[str, Any]]:
        found = []
        for other in self.map.others:
            names = [name for name, _ in other.contexts]
            where = {module: number for number, (_, modules) in enumerate(other.contexts) for module in modules}
            found.append({"kind": other.kind, "contexts": names, "context": _column([where.get(m.id, -1) for m in self.code]), "scores": scores(other.scores)})
        return found


def _decision(each: Decision) -> dict[str, Any]:
    return {
        "id": each.id, "kind": each.kind, "subject": each.subject, "contexts": list(each.contexts), "proposal": each.proposal, "reason": each.reason,
        "alternatives": [[a.choice, a.cost] for a in each.alternatives], "state": each.state, "by": each.by,
        "until": each.until, "evidence": [[at.path, at.line] for at in each.evidence[:_EVIDENCE]],
    }  # fmt: skip


def _unresolved(plan: MigrationPlan) -> list[list[Any]]:
    """What could not be followed, by kind and reason, with how often and the first place."""
    first = {(each.kind, each.reason): each.at for each in reversed(plan.unresolved)}
    counts = Counter((each.kind, each.reason) for each in plan.unresolved)
    return [[kind, reason, count, first[kind, reason].path, first[kind, reason].line] for (kind, reason), count in sorted(counts.items())]


def _signed(each: Standing) -> list[str]:
    by, on, before = (each.signature.by, each.signature.on, each.signature.choice) if each.signature is not None else (each.by, each.until and f"until {each.until}", "")
    return [each.part.id, each.part.subject, each.part.choice, each.state, by, on, before if before != each.part.choice else ""]


def _order(plan: MigrationPlan, config: Config, lock: PlanLock | None) -> Iterable[dict[str, Any]]:
    """Contexts in the order of their extraction, each with its wave and the size of the work."""
    view = PlanView(plan, config.target, lock)
    wave = waves(view, sorted((each for each in plan.contexts if each.rank), key=lambda each: each.rank))
    for each in sorted(plan.contexts, key=lambda c: (not c.rank, c.rank, c.name)):
        found = work(view, each)
        yield _planned(each) | {"wave": wave.get(each.name, 0), "size": list(dict.fromkeys((band(found.points), band(found.most))))}


def _planned(each: ContextPlan) -> dict[str, Any]:
    steps = [
        {"id": s.id, "title": s.title, "command": s.command, "proof": s.proof, "reverse": s.reverse, "last": s.last_safe, "waits": len(s.blocked_by)}
        for s in each.steps
    ]
    return {
        "name": each.name, "rank": each.rank, "score": round(each.score, 2), "reasons": list(each.reasons), "readiness": each.readiness,
        "depends": list(each.depends_on), "operations": [_operation(operation) for operation in each.operations], "steps": steps,
        "forgotten": [[what, which, at.path, at.line] for what, which, at in _forgotten(each)],
        "uses": dict(sorted(Counter(f"{edge.direction} {edge.disposition}" for edge in each.edges if not edge.test).items())),
    }  # fmt: skip


def _forgotten(each: ContextPlan) -> Iterable[tuple[str, str, Location]]:
    """What goes with a context without an import: kind, name, place."""
    for schedule in each.schedules:
        yield "schedule", f"{schedule.task} at {schedule.when}", schedule.at
    for subscription in each.subscriptions:
        yield "signal handler", f"{subscription.handler} on {subscription.signal}" + (f" of {subscription.sender}" if subscription.sender else ""), subscription.at
    for variable in each.environment:
        yield "environment", variable.name, variable.at
    for external in each.externals:
        yield f"outside: {external.kind}", external.text, external.at
    for setting in each.left_settings:
        yield "setting", setting.name, setting.at


def _operation(each: Operation) -> list[Any]:
    parameters = ", ".join(f"{p.name}: {p.type}" + ("?" if p.nullable else "") for p in each.parameters)
    place = [each.at[0].path, each.at[0].line] if each.at else ["", 0]
    return [each.name, each.kind, parameters, each.returns + (" or none" if each.optional else ""), each.uses, *place]


def _waiting(context: ContextPlan) -> Iterable[list[Any]]:
    waiting = [edge for edge in context.edges if edge.disposition == "decide"]
    for edge in waiting[:_WAITING]:
        choices = [each for each in (edge.proposal, *edge.alternatives) if each != "decide"]
        yield [edge.id, context.name, edge.direction, edge.kind, edge.source, edge.target, edge.reason, edge.at.path, edge.at.line, choices]


# --- compact forms ------------------------------------------------------------------------------


def _column(values: Sequence[int]) -> list[Any]:
    """A list of whole numbers as base64 of the narrowest little-endian type that holds them all: ``[bytes of one, text]``."""
    least, most = min(values, default=0), max(values, default=0)
    code, width = next((c, w) for c, w, limit in (("b", 1, 7), ("h", 2, 15), ("i", 4, 31)) if -(1 << limit) <= least and most < 1 << limit)
    return [width, base64.b64encode(struct.pack(f"<{len(values)}{code}", *values)).decode()]


def _fronted(names: Sequence[str]) -> list[list[Any]]:
    """Sorted names, each as the number of characters that it has in common with the last one, and the rest."""
    found: list[list[Any]] = []
    before = ""
    for name in names:
        same = 0
        while same < min(len(before), len(name), 200) and before[same] == name[same]:
            same += 1
        found.append([same, name[same:]])
        before = name
    return found


def _common(values: Sequence[str]) -> str:
    return Counter(values).most_common(1)[0][0] if values else ""
