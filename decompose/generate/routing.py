"""Which requests the load balancer moves: a context's routes as path patterns and prioritised rules.

A pattern of an Application Load Balancer knows only ``*`` (any run of characters, slashes too) and ``?``. So a pattern can
catch more than its route: where it would catch a route that stays in the monolith, a rule before it keeps that route, and
where no order of rules tells the two apart the route is left in the monolith and reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

import msgspec

from decompose.model.deployment import Gap, Rule
from decompose.model.facts import Route

# Quotas of Application Load Balancers and "Condition types for listener rules" in their user guide.
VALUES_PER_RULE = 5
VALUES_PER_CONDITION = 3
WILDCARDS_PER_RULE = 5
PATTERN_LENGTH = 128

_ALLOWED = re.compile(r"[A-Za-z0-9_\-.$/~\"'@:+&*?]*")
_PARAMETER = re.compile(r"<(?:(?P<converter>\w+)(?:\([^)]*\))?:)?\w+>|\{\w+(?::(?P<type>\w+))?\}")
# One group of a regular expression that stands for a part of a path, as routers and people write them.
_GROUP = re.compile(r"\((?:\?P<\w+>|\?:)?(?:\\[dwDWS]|\[[^\]]+\]|\.)(?:[+*]|\{[\d,]+\})\??\)")
_SAMPLES = {"int": "7", "float": "7.5", "path": "sample/path", "uuid": "00000000-0000-4000-8000-000000000000"}


class Pattern(msgspec.Struct, frozen=True, order=True):
    """A route as the load balancer sees it. ``samples`` are paths that the framework would send to the route."""

    glob: str
    samples: tuple[str, ...]
    route: str
    methods: tuple[str, ...]

    def catches(self, other: Pattern) -> bool:
        """Whether requests of ``other`` match this pattern, methods aside."""
        return any(_matches(self.glob, sample) for sample in other.samples)

    def shares_methods(self, other: Pattern) -> bool:
        return not self.methods or not other.methods or bool({*self.methods} & {*other.methods})


def rules(moved: Iterable[Route], stays: Iterable[Route], first: int = 1) -> tuple[tuple[Rule, ...], tuple[Gap, ...]]:
    """The listener rules that move ``moved`` and nothing of ``stays``, with priorities from ``first``, and what they cannot say."""
    patterns, gaps = _patterns(moved)
    others = _patterns(stays)[0]
    kept: dict[str, Pattern] = {}
    sent: list[Pattern] = []
    for pattern, route in patterns:
        conflicts = [other for other, _ in others if pattern.catches(other) and pattern.shares_methods(other)]
        blocking = next((o for o in conflicts if any(o.catches(mine) for mine, _ in patterns)), None)
        if blocking is not None:
            reason = f"the load balancer cannot tell it from {blocking.route}, which stays in the monolith"
            gaps.append(Gap(route.path, reason, route.at))
            continue
        kept.update({other.glob: other for other in conflicts})
        twins = any(pattern.catches(other) and not pattern.shares_methods(other) for other, _ in others)
        sent.append(pattern if twins else msgspec.structs.replace(pattern, methods=()))
    return tuple(_numbered(list(kept.values()), _without_covered(sent), first)), tuple(gaps)


def pattern_of(route: Route) -> tuple[tuple[Pattern, ...], str]:
    """The patterns that together stand for a route, or none and the reason."""
    if route.regex or "(?" in route.path or route.path.startswith("^"):
        texts, reason = _from_regex(route.path)
    else:
        texts, reason = (((_PARAMETER.sub("*", route.path), _sample(route.path)),), "")
    found = []
    for glob, sample in texts:
        glob = "/" + re.sub(r"\*+", "*", glob).lstrip("/")
        if glob == "/*":
            return (), "its pattern would catch every request"
        if not _ALLOWED.fullmatch(glob) or len(glob) > PATTERN_LENGTH:
            return (), "it holds characters or a length that a load balancer's pattern cannot have"
        if glob.count("*") > WILDCARDS_PER_RULE:
            return (), f"it has more than {WILDCARDS_PER_RULE} variable parts"
        found.append(Pattern(glob, ("/" + sample.lstrip("/"),), route.path, route.methods))
    return tuple(found), reason


def _patterns(routes: Iterable[Route]) -> tuple[list[tuple[Pattern, Route]], list[Gap]]:
    found: list[tuple[Pattern, Route]] = []
    gaps: list[Gap] = []
    for route in sorted(routes, key=lambda r: (r.path, r.methods, r.handler)):
        patterns, reason = pattern_of(route)
        found += [(pattern, route) for pattern in patterns]
        if reason:
            gaps.append(Gap(route.path, reason, route.at))
    return found, gaps


def _sample(path: str) -> str:
    return _PARAMETER.sub(lambda m: _SAMPLES.get(m["converter"] or m["type"] or "", "sample-0"), path)


def _from_regex(path: str) -> tuple[tuple[tuple[str, str], ...], str]:
    text = path.replace("^", "").replace("\\Z", "$")
    closed = text.endswith("$")
    text = text.rstrip("$")
    endings = ("", "/") if text.endswith("/?") else ("",)
    text = text.removesuffix("/?")
    literal = re.compile(r"\\([-./_~])")
    glob = literal.sub(r"\1", _PARAMETER.sub("*", _GROUP.sub("*", text)))
    sample = literal.sub(r"\1", _sample(_GROUP.sub("7", text)))
    if re.search(r"[\\()\[\]{}|+$]|\.\*|\?", glob):
        return (), "its regular expression has no equal among the load balancer's patterns"
    return tuple((glob + end + ("" if closed else "*"), sample + end) for end in endings), ""


def _matches(glob: str, path: str) -> bool:
    expression = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in glob)
    return re.fullmatch(expression, path) is not None


def _without_covered(patterns: Sequence[Pattern]) -> list[Pattern]:
    """Patterns that no other one already catches: ``*`` runs over slashes, so ``/orders/*/`` covers ``/orders/*/lines/``."""
    unique = {(p.glob, p.methods): p for p in patterns}
    return [
        p for (glob, _), p in sorted(unique.items())
        if not any(q.glob != glob and _matches(q.glob, glob) and not q.methods for q in unique.values())
    ]


def _numbered(kept: list[Pattern], sent: list[Pattern], first: int) -> Iterator[Rule]:
    priority = first
    for group in _groups(sorted(kept), VALUES_PER_CONDITION):
        yield Rule(priority, "monolith", tuple(p.glob for p in group), tuple(p.route for p in group))
        priority += 1
    for methods in sorted({p.methods for p in sent}):
        mine = [p for p in sent if p.methods == methods]
        # The testers' rule has the header as one more value, so both rules of a pair leave room for it.
        size = 2 if methods else VALUES_PER_CONDITION
        wanted = tuple(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
        verbs = [wanted[i:i + 2] for i in range(0, len(wanted), 2)] or [()]
        for group, some in product(_groups(mine, size), verbs):
            for forward in ("testers", "weighted"):
                yield Rule(priority, forward, tuple(p.glob for p in group), tuple(p.route for p in group), some)
                priority += 1


def _groups(patterns: Sequence[Pattern], size: int) -> list[list[Pattern]]:
    groups: list[list[Pattern]] = []
    for pattern in patterns:
        wildcards = sum(p.glob.count("*") for p in groups[-1]) if groups else 0
        if groups and len(groups[-1]) < size and wildcards + pattern.glob.count("*") <= WILDCARDS_PER_RULE:
            groups[-1].append(pattern)
        else:
            groups.append([pattern])
    return groups
