"""Spans against the graph: which modules lead to which, which tables they use, and what is written in one unit of work.

A span belongs to a module by the function or file it names, by the task it runs or the route it answers; a span that names none belongs where the
nearest one above it does. The unit of work is what one request or one task does: a trace goes on through queues, and what a task
writes later is a commit of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from decompose.model.facts import Unresolved
from decompose.model.location import Location
from decompose.model.runtime import Tie
from decompose.observe.names import Names
from decompose.observe.queried import Strangers, Touched, touched
from decompose.observe.spans import Span
from decompose.observe.ties import SWEEPING, Pair, ordered, pulls, shares, times

_MOST = 100
_PLACES = 5
_WRITE = 3.0
"""A write, relative to a read: as for accesses in the code."""
_WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "UPSERT", "TRUNCATE", "COPY")

Key = tuple[str, str]


class Traced:
    """``ties`` of modules and tables that spans show, and what is ``unresolved``."""

    def __init__(self, names: Names, spans: Sequence[Span]) -> None:
        self._names = names
        self._spans: dict[Key, Span] = {}
        for span in spans:  # an export that was tried again holds spans twice
            self._spans.setdefault((span.trace, span.id), span)
        self._files = names.files({span.file for span in self._spans.values() if span.file})
        self._read: dict[str, Touched] = {}
        self._strange = Strangers()
        self._together: Counter[Pair] = Counter()
        self._used: dict[Pair, list[int]] = {}
        self._written: dict[Key, set[str]] = {}
        self._places: dict[Pair, Location] = {}
        self._routes: dict[str, tuple[int, Location]] = {}
        self._loose: list[Span] = []
        self._follow()
        self.ties = (*self._span_ties(), *self._trace_ties())
        self.unresolved = tuple(self._unresolved())

    # --- what a span is ------------------------------------------------------------------------

    def _own(self, span: Span) -> str:
        """What of the project's own code a span itself names, ``""`` when it names none."""
        named = self._named(span)
        return named if self._module(named) in self._names.code else ""

    def _module(self, id: str) -> str:
        return self._names.module_of.get(id, id)

    def _named(self, span: Span) -> str:
        if span.function and (function := self._names.function(span.function)):
            return function
        if span.file and span.file in self._files:
            return self._names.paths[self._files[span.file]]
        # What enqueues a task names it as well, but does not run it.
        if span.tasks and span.kind != "producer" and (task := self._names.task(span.tasks)):
            return task
        if not span.route or span.kind not in ("server", "internal"):
            return ""
        if not self._names.knows_route(span.route):
            count, at = self._routes.get(span.route, (0, span.at))
            self._routes[span.route] = (count + 1, at)
        return self._names.route(span.route, span.method)

    def _tables(self, span: Span) -> Touched:
        """The tables a span's statement touches, else the one that it names."""
        if span.statement:
            found = self._read.get(span.statement)
            if found is None:
                found = self._read[span.statement] = touched(span.statement, self._names)
            if found.tables or found.others or not span.table:
                return found
        if not span.table:
            return Touched()
        table = self._names.table(span.table)
        return Touched(((table, span.operation.startswith(_WRITES)),)) if table else Touched(others=(span.table,))

    # --- what spans have to do with one another ------------------------------------------------

    def _follow(self) -> None:
        owners: dict[Key, str] = {}
        units: dict[Key, Key] = {}
        for key in self._spans:
            for step in self._unknown(key, units):
                span = self._spans[step]
                above = (span.trace, span.parent)
                over = owners.get(above, "")
                own = self._own(span)
                owners[step] = own or over
                units[step] = units[above] if above in units and span.kind not in ("server", "consumer") else step
                if own and over and self._module(own) != self._module(over):
                    self._together[over, own] += 1
                    self._places.setdefault((over, own), span.at)
                if span.statement or span.table:
                    self._use(span, owners[step], units[step])

    def _unknown(self, key: Key, units: dict[Key, Key]) -> list[Key]:
        """A span and those above it that have not been looked at, the uppermost first; a circle is cut where it closes."""
        chain: dict[Key, None] = {}
        while key in self._spans and key not in units and key not in chain:
            chain[key] = None
            key = (key[0], self._spans[key].parent)
        return list(chain)[::-1]

    def _use(self, span: Span, owner: str, unit: Key) -> None:
        found = self._tables(span)
        for other in found.others:
            self._strange.add(other, 1, span.at)
        if found.tables and not owner:
            self._loose.append(span)
        for table, writes in found.tables:
            if writes:
                self._written.setdefault(unit, set()).add(f"table:{table}")
            if owner:
                pair = (owner, f"table:{table}")
                count = self._used.setdefault(pair, [0, 0])
                count[writes] += 1
                self._places.setdefault(pair, span.at)

    # --- what follows --------------------------------------------------------------------------

    def _span_ties(self) -> Iterator[Tie]:
        """Of modules with one another and of modules with tables, damped apart: calling many modules makes the use of a table say no less."""
        calls = self._by_module(self._together)
        strengths = pulls({pair: sum(exact.values()) for pair, exact in calls.items()})
        for pair, exact in sorted(calls.items()):
            count = sum(exact.values())
            yield Tie("span", *pair, strengths[pair], count, times(count), self._shown(exact), shares(exact))
        uses = self._by_module({pair: read + wrote for pair, (read, wrote) in self._used.items()})
        wrote = self._by_module({pair: wrote for pair, (_, wrote) in self._used.items()})
        strengths = pulls({pair: sum(uses[pair].values()) + (_WRITE - 1.0) * sum(wrote[pair].values()) for pair in uses})
        for pair, exact in sorted(uses.items()):
            count, writing = sum(exact.values()), sum(wrote[pair].values())
            figures = times(count) + (f", {writing:,} of them writing" if writing else "")
            yield Tie("span", *pair, strengths[pair], count, figures, self._shown(exact), shares(exact))

    def _by_module(self, counts: Mapping[Pair, int]) -> dict[Pair, dict[Pair, int]]:
        """Counts between definitions under the modules (or tables) that these are of, both in the order of the modules."""
        found: dict[Pair, dict[Pair, int]] = {}
        for (first, second), count in counts.items():
            pair = ordered(self._module(first), self._module(second))
            exact = (first, second) if pair[0] == self._module(first) else (second, first)
            row = found.setdefault(pair, {})
            row[exact] = row.get(exact, 0) + count
        return found

    def _shown(self, exact: Iterable[Pair]) -> tuple[Location, ...]:
        """The first places of some pairs in either direction."""
        both = (place for a, b in exact for pair in ((a, b), (b, a)) if (place := self._places.get(pair)))
        return tuple(sorted(set(both))[:_PLACES])

    def _trace_ties(self) -> Iterator[Tie]:
        counts: dict[Pair, float] = {}
        times_seen: Counter[Pair] = Counter()
        places: dict[Pair, Location] = {}
        sets: Counter[tuple[str, ...]] = Counter()
        at: dict[tuple[str, ...], Location] = {}
        for unit, tables in self._written.items():
            written = tuple(sorted(tables))
            sets[written] += 1
            at[written] = min(at.get(written, self._spans[unit].at), self._spans[unit].at)
        for written, often in sorted(sets.items()):
            for pair in combinations(written if len(written) <= SWEEPING else (), 2):
                counts[pair] = counts.get(pair, 0.0) + often / (len(written) - 1)
                times_seen[pair] += often
                places[pair] = min(places.get(pair, at[written]), at[written])
        strengths = pulls(counts)
        for pair in sorted(strengths):
            yield Tie("trace", *pair, strengths[pair], times_seen[pair], times(times_seen[pair]), (places[pair],))

    def _unresolved(self) -> Iterator[Unresolved]:
        yield from self._strange.unresolved("span", "used in spans")
        for route, (count, at) in sorted(self._routes.items())[:_MOST]:
            yield Unresolved("span", route, f"{times(count)} requested, and no route of the project is this one", at)
        if len(self._routes) > _MOST:
            yield Unresolved("span", f"{len(self._routes) - _MOST:,} more routes", "no routes of the project", min(at for _, at in self._routes.values()))
        failed = sorted(text for text, found in self._read.items() if found.error)
        if failed:
            first = next(span for span in self._spans.values() if span.statement == failed[0])
            more = f", and {len(failed) - 1:,} more in spans" if len(failed) > 1 else ""
            reason = f"{self._read[failed[0]].error}{more}"
            yield Unresolved("span", " ".join(failed[0][:400].split())[:160], reason, first.at)
        if self._loose:
            reason = f"run {times(len(self._loose))}, this or others like it, under no span of the project's code: nobody is known to have run them"
            yield Unresolved("span", " ".join(self._loose[0].statement[:400].split())[:160] or self._loose[0].table, reason, self._loose[0].at)
