"""Mode ``shadow``: the context's own code answers, and the service is asked the same beside it.

Of a sample of the queries the serialised request goes to the service in the background. Its answer is compared with
the local one, both in their serialised form; what differs is logged and counted. Commands run in this process only.
The caller gets what the local code gives, whatever becomes of the comparison: it waits for nothing but the
serialisation, and nothing that fails here reaches it.

========================  ===========================================================  =========
option                    meaning                                                      default
========================  ===========================================================  =========
``shadow_sample``         share of the queries that are compared                       1.0
``shadow_timeout``        seconds to wait for the service                              2.0
``shadow_queue``          comparisons that may wait; more are dropped, and counted     100
``shadow_workers``        threads that compare                                         1
``shadow_log``            file that events are appended to, beside the log
``shadow_summary``        seconds between two summaries                                60
``shadow_values``         ``1``: differing values are logged too; they may be secret
========================  ===========================================================  =========

``python -m <package of the boundaries>.shadow FILE ...`` reads such files, or logs that hold the events, and reports.
"""

from __future__ import annotations

import argparse
import atexit
import contextvars
import fileinput
import hashlib
import inspect
import json
import logging
import os
import queue
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from .runtime import Answer, Boundary, BoundaryError, BoundaryUnavailable, OperationContract

logger = logging.getLogger(__name__)

MOST_FIELDS = 20
"""Differing fields that one event lists."""

OUTCOMES = ("same", "different", "unanswered", "dropped", "skipped", "unable")
"""What may become of a sampled query: ``skipped`` while the circuit is open, ``unable`` when it cannot be serialised."""

_T = TypeVar("_T")


class Question(NamedTuple):
    """A sampled query before it runs: ``body`` as the caller's arguments were then."""

    operation: OperationContract
    body: bytes
    context: contextvars.Context


class Comparison(NamedTuple):
    """A query with its local answer, on its way to the service. ``ordered`` is false when no order was asked for."""

    question: Question
    here: Answer
    ordered: bool


def beside(boundary: Boundary, name: str, given: Mapping[str, Any], run: Callable[[], _T]) -> _T:
    """What ``run`` gives or raises; in the background it is compared with what the service answers."""
    question = _sampled(boundary, name, given)
    try:
        result = run()
    except Exception as raised:
        if question is not None:
            _hand_over(boundary, question, None, raised)
        raise
    if question is not None:
        _hand_over(boundary, question, result, None)
    return result


def bound(
    function: Callable[..., Any], arguments: Sequence[Any], named: Mapping[str, Any]
) -> dict[str, Any]:
    """Arguments by name as a function takes them; none where they do not fit: calling it will say so."""
    try:
        return inspect.signature(function).bind(*arguments, **named).arguments
    except TypeError:
        return {}


# In the caller's thread: nothing may fail, nothing may wait -----------------------------------------


def _sampled(boundary: Boundary, name: str, given: Mapping[str, Any]) -> Question | None:
    """The question to ask the service, ``None`` when this call is not compared."""
    try:
        from . import wire

        operation = boundary.contract.OPERATIONS[name]
        observer = _observer(boundary)
        if operation.kind != "query" or random.random() >= observer.sample:
            return None
        if not observer.ready(name):
            return None
        body = wire.encode_request(boundary, operation, given)
        return Question(operation, body, contextvars.copy_context())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not the caller's
        _unable(boundary, name, error)
        return None


def _hand_over(
    boundary: Boundary, question: Question, result: Any, raised: Exception | None
) -> None:
    """Serialises the local answer, now: rows and transactions belong to this thread."""
    name = question.operation.name
    try:
        from . import objects, wire

        if raised is None:
            with objects.apart():
                rows = objects.reread(result)
                body = wire.encode_response(
                    boundary,
                    question.operation,
                    rows,
                    {},
                    0,
                    question.operation.page_size or boundary.page_size,
                )
            here = Answer(200, body)
        else:
            here = wire.raising(boundary, question.operation, raised)
        comparison = Comparison(question, here, objects.is_ordered(result))
        _observer(boundary).enqueue(comparison)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not the caller's
        _unable(boundary, name, error)


def _unable(boundary: Boundary, name: str, error: Exception) -> None:
    """Counts a query that could not be compared; the first of each operation is logged with its reason."""
    key = (boundary.name, name)
    if key not in _complained:
        _complained.add(key)
        logger.warning("%s.%s cannot be compared", *key, exc_info=error)
    counts[(boundary.name, name, "unable")] += 1


counts: Counter[tuple[str, str, str]] = Counter()
"""What became of the sampled queries of this process, by context, operation and outcome."""

_complained: set[tuple[str, str]] = set()


# In the background ----------------------------------------------------------------------------------


class Observer:
    """Asks one service and compares, in threads of its own."""

    def __init__(self, boundary: Boundary, url: str) -> None:
        from . import client

        self.boundary = boundary
        self.sample = float(boundary.option("shadow_sample", 1))
        self.values = str(boundary.option("shadow_values", "")).lower() in ("1", "true", "yes")
        self.log = str(boundary.option("shadow_log", ""))
        self.pause = float(boundary.option("shadow_summary", 60))
        # A client of its own: what the shadow suffers must not open the circuit of real calls.
        self.client = client.ServiceClient(
            boundary, url, attempts=1, limit=float(boundary.option("shadow_timeout", 2))
        )
        self.waiting: queue.Queue[Comparison] = queue.Queue(
            int(boundary.option("shadow_queue", 100))
        )
        self._said: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()
        for number in range(int(boundary.option("shadow_workers", 1))):
            name = f"shadow-{boundary.name}-{number}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def ready(self, operation: str) -> bool:
        """Whether a comparison may be handed over; counts the refusal."""
        refused = (
            "skipped" if self.client.circuit.is_open else "dropped" if self.waiting.full() else ""
        )
        if refused:
            counts[(self.boundary.name, operation, refused)] += 1
        return not refused

    def enqueue(self, comparison: Comparison) -> None:
        try:
            self.waiting.put_nowait(comparison)
        except queue.Full:
            counts[(self.boundary.name, comparison.question.operation.name, "dropped")] += 1

    def _work(self) -> None:
        told = time.monotonic()
        while True:
            try:
                comparison = self.waiting.get(timeout=max(0.05, self.pause))
            except queue.Empty:
                comparison = None
            if comparison is not None:
                self._compare(comparison)
                self.waiting.task_done()
            if time.monotonic() - told >= self.pause:
                self.summarise()
                told = time.monotonic()

    def _compare(self, comparison: Comparison) -> None:
        operation = comparison.question.operation
        try:
            outcome = self._outcome(comparison)
        except Exception:
            # The thread has to live on; the next comparison may be a better one.
            logger.exception("%s.%s was not compared", self.boundary.name, operation.name)
            outcome = "unanswered"
        counts[(self.boundary.name, operation.name, outcome)] += 1

    def _outcome(self, comparison: Comparison) -> str:
        from . import passage

        operation, body, context = comparison.question

        def ask() -> Answer:
            with passage.alone():
                return self.client.send(operation, body)

        try:
            there = context.run(ask)
        except BoundaryUnavailable:
            return "unanswered"
        if there.status in (502, 503, 504):
            return "unanswered"
        found = compare(self.boundary, operation, comparison.here, there, comparison.ordered)
        if found is None:
            return "same"
        kind, fields, here, service = found
        event: dict[str, Any] = {
            "event": "difference",
            "boundary": self.boundary.name,
            "operation": operation.name,
            "trace": context.run(lambda: passage.trace().split("-")[1]),
            "request": hashlib.sha256(body).hexdigest()[:16],
            "kind": kind,
            "fields": fields[:MOST_FIELDS],
            "more": max(0, len(fields) - MOST_FIELDS),
        }
        if self.values:
            event |= {"here": here[:MOST_FIELDS], "service": service[:MOST_FIELDS]}
        self.tell(event, logging.WARNING)
        return "different"

    def summarise(self) -> None:
        """Tells what was counted since the last summary."""
        with self._lock:
            own = Counter({key: n for key, n in counts.items() if key[0] == self.boundary.name})
            fresh, self._said = own - self._said, own
        if fresh:
            operations: dict[str, dict[str, int]] = {}
            for (_, operation, outcome), number in sorted(fresh.items()):
                operations.setdefault(operation, {})[outcome] = number
            event = {"event": "summary", "boundary": self.boundary.name, "operations": operations}
            self.tell(event, logging.INFO)

    def tell(self, event: dict[str, Any], level: int) -> None:
        text = json.dumps(event, sort_keys=True)
        logger.log(level, "shadow %s", text, extra={"boundary": event})
        if self.log:
            # One write of one line: other processes append to the same file.
            handle = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
            try:
                os.write(handle, f"{text}\n".encode())
            finally:
                os.close(handle)


_observers: dict[tuple[str, str], Observer] = {}
_lock = threading.Lock()


def _observer(boundary: Boundary) -> Observer:
    """The process's observer of a context. A forked worker makes its own: threads do not survive a fork."""
    url = str(boundary.option("url", "") or "")
    if not url:
        raise BoundaryError(boundary.name, f"mode shadow wants {boundary.name.upper()}_URL")
    with _lock:
        if (boundary.name, url) not in _observers:
            _observers[(boundary.name, url)] = Observer(boundary, url)
        return _observers[(boundary.name, url)]


def drain(seconds: float) -> bool:
    """Waits until everything that was handed over is compared, and tells the summaries; ``False`` when time ran out."""
    deadline = time.monotonic() + seconds
    observers = list(_observers.values())
    while any(each.waiting.unfinished_tasks for each in observers):
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    for each in observers:
        each.summarise()
    return not any(each.waiting.unfinished_tasks for each in observers)


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()
    _observers.clear()
    counts.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
atexit.register(lambda: [each.summarise() for each in _observers.values()])


# Comparing ------------------------------------------------------------------------------------------

Difference = tuple[str, list[str], list[Any], list[Any]]
"""Kind, differing fields, their values here and there. Kinds: ``value``, ``order``, ``outcome``, ``garbage``."""


def compare(
    boundary: Boundary, operation: OperationContract, here: Answer, there: Answer, ordered: bool
) -> Difference | None:
    """What differs between two serialised answers, ``None`` when they say the same."""
    mine, theirs = _document(here.body), _document(there.body)
    if theirs is None or (there.status == 200 and "result" not in theirs):
        return "garbage", ["status"], [here.status], [there.status]
    if mine is None:
        raise BoundaryError(operation.name, "the local answer is no document")
    if (here.status == 200) != (there.status == 200) or mine.get("error") != theirs.get("error"):
        said = [each.get("error") or each.get("title", "result") for each in (mine, theirs)]
        return "outcome", ["error"], [said[0]], [said[1]]
    if here.status != 200:
        fields = [name for name in ("args", "attributes") if mine.get(name) != theirs.get(name)]
        values = ([each.get(name) for name in fields] for each in (mine, theirs))
        return ("value", fields, *values) if fields else None
    left, right = mine["result"], theirs["result"]
    if isinstance(left, list) and isinstance(right, list):
        if mine.get("more") and theirs.get("more"):
            # Sides may cut pages differently: what both have is compared.
            shorter = min(len(left), len(right))
            left, right = left[:shorter], right[:shorter]
        if left != right and sorted(map(_canonical, left)) == sorted(map(_canonical, right)):
            return ("order", ["result"], [left], [right]) if ordered else None
    found = list(_differing("result", left, right, _key(boundary, operation)))
    if not found:
        return None
    return "value", [path for path, _, _ in found], [a for _, a, _ in found], [b for *_, b in found]


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _key(boundary: Boundary, operation: OperationContract) -> str:
    """The column that tells the rows of a result apart, ``""`` when it has no rows."""
    source = boundary.contract.ENTITIES.get(operation.returns.rpartition("entity:")[2])
    return source.type._key if source is not None and "entity:" in operation.returns else ""


def _differing(path: str, left: Any, right: Any, key: str) -> Iterator[tuple[str, Any, Any]]:
    """Paths of differing values. Rows are matched by their key, other items by their place."""
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted(left.keys() | right.keys()):
            yield from _differing(f"{path}.{name}", left.get(name), right.get(name), "")
    elif isinstance(left, list) and isinstance(right, list) and key:
        mine, theirs = ({row[key]: row for row in rows} for rows in (left, right))
        for value in sorted(mine.keys() | theirs.keys(), key=str):
            row = f"{path}[{key}={value}]"
            if value in mine and value in theirs:
                yield from _differing(row, mine[value], theirs[value], "")
            else:
                yield row, mine.get(value), theirs.get(value)
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (mine, theirs) in enumerate(zip(left, right, strict=True)):
            yield from _differing(f"{path}[{index}]", mine, theirs, "")
    elif left != right or type(left) is not type(right):
        yield path, left, right


# Reporting ------------------------------------------------------------------------------------------


class Report(NamedTuple):
    """Counts by operation and outcome; differences by operation, kind and field with an example each."""

    counts: dict[str, Counter[str]]
    differences: Counter[tuple[str, str, str]]
    examples: dict[tuple[str, str, str], tuple[str, str]]


def report(lines: Iterable[str]) -> Report:
    """What the events in some lines say; other lines are passed over."""
    found = Report({}, Counter(), {})
    for event in filter(None, map(_event, lines)):
        if event["event"] == "summary":
            for name, outcomes in event["operations"].items():
                found.counts.setdefault(f"{event['boundary']}.{name}", Counter()).update(outcomes)
        elif event["event"] == "difference":
            name = f"{event['boundary']}.{event['operation']}"
            for field in event["fields"]:
                key = (name, event["kind"], _anywhere(field))
                found.differences[key] += 1
                found.examples.setdefault(key, (event["trace"], event["request"]))
    return found


def _event(line: str) -> dict[str, Any] | None:
    """The event in a line: the line itself, what follows ``shadow`` in a plain log, the message of a structured one."""
    text = line.strip()
    if not text.startswith("{"):
        text = "{" + text.partition("shadow {")[2]
    try:
        found = json.loads(text)
    except ValueError:
        return None
    if isinstance(found, dict) and isinstance(found.get("message"), str):
        return _event(f"- {found['message']}")
    return found if isinstance(found, dict) and {"event", "boundary"} <= found.keys() else None


def _anywhere(field: str) -> str:
    """A field whichever row it was in: ``result[].rating``."""
    head, *rest = field.split("[")
    return head + "".join("[]" + part.partition("]")[2] for part in rest)


def shown(found: Report) -> Iterator[str]:
    """The report as lines of text."""
    width = max(map(len, [*found.counts, "operation"]))
    yield f"{'operation':<{width}}" + "".join(f"{name:>12}" for name in OUTCOMES)
    for name, outcomes in sorted(found.counts.items()):
        yield f"{name:<{width}}" + "".join(f"{outcomes[each]:>12}" for each in OUTCOMES)
    for (name, kind, field), number in found.differences.most_common():
        trace, request = found.examples[(name, kind, field)]
        yield f"{name}: {kind} of {field}, {number} times, such as trace {trace} request {request}"


def main(arguments: Sequence[str]) -> int:
    """0: all that was compared is the same. 1: something differs. 2: nothing was compared."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {__spec__.name}" if __spec__ else None,
        description="Reports what mode shadow compared, and what differed.",
        epilog="Ends with 0: all that was compared is the same; 1: something differs; "
        "2: nothing was compared, or a file cannot be read.",
    )
    parser.add_argument(
        "files",
        nargs="*",
        default=["-"],
        metavar="FILE",
        help="what the option shadow_log names, or a log that holds the events; - or none: standard input",
    )
    files = parser.parse_args(arguments).files
    try:
        with fileinput.input(files, encoding="utf-8") as lines:
            found = report(lines)
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    for line in shown(found):
        print(line)
    if found.differences:
        return 1
    return 0 if sum(each["same"] for each in found.counts.values()) else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
