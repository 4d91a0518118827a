"""The cut: which modules form a bounded context, found from evidence, corrected by what a person decided.

The order of things: project glue is set apart by what it is, the rest is cut by its coupling at the resolution that
:func:`chosen_cut` picks, shared code is recognised by who uses it and set apart, what is left is cut again and named. Only then do
decisions from ``decompose.toml`` apply, so that a decision moves what it names and what follows from that, and nothing else.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from decompose.cut import score
from decompose.cut.atoms import Atoms, atoms, mixed, settled
from decompose.cut.consensus import consensus
from decompose.cut.coupling import Observed
from decompose.cut.crud import crud, own_tables
from decompose.cut.decided import decide
from decompose.cut.joins import with_joins
from decompose.cut.kept import MARGIN, keep, placed_before, recorded, with_changes
from decompose.cut.kernel import shared_kernel
from decompose.cut.naming import SHARED, context_names
from decompose.cut.ownership import foreign_keys, ownership
from decompose.cut.partition import Adjacency, communities, modularity, renumbered
from decompose.cut.resolution import Candidate, candidates, chosen, neighbours, without_slivers
from decompose.cut.survey import Draft, Survey, pulls
from decompose.cut.transactions import in_contexts
from decompose.cut.words import domain_words, singular, words
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import Context, ContextMap, Membership, OtherCut, Scores
from decompose.model.settings import Config, ContextSettings

_FIRST = 1.4
"""The resolution of the rough cut that shows who uses what from where."""

_DEFINITION, _WITH_TABLE, _OF_ONE_FILE = 0.25, 0.5, 1.5
"""The size of a definition in a file that is taken apart, in modules; of one that maps a table, and of the rest of the file; and the most
that all other definitions of one file count together."""

_KNOWN = 8
"""Keys to a table that count for the name of its context."""

_MODELS = 2.0

_HUB_USERS = 2 / 3


def propose(
    graph: CodeGraph,
    config: Config,
    commits: Iterable[Collection[str]] = (),
    observed: Observed | None = None,
    previous: ContextMap | None = None,
) -> ContextMap:
    """The context map of a project: the same for the same graph, configuration, commits and observations.

    Each of ``commits`` is the set of paths that one commit changed; ``observed`` is what was seen elsewhere, at run time for example.
    ``previous`` is the accepted map: it is kept, but for what :mod:`decompose.cut.kept` says. Raises :class:`ConfigError` when a decision names modules or
    contexts that do not exist, or two decisions contradict each other.
    """
    project = Survey(graph, config, tuple(commits), observed)
    search = _Search(project)
    cut = search.cut(search.choice)
    reasons = keep(cut, project, previous) if previous is not None else None
    undecided = Draft(dict(cut.place), dict(cut.roles), apart=cut.apart)
    _place_followers(undecided, project, placed_before(previous))
    proposal = recorded(undecided, project, previous)
    decide(cut, project)
    others = []
    for other in search.others:
        draft = search.cut(other)
        # What decisions name may not exist in a cut that was not chosen: it is shown as the evidence has it.
        found = _context_map(draft, project, {})
        kind: Literal["coarser", "finer"] = "coarser" if other.resolution < search.choice.resolution else "finer"
        others.append(OtherCut(kind, other.resolution, tuple((c.name, c.modules) for c in found.contexts), found.scores, found.definitions))
    found = replace(_with_data(_context_map(cut, project, undecided.place), graph), others=tuple(others), proposal=proposal)
    return found if previous is None else with_changes(found, previous, reasons)


# --- from evidence -----------------------------------------------------------------------------


def _size(parts: Atoms, atom: str, models: Collection[str]) -> float:
    """The size of an atom in modules: a file that is taken apart counts by its parts, those that map a table for more."""
    if parts.module[atom] not in parts.opened:
        return 1.0
    if atom in models or parts.module[atom] == atom:
        return _WITH_TABLE
    return min(_DEFINITION, _OF_ONE_FILE / len(parts.inside[parts.module[atom]]))


class _Search:
    """The cuts that the evidence gives: which modules are shared, which are taken apart, and the communities of the rest."""

    def __init__(self, project: Survey) -> None:
        self.project = project
        self._finals: dict[float, tuple[list[int], dict[str, int], dict[str, int]]] = {}
        whole = project.coupling
        # Only shows who uses what from where: needs no seed.
        first = communities(whole.graph, _FIRST)
        rough = dict(zip(whole.nodes, first, strict=True))
        self.kernel = shared_kernel(project, rough)
        opened = mixed(project.graph, [m for m in project.members if m not in self.kernel], rough)
        self.parts = atoms(project.graph, project.members, opened)
        full = project.coupling_of(self.parts) if opened else whole
        kept = [i for i, node in enumerate(full.nodes) if self.parts.module.get(node, node) not in self.kernel]
        number = {node: position for position, node in enumerate(kept)}
        self.graph: Adjacency = [{number[j]: w for j, w in full.graph[i].items() if j in number} for i in kept]
        self.nodes = [full.nodes[i] for i in kept]
        atoms_here = self.nodes[: sum(1 for i in kept if i < full.atoms)]
        models = {self.parts.of.get(table.model, "") for table in project.graph.tables}
        self.sizes = [_size(self.parts, atom, models) for atom in atoms_here]
        tables = {node.removeprefix("table:"): p for p, node in enumerate(self.nodes) if node.startswith("table:")}
        written = [[tables[table] for table in unit.written if table in tables] for unit in project.units]
        config = project.config
        self.agreed = consensus(self.graph, config.seed)
        self.found = candidates(self.agreed, self.sizes, written, finer=config.contexts_min > 0)
        self.rich = self._with_tables()
        self.mapped: dict[str, set[int]] = {}
        """Nodes of the tables that every atom maps."""
        for table in project.graph.tables:
            atom = self.parts.of.get(table.model, "")
            if atom and table.id in tables:
                self.mapped.setdefault(atom, set()).add(tables[table.id])

        if config.contexts_min or config.contexts_max:
            self.found = [dataclasses.replace(each, contexts=self.contexts(each)) for each in self.found]
        self.choice = chosen(self.found, config)
        self.others = neighbours(self.found, self.choice, self.contexts)

    def contexts(self, candidate: Candidate) -> int:
        """How many contexts are left of a cut in the end, shared code apart."""
        _, modules, apart = self._final(candidate)
        return len({*modules.values(), *apart.values()})

    def _final(self, candidate: Candidate) -> tuple[list[int], dict[str, int], dict[str, int]]:
        """The community of every node (-1: none), of every module, and of the definitions that leave theirs."""
        if candidate.resolution not in self._finals:
            project = self.project
            atoms_here = self.nodes[: len(self.sizes)]
            membership = list(candidate.membership)
            if project.coupling.weights["package"] > 0.0:
                membership = _settled(project, self.graph, atoms_here, self.parts, membership, self.mapped)
            membership = without_slivers(self.graph, self.sizes, self._whole(membership), self.rich)
            place = {node: c for node, c in zip(self.nodes, membership, strict=True) if c >= 0}
            self._finals[candidate.resolution] = (membership, *settled(self.parts, place))
        return self._finals[candidate.resolution]

    def cut(self, candidate: Candidate) -> Draft:
        """The cut as the evidence has it, named."""
        project, nodes = self.project, self.nodes
        if not project.members:
            return Draft({}, {})
        atoms_here = nodes[: len(self.sizes)]
        membership, modules, apart = self._final(candidate)
        place = {node: c for node, c in zip(nodes, membership, strict=True) if c >= 0}
        cut = _named(project, modules, apart, place, self.kernel)
        cut.modularity = modularity(self.graph, renumbered([c if c >= 0 else len(nodes) + p for p, c in enumerate(membership)]))
        self._firm(cut, atoms_here, candidate)
        _place_lonely(cut, project)
        return cut

    def _whole(self, membership: Sequence[int]) -> list[int]:
        """The cut after the definitions of files that move whole are with their file, and the tables that they map with them."""
        found = list(membership)
        modules, apart = settled(self.parts, dict(zip(self.nodes, membership, strict=True)))
        for position, atom in enumerate(self.nodes[: len(self.sizes)]):
            module = self.parts.module[atom]
            if module in self.parts.opened:
                found[position] = apart.get(atom, modules[module])
                for node in self.mapped.get(atom, ()):
                    if membership[node] == membership[position]:
                        found[node] = found[position]
        return found

    def _firm(self, cut: Draft, atoms_here: Sequence[str], candidate: Candidate) -> None:
        groups: dict[str, list[int]] = {}
        for position, atom in enumerate(atoms_here):
            groups.setdefault(cut.place.get(atom) or cut.place.get(self.parts.module[atom], ""), []).append(position)
        groups.pop("", None)
        for name, members in sorted(groups.items()):
            firm = self.agreed.firmness(members, candidate.resolution)
            cut.stability[name] = sum(firm.values()) / len(firm)
            cut.firmness.update((atoms_here[position], share) for position, share in firm.items())
        shares = list(cut.firmness.values())
        cut.overall = sum(shares) / len(shares) if shares else 1.0

    def _with_tables(self) -> set[int]:
        """Nodes that give their group data of its own: atoms that declare tables, and tables of files that hold everybody's."""
        project = self.project
        models = {self.parts.of.get(table.model, "") for table in project.graph.tables}
        applications = project.packages.applications
        loose = {
            f"table:{table.id}"
            for table in project.graph.tables
            if table.kind != "framework" and project.outer_of.get(project.module_of.get(table.model, ""), "") not in applications
        }
        return {position for position, node in enumerate(self.nodes) if node in models or node in loose}


def _settled(
    project: Survey, graph: Adjacency, atoms_here: Sequence[str], parts: Atoms, membership: Sequence[int], tables: Mapping[str, Collection[int]]
) -> list[int]:
    """The cut after modules that left their application without strong evidence are back in it.

    Modularity lets small groups take single modules from a large one. A module stays away from where most of its application is
    only if it is coupled more with where it went, one with tables (an application's heart) only if :data:`_MODELS` times as much. The ``tables`` that an atom maps (nodes) go along with it, so they speak for neither.
    """
    modules = [parts.module[atom] for atom in atoms_here]
    inside: dict[str, Counter[int]] = {}
    for position, module in enumerate(modules):
        inside.setdefault(project.outer_of[module], Counter())[membership[position]] += 1
    found = list(membership)
    for position, module in enumerate(modules):
        application = project.outer_of[module]
        if application not in project.packages.applications:
            continue
        home = min(inside[application], key=lambda c: (-inside[application][c], c))
        away = found[position]
        if away != home:
            own = tables.get(atoms_here[position], ())
            pull: dict[int, float] = {}
            for node in (position, *own):
                for other, weight in graph[node].items():
                    if other != position and other not in own:
                        pull[found[other]] = pull.get(found[other], 0.0) + weight
            if (_MODELS if own else 1.0) * pull.get(home, 0.0) >= pull.get(away, 0.0):
                found[position] = home
                for node in own:
                    if found[node] == away:
                        found[node] = home
    return found


def _named(
    project: Survey, modules: Mapping[str, int], apart: Mapping[str, int], place: Mapping[str, int], kernel: Collection[str]
) -> Draft:
    groups: dict[int, list[str]] = {community: [] for community in {*modules.values(), *apart.values()}}
    for module in sorted(modules):
        groups[modules[module]].append(module)
    order = sorted(groups, key=lambda community: (min(groups[community], default="~"), community))
    tops = {d.id: apart[d.top] for d in project.graph.definitions if d.top in apart}

    def group_of(definition: str) -> int | None:
        return tops.get(definition, modules.get(project.module_of.get(definition, definition)))

    tables: dict[int, list[str]] = {}
    # What others refer to is what a context is known for: it counts again for each key.
    referred = Counter(key.target for key in project.graph.foreign_keys if key.table != key.target)
    for table in project.graph.tables:
        group = group_of(table.model) if table.model else place.get(f"table:{table.id}")
        if group is not None and table.kind == "entity":
            tables.setdefault(group, []).extend([table.model.rpartition(".")[2] or table.id] * (1 + min(referred[table.id], _KNOWN)))
    routes: dict[int, list[str]] = {}
    for route in project.graph.routes:
        group = group_of(route.handler)
        if group is not None and route.is_url and route.kind != "admin":
            routes.setdefault(group, []).append(route.path)
    names = context_names(
        [groups[c] for c in order],
        project.package_of,
        [tables.get(c, []) for c in order],
        [routes.get(c, []) for c in order],
    )
    name_of = dict(zip(order, names, strict=True))
    named = {node: name_of[c] for node, c in place.items() if c in name_of and (node.startswith("table:") or ":" in node)}
    named.update((module, name_of[c]) for module, c in modules.items())
    named.update((definition, name_of[c]) for definition, c in tops.items())
    named.update((module, SHARED) for module in [*kernel, *project.glue])
    roles = dict.fromkeys(names, "domain")
    if SHARED in named.values():
        roles[SHARED] = "shared"
    return Draft(named, roles, apart=set(apart))


def _place_lonely(cut: Draft, project: Survey) -> None:
    """Modules without any link go where most of their folder is: first that of their application, then the innermost."""
    technical = {module for module in project.members if module not in cut.place and project.in_technical_folder(module)}
    cut.place.update((module, SHARED) for module in technical)
    if technical:
        cut.roles[SHARED] = "shared"
    for module in project.members:
        if module in cut.place:
            continue
        folders = [project.outer_of[module], module, module.rpartition(".")[0]]
        for folder in filter(None, folders):
            near = Counter(cut.place[m] for m in project.code if m in cut.place and m.startswith(f"{folder}."))
            if near and folder not in project.packages.containers:
                cut.place[module] = max(near, key=lambda name: (near[name], name))
                break


# --- the result --------------------------------------------------------------------------------


def _context_map(cut: Draft, project: Survey, undecided: Mapping[str, str]) -> ContextMap:
    graph, config = project.graph, project.config
    _place_followers(cut, project, undecided)
    home, split = _homes(cut, project)
    _assign_roles(cut, project, home)
    place = {m: cut.place[m] for m in project.modules if m in cut.place}
    place.update((d.id, split[d.top]) for d in graph.definitions if d.top in split)
    decided = {table.id: cut.place[module] for table in graph.tables if (module := project.module_of.get(table.model, "")) in cut.pinned}
    decided = {table: context for table, context in decided.items() if cut.roles.get(context) != "shared"}
    decided.update((table.id, cut.definitions[table.model]) for table in graph.tables if table.model in cut.definitions)
    owned = ownership(graph, place, home, cut.roles, project.units, config, decided)
    owner = {entry.table: entry.owner for entry in owned}
    shared = {name for name, role in cut.roles.items() if role == "shared"}
    keys = foreign_keys(graph, owner, shared)
    transactions = in_contexts(project.units, owner, shared)
    memberships, cohesion = _memberships(cut, project)
    figures = score.scores(graph, project.dependencies, cut.place, cut.roles, owned, keys, transactions, cut.modularity, cut.overall)
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
                description=own.description or _description(name, tables, project, place, cut.roles[name]),
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
        definitions=tuple(sorted(split.items())),
        advice=_advice(figures, config),
    )


def _with_data(found: ContextMap, graph: CodeGraph) -> ContextMap:
    """The map with what its code does to whose tables, and where it goes through the keys that are cut."""
    place = {membership.module: membership.context for membership in found.memberships}
    split = dict(found.definitions)
    place.update((definition.id, split[definition.top]) for definition in graph.definitions if definition.top in split)
    matrix = crud(graph, place)
    own_data, exclusivity = own_tables(matrix, {entry.table: entry.owner for entry in found.ownership})
    contexts = tuple(replace(each, own_data=own_data.get(each.name, 1.0), exclusivity=exclusivity.get(each.name, 1.0)) for each in found.contexts)
    return replace(found, contexts=contexts, crud=matrix, foreign_keys=with_joins(graph, found.foreign_keys, place))


def _place_followers(cut: Draft, project: Survey, earlier: Mapping[str, str]) -> None:
    """Tests and migrations go with the code of their package, else with the code they import, else with a word of their name.

    They stay where they were ``earlier`` unless more code, by the margin of accepted maps, is elsewhere.
    """
    by_package: dict[str, Counter[str]] = {}
    beside = Counter(project.package_of[module] for module in project.code if cut.place.get(module) == SHARED)
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
        here = earlier.get(module, "")
        held = (beside[package] if here == SHARED else votes[here]) if votes else 0
        if votes and held and max(votes.values()) <= MARGIN * held:
            cut.place[module] = here
        elif package in shared_packages:
            cut.place[module] = SHARED
        elif votes:
            cut.place[module] = max(votes, key=lambda name: (votes[name], name))
        else:
            named = [by_word[word] for word in domain_words(module.rpartition(".")[2]) if word in by_word]
            cut.place[module] = named[0] if named else SHARED
            if not named:
                cut.roles.setdefault(SHARED, "shared")
    cut.roles = dict(sorted(cut.roles.items()))


def _homes(cut: Draft, project: Survey) -> tuple[dict[str, str], dict[str, str]]:
    """The context of each table's declaration, and the definitions that go elsewhere than their module."""
    split = {}
    for definition in sorted(cut.apart):
        module = project.module_of[definition]
        context = cut.place[definition]
        barred = {*cut.barred.get(module, ()), *cut.barred.get(definition, ())}
        if module not in cut.pinned and context in cut.roles and context not in barred and context != cut.place.get(module):
            split[definition] = context
    for definition, context in cut.definitions.items():
        split.pop(definition, None)
        if context != cut.place.get(project.module_of.get(definition, "")):
            split[definition] = context
    top = {definition.id: definition.top for definition in project.graph.definitions if definition.top in split}
    home = {}
    for table in project.graph.tables:
        module = project.module_of.get(table.model, "")
        home[table.id] = split.get(top.get(table.model, ""), "") or cut.place.get(module or f"table:{table.id}", "")
    return home, split


def _assign_roles(cut: Draft, project: Survey, home: Mapping[str, str]) -> None:
    """A hub has a table that two thirds of the other contexts refer to: a context with a rule, not a reason to merge."""
    domain = {name for name, role in cut.roles.items() if role != "shared"}
    referring: dict[str, set[str]] = {}
    for key in project.graph.foreign_keys:
        source, target = home.get(key.table, ""), home.get(key.target, "")
        if source in domain and target in domain and source != target:
            referring.setdefault(key.target, set()).add(source)
    for table, sources in referring.items():
        if len(sources) >= max(3.0, _HUB_USERS * (len(domain) - 1)):
            cut.roles[home[table]] = "hub"


def _memberships(cut: Draft, project: Survey) -> tuple[tuple[Membership, ...], dict[str, float]]:
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
            pull = pulls(whole, index[module], cut.place)
            everything = sum(pull.values())
            inside[name] += pull.get(name, 0.0)  # type: ignore[assignment]
            total[name] += everything  # type: ignore[assignment]
            confidence = pull.get(name, 0.0) / everything if everything > 0.0 else 0.0
            others = {other: value for other, value in pull.items() if other not in (name, SHARED) and value > 0.0}
            alternative = max(sorted(others), key=lambda other: others[other], default="")
        firm = round(cut.firmness.get(module, 1.0), 4)
        found.append(Membership(module, name, round(confidence, 4), alternative, module in cut.pinned, firm))
    return tuple(found), {name: inside[name] / total[name] if total[name] > 0.0 else 0.0 for name in total}


def _description(name: str, tables: Sequence[str], project: Survey, place: Mapping[str, str], role: str) -> str:
    """What a context holds. ``place`` is the context of modules, and of the definitions that are not with theirs."""
    if role == "shared":
        return "shared kernel and project wiring: stays a library of the monolith and is copied where needed"

    def held(id: str) -> bool:
        return (place.get(id) or place.get(project.module_of.get(id, id))) == name

    models = sorted({t.model.rpartition(".")[2] for t in project.graph.tables if t.id in tables and t.model and t.kind == "entity"})
    routes = sum(1 for r in project.graph.routes if held(r.handler))
    tasks = sum(1 for t in project.graph.tasks if held(t.definition))
    shown = ", ".join(models[:6]) + (f" and {len(models) - 6} more" if len(models) > 6 else "")
    return f"{shown or 'no tables'}; {routes} {'route' if routes == 1 else 'routes'}, {tasks} {'task' if tasks == 1 else 'tasks'}"


def _advice(figures: Scores, config: Config) -> str:
    """A sentence when the best cut is weak, with the figures that say so; ``""`` when it is good enough."""
    told = [other_count(figures, config)]
    reasons = []
    if figures.contexts < 2:
        reasons.append("no context was found" if figures.contexts == 0 else "only one context was found")
    if figures.inter_context_share > 0.5:
        reasons.append(f"{figures.inter_context_share:.0%} of dependencies cross contexts")
    if figures.largest_share > score.GOOD_LARGEST:
        reasons.append(f"the largest context holds {figures.largest_share:.0%} of the modules")
    if figures.stability < 0.5:
        reasons.append(f"the cut agrees with itself by {figures.stability:.2f} when 5 % of the evidence is left out")
    if figures.modularity < 0.3 and figures.contexts > 1:
        reasons.append(f"modularity is {figures.modularity:.2f}")
    drawn = " To draw contexts by hand, name their modules under [contexts.NAME] in decompose.toml." if figures.contexts < 2 else ""
    told.append("Stay a modular monolith for now: " + ", ".join(reasons) + "." + drawn if reasons else "")
    return " ".join(filter(None, told))


def other_count(figures: Scores, config: Config) -> str:
    """A sentence when the contexts are not as many as were asked for, ``""`` when they are or nobody asked."""
    least, most, found = config.contexts_min, config.contexts_max, figures.contexts
    if not least or least <= found <= most:
        return ""
    wanted = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    were = "context was" if most == 1 else "contexts were"
    why = "the evidence gives no finer cut" if found < least else "what is decided in the settings or holds together gives no coarser one"
    return f"{wanted} {were} asked for, {found:,} {'is' if found == 1 else 'are'} what holds: {why}."


