"""The cut: which modules form a bounded context, found from evidence, corrected by what a person decided.

The order of things: project glue is set apart by what it is, the rest is cut by its coupling at the resolution that
:func:`chosen_cut` picks, shared code is recognised by who uses it and set apart, what is left is cut again and named. Only then do
decisions from ``decompose.toml`` apply, so that a decision moves what it names and what follows from that, and nothing else.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from decompose.cut import score
from decompose.cut.coupling import Coupling, coupling, domain_package, outer_package, owners_of_code, packages
from decompose.cut.globs import matches
from decompose.cut.naming import SHARED, context_names
from decompose.cut.ownership import foreign_keys, ownership
from decompose.cut.partition import Adjacency, agreement, communities, merged, modularity, moved, renumbered
from decompose.cut.transactions import UnitOfWork, in_contexts, units_of_work
from decompose.cut.words import domain_words, singular, words
from decompose.errors import ConfigError
from decompose.model.codegraph import CodeGraph, Module
from decompose.model.contexts import Context, ContextMap, Membership, Scores
from decompose.model.settings import Config, ContextSettings

RESOLUTIONS = (0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.4, 2.8, 3.4)
"""Resolutions tried; modularity finds about the square root of what a higher one finds, so the range is wide."""

TOLERANCE = 0.0125
"""Share of the best value that a finer cut may give up. Modularity alone merges small contexts (its resolution limit); on systems whose
modules are known the finest cut within one to one and a half percent of the best comes nearest to them."""

_FIRST = 1.4
"""The resolution of the rough cut that shows who uses what from where."""

_PERTURBED = 0.05
_LARGE = 1500
"""Nodes from which the sweep runs over groups found at the finest resolution, to stay within seconds."""

_SEEDS = 4
_KERNEL_USERS = 0.4
_HUB_USERS = 0.5

_GLUE = frozenset({"manage", "wsgi", "asgi", "urls", "celery", "settings", "conftest", "setup", "config", "__main__", "gunicorn", "routing", "urlconf"})
"""Files at a project's root that wire it together."""

_GLUE_WITHOUT_DATA = frozenset({"app", "main", "application", "run", "server", "factory", "extensions", "wsgi_app"})


@dataclass
class _Cut:
    """A cut in the making: ``place`` maps modules to context names (nodes of tables and words as well)."""

    place: dict[str, str]
    roles: dict[str, str]
    pinned: set[str] = field(default_factory=set)
    stability: dict[str, float] = field(default_factory=dict)
    overall: float = 1.0
    modularity: float = 0.0


def propose(graph: CodeGraph, config: Config, commits: Iterable[Collection[str]] = ()) -> ContextMap:
    """The context map of a project: the same for the same graph, configuration and commits.

    Each of ``commits`` is the set of paths that one commit changed. Raises :class:`ConfigError` when a decision names modules or
    contexts that do not exist, or two decisions contradict each other.
    """
    project = _Project(graph, config, tuple(commits))
    cut = _found(project)
    _decide(cut, project)
    return _context_map(cut, project)


class _Project:
    """What the steps of one proposal share."""

    def __init__(self, graph: CodeGraph, config: Config, commits: Sequence[Collection[str]] = ()) -> None:
        self.graph = graph
        self.config = config
        self.units: tuple[UnitOfWork, ...] = units_of_work(graph)
        self.modules: dict[str, Module] = {module.id: module for module in graph.modules}
        self.module_of = owners_of_code(graph)
        self.code = sorted(module.id for module in graph.modules if module.role == "code")
        self.packages = packages(graph, self.code)
        self.package_of = {module: domain_package(module, self.packages) for module in self.modules}
        self.outer_of = {module: outer_package(module, self.packages) for module in self.modules}
        self.glue = self._glue()
        self.members = [module for module in self.code if module not in self.glue]
        self.coupling: Coupling = coupling(graph, self.members, self.units, commits, config.weights)

    @cached_property
    def with_data(self) -> set[str]:
        """Modules that declare or touch tables, serve routes or run tasks: the domain's own, never technical."""
        found = {self.module_of.get(t.model, "") for t in self.graph.tables}
        found |= {self.module_of.get(a.definition, a.definition) for a in self.graph.accesses}
        found |= {self.module_of.get(r.handler, r.handler) for r in self.graph.routes if r.kind != "admin"}
        found |= {self.module_of.get(t.definition, t.definition) for t in self.graph.tasks}
        return found

    @cached_property
    def table_modules(self) -> set[str]:
        return {self.module_of.get(table.model, "") for table in self.graph.tables}

    @cached_property
    def users(self) -> dict[str, set[str]]:
        """For every code module the code modules that depend on it at run time."""
        found: dict[str, set[str]] = {}
        for source, target in self.depends:
            found.setdefault(target, set()).add(source)
        return found

    @cached_property
    def uses(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for source, target in self.depends:
            found.setdefault(source, set()).add(target)
        return found

    @cached_property
    def depends(self) -> set[tuple[str, str]]:
        code = set(self.code)
        pairs = set()
        for edge in self.graph.edges:
            if edge.when == "typing" or edge.kind not in ("import", "call", "inherit", "reference"):
                continue
            source, target = self.module_of.get(edge.src, edge.src), self.module_of.get(edge.dst, edge.dst)
            if source != target and source in code and target in code:
                pairs.add((source, target))
        return pairs

    def _glue(self) -> set[str]:
        found = {module.id for module in self.graph.modules if module.role == "settings"}
        for module in self.code:
            stem = module.rpartition(".")[2]
            rooted = not self.outer_of[module]
            if module in self.packages.containers:
                if module not in self.with_data:
                    found.add(module)
            elif rooted and module not in self.table_modules and (
                stem in _GLUE or (stem in _GLUE_WITHOUT_DATA and module not in self.with_data)
            ):
                found.add(module)
        return found


# --- from evidence -----------------------------------------------------------------------------


def _found(project: _Project) -> _Cut:
    """The cut as the evidence has it, named."""
    whole = project.coupling
    if not project.members:
        return _Cut({}, {})
    first = communities(whole.graph, _FIRST, project.config.seed)
    kernel = _shared_kernel(project, {whole.nodes[i]: c for i, c in enumerate(first)})
    kept = [i for i, node in enumerate(whole.nodes) if node not in kernel]
    number = {node: position for position, node in enumerate(kept)}
    inner: Adjacency = [{number[j]: w for j, w in whole.graph[i].items() if j in number} for i in kept]
    modules = sum(1 for i in kept if i < whole.modules)
    nodes = [whole.nodes[i] for i in kept]
    tables = {node.removeprefix("table:"): p for p, node in enumerate(nodes) if node.startswith("table:")}
    written = [[tables[table] for table in unit.written if table in tables] for unit in project.units]
    membership, resolution = chosen_cut(inner, modules, written, project.config)
    membership = _without_slivers(inner, modules, membership, set(tables.values()))
    cut = _named(project, nodes, modules, membership, kernel)
    cut.modularity = modularity(inner, renumbered([c if c >= 0 else len(inner) + p for p, c in enumerate(membership)]))
    _measure_stability(cut, inner, modules, membership, resolution, nodes, project.config.seed)
    _place_lonely(cut, project)
    return cut


def chosen_cut(
    graph: Adjacency, modules: int, written: Sequence[Sequence[int]] = (), config: Config | None = None
) -> tuple[list[int], float]:
    """The communities of the best cut and the resolution that gave it; the first ``modules`` nodes are modules.

    Over a sweep of resolutions the finest cut is taken whose value is within :data:`TOLERANCE` of the best. A cut's value is
    its modularity, less half of what its largest context exceeds 40 %, less a tenth of the share of single modules, less a tenth
    of the share of transactions (``written``: nodes of the tables each one writes) that it cuts.
    """
    config = config or Config()
    levels: list[int] | None = None
    base = graph
    if len(graph) > _LARGE:
        levels = communities(graph, RESOLUTIONS[-1] * 2, config.seed)
        base = merged(graph, levels, max(levels) + 1)
    tried: list[tuple[float, int, float, list[int]]] = []
    for resolution in RESOLUTIONS:
        found = communities(base, resolution, config.seed)
        membership = found if levels is None else [found[group] for group in levels]
        value = modularity(base, found) - _penalty(membership, modules, written)
        tried.append((value, _domain_count(membership, modules), resolution, membership))
    low, high = config.contexts_min, config.contexts_max
    allowed = [entry for entry in tried if entry[1] >= low and (not high or entry[1] <= high)]
    if not allowed:
        def miss(entry: tuple[float, int, float, list[int]]) -> int:
            return max(low - entry[1], entry[1] - high if high else 0)

        nearest = min(miss(entry) for entry in tried)
        allowed = [entry for entry in tried if miss(entry) == nearest]
    best = max(value for value, *_ in allowed)
    floor = best - TOLERANCE * abs(best)
    _, _, resolution, membership = max((e for e in allowed if e[0] >= floor), key=lambda e: e[2])
    membership = _refined(graph, membership, resolution, config.seed, exact=levels is not None)
    if high and _domain_count(membership, modules) > high:
        membership = _joined(graph, membership, modules, high)
    return membership, resolution


def _refined(graph: Adjacency, membership: list[int], resolution: float, seed: int, *, exact: bool) -> list[int]:
    """The best of a few runs at one resolution; on a large graph one pass over single nodes."""
    if exact:
        return moved(graph, membership, resolution, range(len(graph)))
    runs = [membership, *(communities(graph, resolution, seed + extra) for extra in range(1, _SEEDS))]
    return max(runs, key=lambda run: round(modularity(graph, run, resolution), 12))


def _domain_count(membership: Sequence[int], modules: int) -> int:
    """Communities that are more than a single module."""
    return sum(1 for size in Counter(membership[:modules]).values() if size > 1)


def _penalty(membership: Sequence[int], modules: int, written: Sequence[Sequence[int]]) -> float:
    sizes = Counter(membership[:modules])
    largest = max(sizes.values(), default=0) / max(modules, 1)
    single = sum(1 for size in sizes.values() if size == 1) / max(modules, 1)
    wide = [nodes for nodes in written if len(nodes) > 1]
    cut = sum(1 for nodes in wide if len({membership[node] for node in nodes}) > 1) / len(wide) if wide else 0.0
    return 0.5 * max(0.0, largest - score.GOOD_LARGEST) + 0.1 * single + 0.1 * cut


def _joined(graph: Adjacency, membership: list[int], modules: int, most: int) -> list[int]:
    """The same cut after joining the most strongly coupled contexts until there are ``most``."""
    found = list(membership)
    while _domain_count(found, modules) > most:
        groups = [c for c, size in Counter(found[:modules]).items() if size > 1]
        between: Counter[tuple[int, int]] = Counter()
        total: Counter[int] = Counter()
        for node, links in enumerate(graph):
            for other, weight in links.items():
                total[found[node]] += weight  # type: ignore[assignment]
                if found[node] < found[other]:
                    between[found[node], found[other]] += weight  # type: ignore[assignment]
        pairs = [(a, b) for a in sorted(groups) for b in sorted(groups) if a < b]
        keep, drop = max(pairs, key=lambda p: (between[p] / math.sqrt(total[p[0]] * total[p[1]] or 1.0), -p[0], -p[1]))
        found = [keep if community == drop else community for community in found]
    return renumbered(found)


def _without_slivers(graph: Adjacency, modules: int, membership: Sequence[int], tables: Collection[int]) -> list[int]:
    """The cut with groups too small to be a context given to their strongest neighbour; -1 for a module without any.

    A group is too small with one or two modules and no table, or with one module alone unless a table is its own.
    """
    found = list(membership)
    for _ in range(len(graph)):
        sizes = Counter(found[:modules])
        with_table = {found[table] for table in tables}
        small = sorted(
            (size, community)
            for community, size in sizes.items()
            if community >= 0 and size < 3 and (community not in with_table or size < 2)
        )
        target = None
        for _, community in small:
            pull: dict[int, float] = {}
            for node, links in enumerate(graph):
                if found[node] == community:
                    for other, weight in links.items():
                        there = found[other]
                        if there != community and there in sizes and there >= 0:
                            pull[there] = pull.get(there, 0.0) + weight
            if pull:
                best = max(pull, key=lambda c: (pull[c], -c))
                target = (community, best)
                break
            if community not in with_table:
                target = (community, -1)
                break
        if target is None:
            break
        found = [target[1] if community == target[0] else community for community in found]
    return found


def _shared_kernel(project: _Project, community: Mapping[str, int]) -> set[str]:
    """Modules without data that most contexts use and that use (almost) none: a library inside the project.

    Also what wires everything together (uses most contexts, is used by none), and technical modules that only shared
    modules use.
    """
    sizes = Counter(community[module] for module in project.members)
    contexts = {c for c, size in sizes.items() if size >= 3}
    wide = max(3.0, _KERNEL_USERS * len(contexts))
    kernel: set[str] = set()
    technical = [module for module in project.members if module not in project.with_data]

    def reach(modules: Iterable[str], own: int) -> int:
        return len({community[m] for m in modules if m in community and m not in kernel} & contexts - {own})

    for module in technical:
        own = community[module]
        users, uses = project.users.get(module, set()), project.uses.get(module, set())
        using = reach(users, own)
        if using >= wide and reach(uses, own) <= max(1, using // 4):
            kernel.add(module)
    for module in technical:
        own = community[module]
        if not (project.users.get(module, set()) - project.glue) and reach(project.uses.get(module, set()), own) >= wide:
            kernel.add(module)
    grown = True
    while grown:
        grown = False
        for module in technical:
            users = project.users.get(module, set())
            if module not in kernel and users and users <= kernel | project.glue and not (
                {project.outer_of[u] for u in users} - {""} and project.outer_of[module] not in {"", *(project.outer_of[u] for u in users)}
            ):
                kernel.add(module)
                grown = True
    return kernel | _technical_packages(project, kernel)


def _technical_packages(project: _Project, kernel: Collection[str]) -> set[str]:
    """The rest of packages that are shared for the larger part and hold no table that others refer to."""
    inside: dict[str, list[str]] = {}
    for module in project.members:
        if project.outer_of[module]:
            inside.setdefault(project.outer_of[module], []).append(module)
    package_of_table = {t.id: project.outer_of.get(project.module_of.get(t.model, ""), "") for t in project.graph.tables}
    referred = {
        package_of_table.get(key.target, "")
        for key in project.graph.foreign_keys
        if package_of_table.get(key.table, "") != package_of_table.get(key.target, "")
    }
    found: set[str] = set()
    for package, modules in sorted(inside.items()):
        substantial = [m for m in modules if not project.modules[m].is_package or project.uses.get(m)]
        lines = sum(project.modules[m].lines for m in substantial)
        shared = sum(project.modules[m].lines for m in substantial if m in kernel)
        if package not in referred and lines and shared >= 0.5 * lines:
            found.update(modules)
    return found


def _named(project: _Project, nodes: Sequence[str], modules: int, membership: Sequence[int], kernel: Collection[str]) -> _Cut:
    groups: dict[int, list[str]] = {}
    for position in range(modules):
        groups.setdefault(membership[position], []).append(nodes[position])
    order = sorted(c for c in groups if c >= 0)
    group_of = {module: c for c in order for module in groups[c]}
    tables: dict[int, list[str]] = {}
    for table in project.graph.tables:
        group = group_of.get(project.module_of.get(table.model, ""))
        if group is not None and table.kind == "entity":
            tables.setdefault(group, []).append(table.model.rpartition(".")[2])
    routes: dict[int, list[str]] = {}
    for route in project.graph.routes:
        group = group_of.get(project.module_of.get(route.handler, route.handler))
        if group is not None and route.kind != "admin":
            routes.setdefault(group, []).append(route.path)
    names = context_names(
        [groups[c] for c in order],
        project.package_of,
        [tables.get(c, []) for c in order],
        [routes.get(c, []) for c in order],
    )
    name_of = dict(zip(order, names, strict=True))
    place = {nodes[p]: name_of[c] for p, c in enumerate(membership) if c in name_of}
    place.update((module, SHARED) for module in [*kernel, *project.glue])
    roles = dict.fromkeys(names, "domain")
    if SHARED in place.values():
        roles[SHARED] = "shared"
    return _Cut(place, roles)


def _measure_stability(
    cut: _Cut, graph: Adjacency, modules: int, membership: Sequence[int], resolution: float, nodes: Sequence[str], seed: int
) -> None:
    """How much of each context comes back when five percent of the links are taken away and the seed changes."""
    runs = 5 if len(graph) <= 400 else 3 if len(graph) <= _LARGE else 1
    shuffle = random.Random(seed)
    members: dict[str, set[int]] = {}
    for position in range(modules):
        name = cut.place.get(nodes[position], "")
        if name:
            members.setdefault(name, set()).add(position)
    agreements: dict[str, list[float]] = {name: [] for name in members}
    overall = []
    for run in range(1, runs + 1):
        thinner: Adjacency = [{} for _ in graph]
        for i, links in enumerate(graph):
            for j, weight in links.items():
                if i <= j and shuffle.random() >= _PERTURBED:
                    thinner[i][j] = weight
                    thinner[j][i] = weight
        again = communities(thinner, resolution, seed + run)
        overall.append(agreement(membership[:modules], again[:modules]))
        groups: dict[int, set[int]] = {}
        for position in range(modules):
            groups.setdefault(again[position], set()).add(position)
        for name, own in members.items():
            met = {again[position] for position in own}
            agreements[name].append(max(len(own & groups[c]) / len(own | groups[c]) for c in met))
    cut.stability = {name: sum(values) / len(values) for name, values in agreements.items()}
    cut.overall = sum(overall) / len(overall)


def _place_lonely(cut: _Cut, project: _Project) -> None:
    """Modules without any link go where their package is; empty packages too."""
    for module in project.members:
        if module not in cut.place:
            package = project.package_of[module]
            near = Counter(cut.place[m] for m in project.members if package and project.package_of[m] == package and m in cut.place)
            if near:
                cut.place[module] = max(near, key=lambda name: (near[name], name))


# --- what a person decided ---------------------------------------------------------------------


def _decide(cut: _Cut, project: _Project) -> None:
    """Applies renames, merges, pins and shared modules, then lets what lost its neighbours follow them."""
    config = project.config
    proposed = sorted(set(cut.place.values()))
    for settings in config.contexts:
        if settings.was and settings.was != settings.name:
            _known(settings.was, proposed, settings)
            _move_all(cut, settings.was, settings.name)
    for settings in config.contexts:
        for other in settings.merge:
            if other != settings.name:
                _known(other, proposed, settings)
                _move_all(cut, other, settings.name)
    before = dict(cut.place)
    chosen: dict[str, tuple[int, str]] = {}
    everything = sorted(project.modules)
    wanted = [(pattern, s.name) for s in config.contexts for pattern in s.modules]
    wanted += [(pattern, SHARED) for pattern in config.shared_modules]
    for pattern, name in wanted:
        found = [module for module in everything if matches(pattern, module)]
        if not found:
            raise ConfigError(f"no module fits {pattern!r} of context {name!r}", hint="run `decompose analyze` without it and look at the modules")
        for module in found:
            rank, other = chosen.get(module, (-1, name))
            if rank == len(pattern) and other != name:
                raise ConfigError(f"{module} is claimed by {other!r} and {name!r}", hint="make one of the patterns more specific")
            if len(pattern) > rank:
                chosen[module] = (len(pattern), name)
    for module, (_, name) in sorted(chosen.items()):
        cut.place[module] = name
        cut.pinned.add(module)
    for settings in config.contexts:
        if settings.name not in cut.place.values():
            raise ConfigError(
                f"context {settings.name!r} has no modules",
                hint=f"give it `modules`, `merge` or `was`; proposed are {', '.join(proposed) or 'none'}",
            )
    present = set(cut.place.values())
    cut.roles = {name: cut.roles.get(name, "shared" if name == SHARED else "domain") for name in sorted(present)}
    _follow(cut, project, before)


def _known(name: str, proposed: Sequence[str], settings: ContextSettings) -> None:
    if name not in proposed:
        raise ConfigError(
            f"context {settings.name!r} refers to {name!r}, which is not proposed", hint=f"proposed are {', '.join(proposed)}"
        )


def _move_all(cut: _Cut, source: str, target: str) -> None:
    for node, name in cut.place.items():
        if name == source:
            cut.place[node] = target
    if source in cut.stability:
        cut.stability[target] = max(cut.stability.get(target, 0.0), cut.stability.pop(source))
    cut.roles.pop(source, None)


def _follow(cut: _Cut, project: _Project, before: Mapping[str, str]) -> None:
    """Lets modules and tables that a decision left behind go after what they are coupled to most; touches no other context."""
    torn = {before[module] for module in cut.pinned if module in before and before[module] != cut.place[module]}
    if not torn:
        return
    whole = project.coupling
    index = whole.index
    gaining = {cut.place[module] for module in cut.pinned}
    rest = [node for node in whole.nodes if before.get(node) in torn and node not in cut.pinned]
    for _ in range(4):
        changed = False
        for node in rest:
            pull = _pulls(whole, index[node], cut.place)
            here = cut.place[node]
            options = {name: value for name, value in pull.items() if name == here or (name in gaining and name != SHARED)}
            best = max(sorted(options), key=lambda name: options[name], default=here)
            if best != here and options[best] > options.get(here, 0.0):
                cut.place[node] = best
                changed = True
        if not changed:
            return


def _pulls(whole: Coupling, node: int, place: Mapping[str, str]) -> dict[str, float]:
    """The coupling of one node with every context."""
    found: dict[str, float] = {}
    for other, weight in whole.graph[node].items():
        name = place.get(whole.nodes[other], "")
        if name:
            found[name] = found.get(name, 0.0) + weight
    return found


# --- the result --------------------------------------------------------------------------------


def _context_map(cut: _Cut, project: _Project) -> ContextMap:
    graph, config = project.graph, project.config
    _place_followers(cut, project)
    home, split = _homes(cut, project)
    _assign_roles(cut, project, home)
    definitions = dict(split)
    place = {**{m: cut.place[m] for m in project.modules if m in cut.place}, **definitions}
    owned = ownership(graph, place, home, cut.roles, project.units, config)
    owner = {entry.table: entry.owner for entry in owned}
    keys = foreign_keys(graph, owner)
    transactions = in_contexts(project.units, owner)
    memberships, cohesion = _memberships(cut, project)
    figures = score.scores(graph, cut.place, cut.roles, owned, keys, transactions, cut.modularity, cut.overall)
    blocked = {name for key in keys if key.cut for name in (key.src_context, key.dst_context)}
    blocked |= {name for t in transactions if t.cut for name in t.writing}
    blocked |= {name for entry in owned if entry.contested for name, _ in entry.writers}
    settings = {s.name: s for s in config.contexts}
    contexts = []
    for name in sorted(cut.roles):
        own = settings.get(name, ContextSettings(name))
        tables = tuple(entry.table for entry in owned if entry.owner == name)
        modules = tuple(sorted(module for module in project.modules if cut.place.get(module) == name))
        contexts.append(
            Context(
                name=name,
                modules=modules,
                tables=tables,
                role=cut.roles[name],  # type: ignore[arg-type]
                cohesion=round(cohesion.get(name, 1.0), 4),
                stability=round(cut.stability.get(name, 1.0), 4),
                readiness="inseparable" if cut.roles[name] == "shared" else "decisions" if name in blocked else "ready",
                description=own.description or _description(name, modules, tables, project, cut.roles[name]),
                team=own.team,
            )
        )
    return ContextMap(
        contexts=tuple(contexts),
        memberships=memberships,
        ownership=owned,
        foreign_keys=keys,
        transactions=transactions,
        scores=figures,
        unassigned=tuple(sorted(module for module in project.modules if module not in cut.place)),
        definitions=tuple(sorted(definitions.items())),
        advice=_advice(figures),
    )


def _place_followers(cut: _Cut, project: _Project) -> None:
    """Tests and migrations go with the code of their package, else with the code they import, else with a word of their name."""
    by_package: dict[str, Counter[str]] = {}
    for module in project.code:
        package = project.package_of[module]
        if package and module in cut.place and cut.place[module] != SHARED:
            by_package.setdefault(package, Counter())[cut.place[module]] += 1
    shared_packages = {project.package_of[m] for m in project.code if cut.place.get(m) == SHARED} - set(by_package) - {""}
    imported: dict[str, Counter[str]] = {}
    followers = [m for m in project.modules if m not in cut.place and project.modules[m].role in ("test", "migration")]
    following = set(followers)
    for edge in project.graph.edges:
        source = project.module_of.get(edge.src, edge.src)
        if source in following:
            target = cut.place.get(project.module_of.get(edge.dst, edge.dst), "")
            if target and target != SHARED:
                imported.setdefault(source, Counter())[target] += edge.weight
    by_word = {singular(part): name for name in sorted(cut.roles) for part in words(name)}
    for module in followers:
        package = project.package_of[module]
        votes = by_package.get(package) or imported.get(module)
        if package in shared_packages:
            cut.place[module] = SHARED
        elif votes:
            cut.place[module] = max(votes, key=lambda name: (votes[name], name))
        else:
            named = [by_word[word] for word in domain_words(module.rpartition(".")[2]) if word in by_word]
            cut.place[module] = named[0] if named else SHARED
            if not named:
                cut.roles.setdefault(SHARED, "shared")
    cut.roles = dict(sorted(cut.roles.items()))


def _homes(cut: _Cut, project: _Project) -> tuple[dict[str, str], dict[str, str]]:
    """The context of each table's declaration, and the definitions that go elsewhere than their module.

    A file that maps the tables of several contexts is split: a table goes where its use pulls it, its model class with it.
    """
    home: dict[str, str] = {}
    split: dict[str, str] = {}
    declared: dict[str, list[tuple[str, str]]] = {}
    for table in project.graph.tables:
        module = project.module_of.get(table.model, "")
        if module:
            declared.setdefault(module, []).append((table.id, table.model))
        home[table.id] = cut.place.get(module, "")
    for module, entries in sorted(declared.items()):
        if len(entries) < 3 or module in cut.pinned:
            continue
        if project.package_of[module] in project.packages.applications:
            continue
        for table_id, model in entries:
            context = cut.place.get(f"table:{table_id}", home[table_id])
            if context and context != SHARED and context != cut.place.get(module) and context in cut.roles:
                home[table_id] = context
                split[model] = context
    return home, split


def _assign_roles(cut: _Cut, project: _Project, home: Mapping[str, str]) -> None:
    """A hub is what half of the other contexts refer to in their data; it is a context with a rule, not a reason to merge."""
    domain = [name for name, role in cut.roles.items() if role != "shared"]
    referring: dict[str, set[str]] = {}
    for key in project.graph.foreign_keys:
        source, target = home.get(key.table, ""), home.get(key.target, "")
        if source and target and source != target:
            referring.setdefault(target, set()).add(source)
    for name in domain:
        if len(domain) > 3 and len(referring.get(name, set()) & set(domain)) >= max(3.0, _HUB_USERS * (len(domain) - 1)):
            cut.roles[name] = "hub"


def _memberships(cut: _Cut, project: _Project) -> tuple[tuple[Membership, ...], dict[str, float]]:
    whole = project.coupling
    index = whole.index
    inside: Counter[str] = Counter()
    total: Counter[str] = Counter()
    found = []
    for module in sorted(project.modules):
        name = cut.place.get(module)
        if name is None:
            continue
        confidence, alternative = 1.0, ""
        if module in index:
            pull = _pulls(whole, index[module], cut.place)
            everything = sum(pull.values())
            inside[name] += pull.get(name, 0.0)  # type: ignore[assignment]
            total[name] += everything  # type: ignore[assignment]
            confidence = pull.get(name, 0.0) / everything if everything > 0.0 else 0.0
            others = {other: value for other, value in pull.items() if other != name and value > 0.0}
            alternative = max(sorted(others), key=lambda other: others[other], default="")
        found.append(Membership(module, name, round(confidence, 4), alternative, module in cut.pinned))
    return tuple(found), {name: inside[name] / total[name] if total[name] > 0.0 else 0.0 for name in total}


def _description(name: str, modules: Sequence[str], tables: Sequence[str], project: _Project, role: str) -> str:
    if role == "shared":
        return "shared kernel and project wiring: stays a library of the monolith and is copied where needed"
    members = set(modules)
    models = sorted({t.model.rpartition(".")[2] for t in project.graph.tables if t.id in tables and t.model and t.kind == "entity"})
    routes = sum(1 for r in project.graph.routes if project.module_of.get(r.handler, r.handler) in members)
    tasks = sum(1 for t in project.graph.tasks if project.module_of.get(t.definition, t.definition) in members)
    shown = ", ".join(models[:6]) + (f" and {len(models) - 6} more" if len(models) > 6 else "")
    return f"{shown or 'no tables'}; {routes} routes, {tasks} tasks"


def _advice(figures: Scores) -> str:
    """A sentence when the best cut is weak, with the figures that say so; ``""`` when it is good enough."""
    reasons = []
    if figures.contexts < 2:
        reasons.append(f"{figures.contexts} context found")
    if figures.inter_context_share > 0.5:
        reasons.append(f"{figures.inter_context_share:.0%} of dependencies cross contexts")
    if figures.largest_share > score.GOOD_LARGEST:
        reasons.append(f"the largest context holds {figures.largest_share:.0%} of the modules")
    if figures.stability < 0.5:
        reasons.append(f"the cut agrees with itself by {figures.stability:.2f} only when 5 % of the evidence is left out")
    if figures.modularity < 0.3 and figures.contexts > 1:
        reasons.append(f"modularity is {figures.modularity:.2f}")
    return "Stay a modular monolith for now: " + ", ".join(reasons) + "." if reasons else ""


