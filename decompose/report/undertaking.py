"""The pages of a plan about what has to be done: events, effort, where services run, proofs, what to watch, who does it.

What can be counted in the plan is counted, with its formula. Numbers that only operations know (traffic, limits, names) are asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import ceil

import msgspec

from decompose.model.migration import BoundaryEdge, ContextPlan, Field
from decompose.report.markup import code, counts, places, table, text
from decompose.report.planview import PlanView, counted
from decompose.report.text import plural

# --- events -------------------------------------------------------------------------------------


def events(view: PlanView) -> list[str]:
    """What one side has to hear of the other's rows, and the handlers of signals across the cut."""
    rows = [row for context in sorted(view.plan.contexts, key=lambda each: each.name) for row in _events(context)]
    lines = table(["id", "when", "heard by", "what for", "payload", "from"], rows)
    if not rows:
        return lines
    return [
        *lines,
        "",
        "Written in the commit of the change (outbox), delivered at least once and in order for each row; the receiver passes over what it has seen.",
        "",
        view.ask("Q-09", "Which fields of these payloads are personal data, and may they leave the monolith's database?", "data protection"),
        view.ask("Q-10", "How late may each reader see a change: seconds, minutes, the next day?", "domain experts"),
    ]


def _events(context: ContextPlan) -> Iterator[list[str]]:
    name = context.name
    for replica in context.replicas:
        label = replica.label or replica.model
        payload = _fields((replica.key, *replica.fields))
        yield [f"EVT-{text(name)}-{text(label)}", f"a row of {code(label)} is saved or deleted in the monolith", code(name), "its shadow of the row", payload, places(replica.reasons)]
    for label, columns in sorted(_pointed(context).items()):
        what = ", ".join(f"{code(column)} ({text(deleted)})" for column, deleted in columns)
        yield [f"EVT-{text(name)}-{text(label)}-deleted", f"a row of {code(label)} is deleted in {code(name)}", "the monolith", f"keys that refer to it: {what}", "key", ""]
    for listener in context.listeners:
        there = code(name) if listener.side == "service" else "the monolith"
        yield [f"EVT-{text(name)}-{text(listener.label)}-{listener.signal}", f"`{listener.signal}` of {code(listener.label)}", there, code(listener.handler), _fields(listener.fields), ""]


def _pointed(context: ContextPlan) -> dict[str, list[tuple[str, str]]]:
    """By model of the context the columns of the monolith that hold its keys, with what happens to them when a row goes."""
    found: dict[str, list[tuple[str, str]]] = {}
    for pointer in context.pointers:
        found.setdefault(pointer.owner, []).append((f"{pointer.label}.{pointer.column}", pointer.on_delete))
    return found


def _fields(fields: tuple[Field, ...]) -> str:
    return ", ".join(code(field.name) for field in fields) or "key"


# --- effort -------------------------------------------------------------------------------------


class Work(msgspec.Struct, frozen=True):
    """What an extraction has to deal with, counted in the plan."""

    lines: int
    places: int
    operations: int
    keys: int
    commits: int
    contested: int
    open: int
    sql: int
    loops: int

    @property
    def points(self) -> float:
        """See :data:`FORMULA`."""
        size = self.lines / 1000 + self.places / 10 + self.operations / 5
        return size + 2 * self.keys + 8 * self.commits + 3 * self.contested + self.sql + self.loops

    @property
    def most(self) -> float:
        """With every open question turning out to be work of its own."""
        return self.points + 2 * self.open


FORMULA = (
    "points = lines / 1000 + places / 10 + operations / 5 + 2 × cut keys + 8 × cut transactions + 3 × contested tables + SQL texts + calls in loops;"
    " the upper end adds 2 for each open question"
)
_BANDS = ((25.0, "S"), (75.0, "M"), (200.0, "L"))


def band(points: float) -> str:
    return next((name for limit, name in _BANDS if points <= limit), "XL")


def work(view: PlanView, context: ContextPlan) -> Work:
    """The inputs of the effort of one extraction."""
    edges = [edge for edge in context.edges if not edge.test]
    moved = [placement.module for placement in context.placements if placement.action == "move"]
    return Work(
        lines=sum(view.lines.get(module, 0) for module in moved),
        places=sum(edge.disposition in ("operation", "decide", "event") for edge in edges),
        operations=len(context.operations) + len(context.callbacks),
        keys=sum(key.cut and context.name in (key.src_context, key.dst_context) for key in view.map.foreign_keys),
        commits=sum(each.cut and context.name in each.writing for each in view.map.transactions),
        contested=sum(entry.contested and context.name in (entry.owner, *(name for name, _ in entry.writers)) for entry in view.map.ownership),
        open=sum(edge.disposition == "decide" for edge in edges),
        sql=sum(edge.kind == "sql" for edge in edges),
        loops=sum(bool(edge.loop) and edge.disposition == "operation" for edge in edges),
    )


def sizes(view: PlanView) -> str:
    """``3 S, 5 M, 1 XL``: how many extractions are of which size, at the lower end."""
    found = Counter(band(work(view, context).points) for context in view.ranked)
    return ", ".join(f"{found[name]} {name}" for name in (*(name for _, name in _BANDS), "XL") if found[name]) or "nothing to extract"


def effort(view: PlanView) -> list[str]:
    """The inputs of each context beside what they add up to: a measure between contexts, no days."""
    rows = []
    for context in view.ranked:
        found = work(view, context)
        low, high = band(found.points), band(found.most)
        size = low if low == high else f"{low} to {high}"
        figures = (found.lines, found.places, found.operations, found.keys, found.commits, found.contested, found.open, found.sql, found.loops)
        rows.append([code(context.name), f"**{size}**", f"{ceil(found.points)} to {ceil(found.most)}", *(str(figure) for figure in figures)])
    head = ["context", "size", "points", "lines", "places", "operations", "cut keys", "cut transactions", "contested tables", "open", "SQL texts", "calls in loops"]
    limits = ", ".join(f"{name} up to {limit:g}" for limit, name in _BANDS)
    return [
        f"{FORMULA}. Sizes: {limits}, XL above. They compare contexts of this plan and are no days: the first extraction says what a point costs here.",
        "",
        *table(head, rows),
        "",
        view.ask("Q-11", "How many days did the first extraction take, by its points?", "team lead"),
    ]


# --- where services run -------------------------------------------------------------------------


_TARGET = (
    "*By the code* is chosen when the service is written, from what its code uses. Ports, health checks, rights, names and rules stand in the files that "
    "`decompose extract` writes; `decompose deploy-plan CONTEXT` lists them in order."
)


def target(view: PlanView) -> list[str]:
    """What `[target.ecs]` says for each service, with what the plan needs of it."""
    rows = []
    for context in view.ranked:
        own = view.target.of(context.name)
        workers = own.worker_sizes if context.tasks or context.schedules else None
        rows.append(
            [
                code(context.name),
                f"{own.sizes.cpu or '*by the code*'} / {own.sizes.memory or '*by the code*'}",
                f"{own.sizes.minimum} / {own.sizes.desired} / {own.sizes.maximum}" if context.routes or context.operations else "no web tasks",
                f"{workers.minimum} / {workers.desired} / {workers.maximum}" if workers else "none",
                f"{own.scaling.cpu} % CPU, {own.scaling.memory} % memory, {own.scaling.requests} requests a minute",
                f"{len(context.routes)}",
                f"{own.database.kind}, {plural(len(context.tables), 'table')}",
                own.strategy,
                ", ".join(code(variable.name) for variable in context.environment) or "none of the code's own",
            ]
        )
    head = ["service", "CPU / memory of a task", "tasks at least / usually / at most", "workers", "scaled at", "routes", "database", "deployed", "variables and secrets"]
    return [
        f"Amazon ECS in {text(view.target.region)}, as `[target.ecs]` says. {_TARGET}",
        "",
        *table(head, rows),
        "",
        view.ask("Q-12", "How many requests and messages a minute does each of these get at its peak?", "operations"),
        view.ask("Q-13", "Which account, network and database server do they share, and who pays?", "platform"),
    ]


# --- proofs, watching, people --------------------------------------------------------------------


def validation(view: PlanView) -> list[str]:
    """What `decompose verify` can compare for each context, and what it cannot know."""
    rows = []
    for context in view.ranked:
        tests = [edge for edge in context.edges if edge.test or edge.kind == "test"]
        keys = [key.id for key in view.map.foreign_keys if key.cut and context.name in (key.src_context, key.dst_context)]
        rows.append(
            [
                code(context.name), str(len(context.operations)), str(len(context.callbacks)), str(len(context.routes)),
                str(len({edge.source for edge in tests})) if tests else "none seen",
                f"{len(keys)} ({', '.join(keys[:3])}{', …' if len(keys) > 3 else ''})" if keys else "none",
            ]
        )  # fmt: skip
    head = ["context", "operations: same answer in every mode", "callbacks", "routes answered by the service", "tests that use it", "keys reconciled (section 4)"]
    return [
        *table(head, rows),
        "",
        "`decompose verify CONTEXT` runs these proofs on the extracted code and says what it skipped. A context that no test uses is proven by its contract alone.",
        "",
        view.ask("Q-14", "Which recorded requests are to give the same answers before and after?", "quality"),
        view.ask("Q-15", "Which error rate and which 95th percentile end a step and take it back?", "operations"),
    ]


def observability(view: PlanView) -> list[str]:
    """Calls that go over a network once a context is a service: each is a new thing that can be slow or gone."""
    rows = [row for context in view.ranked for row in _remote(view, context)]
    lines = ["Calls that go over the network in mode `remote`, by who makes them.", ""]
    lines += table(["from", "to", "operations", "places", "in loops", "not repeatable", "longest wait"], rows)
    queues = [[code(context.name), ", ".join(code(task.name) for task in context.tasks), _queues(context)] for context in view.ranked if context.tasks]
    if queues:
        lines += ["", "### Queues", "", *table(["context", "tasks", "queues"], queues)]
    return [*lines, "", view.ask("Q-16", "Who is woken by an alarm of each of these, and where are its dashboards?", "operations")]


def _remote(view: PlanView, context: ContextPlan) -> Iterator[list[str]]:
    users: dict[str, list[BoundaryEdge]] = {}
    for edge in context.edges:
        if edge.disposition == "operation" and not edge.test and edge.operation:
            inward = edge.direction == "in"
            users.setdefault(view.context_of(edge.source) or "the rest of the monolith" if inward else "", []).append(edge)
    known = {operation.name: operation for operation in (*context.operations, *context.callbacks)}
    for user, edges in sorted(users.items()):
        called = [known[name] for name in dict.fromkeys(edge.operation for edge in edges) if name in known]
        commands = [operation.name for operation in called if operation.kind == "command" and not operation.idempotent]
        yield [
            (f"{code(user)}, what stays of it" if user == context.name else code(user)) if user else code(context.name),
            code(context.name) if user else "the monolith",
            str(len(called)), str(len(edges)), str(sum(bool(edge.loop) for edge in edges)), str(len(commands)),
            f"{max((operation.timeout for operation in called), default=0):g} s",
        ]  # fmt: skip


def _queues(context: ContextPlan) -> str:
    return ", ".join(code(queue) for queue in sorted({task.queue for task in context.tasks if task.queue})) or "the default one"


def people(view: PlanView) -> list[str]:
    """Whose each context is and what waits for its people."""
    rows = []
    for context in view.domain:
        decisions = [decision for decision in view.plan.decisions if context.name in decision.contexts]
        others = sorted({name for decision in decisions for name in decision.contexts} - {context.name})
        planned = view.planned.get(context.name)
        edges = counts(edge.kind for edge in planned.edges if edge.disposition == "decide") if planned else "none"
        rows.append([code(context.name), text(context.team) or "nobody yet", counted(decisions), edges, ", ".join(code(name) for name in others) or "nobody", view.signed(context.name) or "no"])
    head = ["context", "team", "decisions", "uses to decide, by kind", "together with", "boundary signed"]
    return [
        *table(head, rows),
        "",
        view.ask("Q-17", "Who is on call for each service, from which step on?", "engineering management"),
        view.ask("Q-18", "Who decides where two teams have to agree?", "architecture"),
    ]
