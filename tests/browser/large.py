"""The page of a project as large as is asked for, without analyzing one."""

from __future__ import annotations

import random

from decompose.cut import score
from decompose.cut.ownership import foreign_keys, ownership
from decompose.cut.transactions import in_contexts, units_of_work
from decompose.model.codegraph import CodeGraph, Definition, Edge, Module
from decompose.model.contexts import Context, ContextMap, Membership
from decompose.model.facts import Access, ForeignKey, Table, Transaction
from decompose.model.location import Location
from decompose.model.migration import MigrationPlan, Project
from decompose.model.runtime import Runtime
from decompose.model.settings import Config
from decompose.planning.decisions import decisions
from decompose.report.review import review_page
from decompose.resources import templates

CONTEXTS = 18
WORDS = ("orders", "billing", "stock", "people", "events", "search", "media", "prices", "tax")


def large_page(modules: int, edges: int, tables: int = 400) -> str:
    """A page of so many modules, dependencies between them, and tables."""
    chance = random.Random(1)
    names = sorted(f"company.{WORDS[n % 9]}{n % CONTEXTS}.{WORDS[n % 7]}.{WORDS[n % 5]}_module_{n}" for n in range(modules))
    place = {name: f"{name.split('.')[1]}" for name in names}
    found = tuple(Module(name, f"{name.replace('.', '/')}.py", chance.randint(5, 900)) for name in names)
    classes = tuple(Definition(f"{name}.Model{n}", name, "class", 9, 40, f"{name}.Model{n}") for n, name in enumerate(chance.sample(names, tables)))
    drawn = tuple(Table(f"table_{n:03}_of_the_company", each.id, Location(f"{each.module.replace('.', '/')}.py", 9), "drawn") for n, each in enumerate(classes))
    pairs: set[tuple[str, str]] = set()
    while len(pairs) < edges:
        source = chance.choice(names)
        target = chance.choice(names) if chance.random() < 0.25 else names[(names.index(source) + chance.randint(1, 120)) % modules] if modules < 300 else chance.choice(names)
        if source != target:
            pairs.add((source, target))
    depends = tuple(
        Edge(a, b, chance.choice(("import", "call", "reference")), tuple(Location(f"{a.replace('.', '/')}.py", chance.randint(1, 400)) for _ in range(chance.randint(1, 4)))) for a, b in sorted(pairs)
    )
    accesses = tuple(
        Access(name, chance.choice(drawn).id, chance.choice(("read", "read", "write")), Location(f"{name.replace('.', '/')}.py", chance.randint(1, 300)))
        for name in names for _ in range(2)
    )  # fmt: skip
    keys = tuple(ForeignKey(a.id, "other_id", "other", b.id, "many-to-one", a.at, "CASCADE") for a, b in zip(drawn, drawn[7:], strict=False))
    commits = tuple(Transaction(name, Location(f"{name.replace('.', '/')}.py", 1), 300) for name in chance.sample(names, 200))
    parts: dict[str, tuple[object, ...]] = dict.fromkeys(CodeGraph.__struct_fields__, ())
    graph = CodeGraph(**parts | {  # type: ignore[arg-type]
        "frameworks": ("django",), "sources": (".",), "files": modules, "lines": sum(m.lines for m in found), "digest": "drawn", "modules": found, "definitions": classes,
        "edges": depends, "tables": drawn, "foreign_keys": keys, "accesses": tuple(sorted(accesses, key=lambda a: (a.definition, a.at, a.table, a.mode))), "transactions": commits, "runtime": Runtime(),
    })  # fmt: skip
    context_map = _mapped(graph, place)
    config = Config()
    project = Project("large", "django", ("django",), ".", "company.boundaries", "3.12")
    plan = MigrationPlan(project, "drawn", "", context_map, found, drawn, decisions(graph, context_map, config), ())
    return review_page(plan, graph, config, templates())


def _mapped(graph: CodeGraph, place: dict[str, str]) -> ContextMap:
    roles = dict.fromkeys(sorted(set(place.values())), "domain")
    units = units_of_work(graph)
    home = {table.id: place[table.at.path.removesuffix(".py").replace("/", ".")] for table in graph.tables}
    owned = ownership(graph, place, home, roles, units, Config())
    owner = {entry.table: entry.owner for entry in owned}
    keys, commits = foreign_keys(graph, owner), in_contexts(units, owner)
    figures = score.scores(graph, score.dependencies(graph), place, roles, owned, keys, commits, 0.5, 0.9)
    contexts = tuple(
        Context(name, tuple(m for m, c in place.items() if c == name), tuple(t for t, c in owner.items() if c == name)) for name in roles
    )
    return ContextMap(contexts, tuple(Membership(m, c, 0.7) for m, c in place.items()), owned, keys, commits, figures)
