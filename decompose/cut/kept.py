"""The accepted map, kept: what a later run may change of it, and why.

A person has looked at a map and accepted it; code that changed a little is no reason to look at another one. So, where there is an accepted
map:

* a module stays where it was. It moves when the evidence as a whole puts it elsewhere, another context pulls it more than :data:`MARGIN` times
  as strongly as its own, and that is more than :data:`MARGIN` times what it was when it came there. The last comparison matters because a good
  cut leaves some modules with strong pulls to both sides. The strongest single tie is left out of what pulls now. So nothing moves by one
  import more: it is one tie, and it weakens others, by damping, by a factor of 1.42 at most.
* a module becomes shared by the same margin, of all other contexts' pull together against its own context's.
* what is shared stays so, unless it has come to write data, serve routes or run tasks: a library with one user left is still a library.
* a new module goes where it is pulled most, to the shared code only if the evidence says so.
* tests and migrations follow their code, and stay while it is a matter of votes within the margin.
* definitions of a file that was taken apart stay where they were; new ones of it go where the evidence puts them.
* contexts keep their names. One appears when modularity rises by :data:`GAIN` at least, or by :data:`NEW_GAIN` when only new modules go to it;
  one disappears when modularity rises by :data:`GAIN` without it, or when nothing of it is left.

The accepted map counts as it was before decisions, which apply anew: without them everything is where it was before them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from decompose.cut.naming import SHARED, group_name
from decompose.cut.partition import Adjacency, agreement, modularity
from decompose.cut.survey import Draft, Survey, pulls
from decompose.model.contexts import Change, ContextMap, Placed

MARGIN = 1.5
GAIN = 0.02
NEW_GAIN = 0.002

_MOST = 1000.0
"""The pull of others, relative to a context's own, for what its own context does not pull at all."""

_ROUNDS = 4


@dataclass
class Reasons:
    """Why something is not as accepted: by node and by context. ``anew`` is the reason when the map was not kept at all."""

    nodes: dict[str, str] = field(default_factory=dict)
    contexts: dict[str, str] = field(default_factory=dict)
    anew: str = ""


def keep(cut: Draft, survey: Survey, previous: ContextMap) -> Reasons:
    """Brings ``cut`` back to the accepted map, but for what has to change; the reasons of that."""
    accepted = {each.node: each for each in previous.proposal}
    reasons = Reasons()
    if not accepted:
        reasons.anew = "the accepted map does not say where the evidence put things"
        return reasons
    count = len({each.context for each in accepted.values()} - {SHARED})
    config = survey.config
    if count < config.contexts_min or (config.contexts_max and count > config.contexts_max):
        wanted = f"{config.contexts_min}" if config.contexts_min == config.contexts_max else f"{config.contexts_min} to {config.contexts_max}"
        reasons.anew = f"{wanted} contexts were asked for, {count} were accepted"
        return reasons
    map_ = _Kept(cut, survey, accepted, reasons, frozenset(previous.unassigned))
    map_.place_new()
    map_.move()
    map_.appear()
    map_.disappear()
    map_.finish()
    return reasons


class _Kept:
    """The accepted places under the new evidence; alive only inside :func:`keep`."""

    def __init__(self, cut: Draft, survey: Survey, accepted: Mapping[str, Placed], reasons: Reasons, without: Collection[str]) -> None:
        self.cut = cut
        self.survey = survey
        self.accepted = accepted
        self.reasons = reasons
        self.without = without
        self.whole = survey.coupling
        self.fresh = dict(cut.place)
        self.tops = {d.id: d.top for d in survey.graph.definitions if d.id not in survey.modules}
        self.nodes = sorted({*self.whole.nodes, *cut.place} - self.tops.keys())
        self.place = {node: accepted[node].context for node in self.nodes if node in accepted}
        self.same = _counterparts(self.fresh, self.place, survey.modules)

    def aligned(self, node: str) -> str:
        """Where the new evidence puts a node, under the accepted name; the new name for a context without a counterpart."""
        name = self.fresh.get(node, "")
        return self.same.get(name, name)

    def pull(self, node: str) -> dict[str, float]:
        index = self.whole.index.get(node)
        return {} if index is None else pulls(self.whole, index, self.place)

    # --- modules -------------------------------------------------------------------------------

    def place_new(self) -> None:
        """Gives what is new to the context that pulls it most, the strongest first."""
        waiting = [node for node in self.nodes if node not in self.accepted and node in self.fresh]
        for node in waiting:
            if self.fresh.get(node) == SHARED:
                self.place[node] = SHARED
                self.reasons.nodes[node] = f"{self._came(node)}; most contexts use it, or it wires them together"
        waiting = [node for node in waiting if node not in self.place]
        while waiting:
            found: dict[str, str] = {}
            for node in waiting:
                domain = {name: value for name, value in self.pull(node).items() if name != SHARED}
                if domain:
                    found[node] = min(domain, key=lambda name: (-domain[name], name))
                    self.reasons.nodes[node] = f"{self._came(node)}; {self._pulled(node, found[node], domain[found[node]])}"
            if not found:
                break
            self.place.update(found)
            waiting = [node for node in waiting if node not in found]
        for node in waiting:
            if name := self.aligned(node):
                self.place[node] = name
                self.reasons.nodes[node] = f"{self._came(node)}; lies beside it"

    def _came(self, node: str) -> str:
        return "had no context" if node in self.without else "new"

    def move(self) -> None:
        """Moves what is now pulled elsewhere by the margin."""
        for _ in range(_ROUNDS):
            moved: dict[str, str] = {}
            for node in self.nodes:
                home = self.place.get(node, "")
                if node not in self.accepted or self.accepted[node].context != home or node not in self.whole.index or self.aligned(node) == home:
                    continue
                target = self._drawn(node, home)
                if target:
                    moved[node] = target
            if not moved:
                return
            self.place.update(moved)

    def _drawn(self, node: str, home: str) -> str:
        """The context that a node has to go to, ``""`` for none."""
        if home == SHARED and node in self.survey.modules and node not in self.survey.writing:
            return ""
        pull = self.pull(node)
        rival, best, others = _tension(pull, home, self._strongest_tie(node, home))
        then = self.accepted[node]
        if best and rival > MARGIN and rival > MARGIN * then.rival:
            self.reasons.nodes[node] = f"{self._pulled(node, best, pull[best])}, with {_held(pull, home)} at home"
            return best
        if home != SHARED and self.fresh.get(node) == SHARED and others > MARGIN and others > MARGIN * then.others:
            count = len([name for name in pull if name not in (home, SHARED)])
            self.reasons.nodes[node] = f"{count} other contexts pull it, together {others:.1f} times as strongly as {home}"
            return SHARED
        return ""

    def _strongest_tie(self, node: str, home: str) -> dict[str, float]:
        """For each other context the weight of the node's strongest tie with it."""
        found: dict[str, float] = {}
        for other, weight in self.whole.graph[self.whole.index[node]].items():
            name = self.place.get(self.whole.nodes[other], "")
            if name not in ("", home, SHARED):
                found[name] = max(found.get(name, 0.0), weight)
        return found

    def _pulled(self, node: str, context: str, strength: float) -> str:
        """The pull in words, with its strongest piece of evidence."""
        number = self.whole.index[node]
        strongest, kind, other = 0.0, "", ""
        for name, links in sorted(self.whole.links.items()):
            for neighbour in self.whole.graph[number]:
                there = self.whole.nodes[neighbour]
                weight = self.whole.weights.get(name, 0.0) * links.get((min(number, neighbour), max(number, neighbour)), 0.0)
                if self.place.get(there) == context and (weight, there) > (strongest, other):
                    strongest, kind, other = weight, name, there
        by = f", most by {kind} ({other.partition(':')[2] or other})" if kind else ""
        return f"pulled by {context} with {strength:.2f}{by}"

    # --- contexts ------------------------------------------------------------------------------

    def appear(self) -> None:
        """Makes a context of a group of the new evidence that has no counterpart, where the figures say so."""
        used = {*self.place.values(), *(each.context for each in self.accepted.values())}
        for name in sorted({*self.fresh.values()} - set(self.same) - {SHARED}):
            nodes = [node for node in self.nodes if self.fresh.get(node) == name]
            modules = [node for node in nodes if node in self.survey.modules]
            added = [node for node in modules if node not in self.accepted]
            only_new = 2 * len(added) >= len(modules)
            group = [node for node in nodes if node not in self.accepted] if only_new else nodes
            if len(added if only_new else modules) < 2:
                continue
            if all(self.place.get(node) == name for node in group):
                self.reasons.contexts[name] = f"{len(modules)} new modules that no accepted context pulls"
                continue
            called = group_name(self.survey, added if only_new else modules, used)
            gain = self._gain(dict.fromkeys(group, called))
            if gain >= (NEW_GAIN if only_new else GAIN):
                self.place.update((node, called) for node in group)
                used.add(called)
                self.reasons.contexts[called] = f"modularity rises by {gain:.3f} with it"
                self.reasons.nodes.update((node, f"with the new context {called}") for node in group)

    def disappear(self) -> None:
        """Joins a context that has no counterpart in the new evidence with its nearest, where the figures say so."""
        for name in sorted({*self.place.values()} - set(self.same.values()) - set(self.reasons.contexts) - {SHARED}):
            nodes = [node for node in self.nodes if self.place.get(node) == name]
            votes = Counter(self.aligned(node) for node in nodes if node in self.survey.modules)
            near = {other: count for other, count in votes.items() if other in self.same.values() and other != name}
            if not near:
                continue
            target = min(near, key=lambda other: (-near[other], other))
            gain = self._gain(dict.fromkeys(nodes, target))
            if gain >= GAIN:
                self.place.update((node, target) for node in nodes)
                self.reasons.contexts[name] = f"modularity rises by {gain:.3f} when it is part of {target}"
                self.reasons.nodes.update((node, f"with all of {name}") for node in nodes)

    def _gain(self, changed: Mapping[str, str]) -> float:
        return self._modularity({**self.place, **changed}) - self._modularity(self.place)

    def _modularity(self, place: Mapping[str, str]) -> float:
        nodes = [node for node in self.whole.nodes if place.get(node, SHARED) != SHARED]
        number = {self.whole.index[node]: position for position, node in enumerate(nodes)}
        graph: Adjacency = [{number[j]: w for j, w in self.whole.graph[i].items() if j in number} for i in number]
        names = {name: position for position, name in enumerate(sorted({place[node] for node in nodes}))}
        return modularity(graph, [names[place[node]] for node in nodes])

    # --- the result ----------------------------------------------------------------------------

    def finish(self) -> None:
        """Writes the kept map into the cut; its figures are those of the new evidence as far as the two agree."""
        cut, modules = self.cut, self.survey.modules
        apart = self._apart()
        present = {name for node, name in self.place.items() if node in modules} | set(apart.values())
        self.place = {node: name for node, name in self.place.items() if name in present}
        same = {node: self.aligned(node) for node in cut.apart} == apart
        if not same or any(self.place.get(node, "") != self.aligned(node) for node in self.nodes):
            both = [node for node in self.nodes if node in modules and node in self.place and node in self.fresh]
            cut.overall *= max(0.0, agreement(_numbers(self.place[node] for node in both), _numbers(self.fresh[node] for node in both)))
            cut.modularity = self._modularity(self.place)
        cut.stability = self._stability(present)
        cut.apart = set(apart)
        self.place.update((definition, apart[top]) for definition, top in self.tops.items() if top in apart)
        cut.place = self.place
        cut.roles = {name: "shared" if name == SHARED else "domain" for name in sorted(present)}

    def _apart(self) -> dict[str, str]:
        """The definitions that leave their module: those of the accepted map, and new ones of files that were taken apart before, or are new."""
        module_of = self.survey.module_of
        known = {top for top in self.tops.values() if top in self.accepted}
        opened = {module_of[top] for top in known}
        found: dict[str, str] = {}
        for top in sorted(set(self.tops.values()) - self.survey.modules.keys()):
            module = module_of[top]
            if top in known:
                context = self.accepted[top].context
            elif top in self.cut.apart and (module in opened or module not in self.accepted):
                context = self.aligned(top)
                self.reasons.nodes[top] = "new; goes where the evidence puts it, out of a file of several contexts"
            else:
                continue
            if context and context != self.place.get(module):
                found[top] = context
        lived = {*self.place.values()}
        return {top: context for top, context in found.items() if context in lived or context in {self.accepted[t].context for t in known}}

    def _stability(self, present: Iterable[str]) -> dict[str, float]:
        """Of each context what its nearest counterpart in the new evidence has, in so far as the two overlap (Jaccard)."""
        mine, theirs = _groups(self.place, self.survey.modules), _groups(self.fresh, self.survey.modules)
        back = {old: new for new, old in self.same.items()}
        found = {}
        for name in present:
            own = mine.get(name, set())
            if not own:
                found[name] = self.cut.stability.get(back.get(name, name), 1.0)
                continue
            shares = [
                self.cut.stability.get(other, 1.0) * len(own & theirs[other]) / len(own | theirs[other])
                for other in sorted({self.fresh[node] for node in own if node in self.fresh})
            ]
            found[name] = max(shares, default=0.0)
        return found


def _counterparts(fresh: Mapping[str, str], accepted: Mapping[str, str], modules: Mapping[str, object]) -> dict[str, str]:
    """The accepted context of each new one: pairs by the number of modules in common, each context in one pair at most."""
    common = Counter((fresh[node], accepted[node]) for node in accepted if node in fresh and node in modules)
    found: dict[str, str] = {SHARED: SHARED}
    for (new, old), _ in sorted(common.items(), key=lambda item: (-item[1], item[0])):
        if new not in found and old not in found.values():
            found[new] = old
    return found


def _groups(place: Mapping[str, str], modules: Mapping[str, object]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node, name in place.items():
        if node in modules:
            found.setdefault(name, set()).add(node)
    return found


def _numbers(names: Iterable[str]) -> list[int]:
    numbers: dict[str, int] = {}
    return [numbers.setdefault(name, len(numbers)) for name in names]


def _held(pull: Mapping[str, float], home: str) -> str:
    return f"{sum(value for name, value in pull.items() if name == home):.2f}"


def _tension(pull: Mapping[str, float], home: str, tie: Mapping[str, float]) -> tuple[float, str, float]:
    """How strongly the next best context pulls, which it is, and how strongly all others do, relative to ``home``.

    Shared code pulls nothing: it is used by all. For something shared the next best is measured against all others. ``tie`` is what is left out of the
    pull of each context, and its largest out of that of all.
    """
    domain = {name: value for name, value in pull.items() if name not in (home, SHARED)}
    best = min(domain, key=lambda name: (-domain[name], name), default="")
    everything = sum(domain.values())
    own = everything - domain.get(best, 0.0) if home == SHARED else pull.get(home, 0.0)
    most = max(tie.values(), default=0.0)
    return _ratio(domain.get(best, 0.0) - tie.get(best, 0.0), own), best, _ratio(everything - most, own)


def _ratio(others: float, own: float) -> float:
    return min(others / own, _MOST) if own > 0.0 else _MOST if others > 1e-9 else 0.0


# --- for the next run ----------------------------------------------------------------------------


def recorded(cut: Draft, survey: Survey, previous: ContextMap | None) -> tuple[Placed, ...]:
    """The cut before decisions, with how firmly everything stood when it came where it is."""
    before = {each.node: each for each in previous.proposal} if previous is not None else {}
    whole = survey.coupling
    found = []
    # Of a file that is taken apart all definitions count, so that a later run knows the new ones.
    opened = {survey.module_of[definition] for definition in cut.apart}
    tops = {d.id: d.top for d in survey.graph.definitions if d.id not in survey.modules}
    place = {node: name for node, name in cut.place.items() if node not in tops}
    for top in set(tops.values()) - survey.modules.keys():
        home = cut.place.get(survey.module_of[top], "")
        if survey.module_of[top] in opened and home:
            place[top] = cut.place[top] if top in cut.apart else home
    for node, context in sorted(place.items()):
        known = before.get(node)
        if known is not None and known.context == context:
            found.append(known)
            continue
        pull = pulls(whole, whole.index[node], cut.place) if node in whole.index else {}
        rival, _, others = _tension(pull, context, {})
        found.append(Placed(node, context, round(rival, 4), round(others, 4)))
    return tuple(found)


def placed_before(previous: ContextMap | None) -> dict[str, str]:
    """Where the evidence put everything in the accepted map, empty without one."""
    return {each.node: each.context for each in previous.proposal} if previous is not None else {}


# --- differences ---------------------------------------------------------------------------------


def with_changes(found: ContextMap, previous: ContextMap, reasons: Reasons | None = None) -> ContextMap:
    """``found`` with every difference from the accepted map; without ``reasons`` it was proposed anew."""
    why = reasons or Reasons(anew="proposed anew")
    changes = [
        *_of_contexts(found, previous, why),
        *_of_modules(found, previous, why),
        *_between("definition", dict(previous.definitions), dict(found.definitions), lambda each: why.nodes.get(each) or why.anew or "its module or a decision has changed"),
        *_of_tables(found, previous),
    ]
    return msgspec.structs.replace(found, kept=not why.anew, changes=tuple(changes))


def _of_contexts(found: ContextMap, previous: ContextMap, why: Reasons) -> list[Change]:
    then, now = ({context.name: context.name for context in each.contexts} for each in (previous, found))

    def reason(name: str) -> str:
        return why.contexts.get(name) or why.anew or ("nothing of it is left" if name in then else "a decision in decompose.toml, or the first shared code")

    return _between("context", then, now, reason)


def _of_modules(found: ContextMap, previous: ContextMap, why: Reasons) -> list[Change]:
    then = {membership.module: membership.context for membership in previous.memberships}
    now = {membership.module: membership for membership in found.memberships}
    evidence_then = {each.node: each.context for each in previous.proposal}
    evidence_now = {each.node: each.context for each in found.proposal}

    def reason(module: str) -> str:
        membership = now.get(module)
        if membership is None:
            return "nothing speaks for a context any more" if module in found.unassigned else "gone"
        if membership.pinned:
            return "decided in decompose.toml"
        if module in why.nodes or why.anew:
            return why.nodes.get(module) or why.anew
        if membership.context != evidence_now.get(module):
            return "follows from a decision in decompose.toml"
        if evidence_then.get(module) == evidence_now[module]:
            return "a decision in decompose.toml is gone"
        return "goes with the code of its package" if module in then else "new; goes with the code of its package"

    return _between("module", then, {module: each.context for module, each in now.items()}, reason)


def _of_tables(found: ContextMap, previous: ContextMap) -> list[Change]:
    then, now = ({entry.table: entry.owner for entry in each.ownership} for each in (previous, found))
    reasons = {entry.table: entry.reason for entry in found.ownership}
    return _between("table", then, now, lambda table: reasons.get(table, "gone"))


def _between(kind: str, then: Mapping[str, str], now: Mapping[str, str], reason: Callable[[str], str]) -> list[Change]:
    return [
        Change(subject, kind, then.get(subject, ""), now.get(subject, ""), reason(subject))  # type: ignore[arg-type]
        for subject in sorted({*then, *now})
        if then.get(subject, "") != now.get(subject, "")
    ]
