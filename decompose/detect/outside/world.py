"""One pass over the uses that begin with a client or with a name of a library that reaches outside."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from decompose.detect.outside import aws
from decompose.detect.outside import clients as known
from decompose.link.expressions import argument, entries, keyword, last_bound, literal, source, value_of
from decompose.link.heads import Heads
from decompose.link.objects import Made, Objects, text
from decompose.link.program import Program, State, Step
from decompose.model.facts import External, Fact, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import (
    Bound,
    Call,
    Chain,
    Constant,
    Expression,
    Mapping,
    ModuleSummary,
    Opaque,
    Operation,
    Sequence,
    Template,
    Use,
)

Direction = Literal["", "read", "write"]


def detect(program: Program) -> Iterator[Fact]:
    """What is touched outside the process, each once per definition and line."""
    yield from World(program).facts()


class Site:
    """Where a use stands: what every fact about it needs."""

    __slots__ = ("at", "module", "scope", "use")

    def __init__(self, use: Use, module: ModuleSummary) -> None:
        self.use = use
        self.module = module
        self.scope = use.scope or module.name
        self.at = Location(module.path, use.span.line)


class World:
    """Everything outside that the target's code touches."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, known.kind_of)
        self.heads = Heads(program, self.objects, known.knows, frozenset({"aws-session"}))

    def facts(self) -> Iterator[Fact]:
        emitted: set[Fact] = set()
        for module, use, made, state, rest in self.heads.uses():
            site = Site(use, module)
            for fact in self._client(made, rest, site) if made is not None else self._external(state, rest, site):
                if fact not in emitted:
                    emitted.add(fact)
                    yield fact
        if "django" in self.program.imported:
            yield from self._storages()

    def _fact(self, site: Site, kind: str, label: str, direction: Direction = "") -> External:
        return External(site.scope, kind, label[:160], site.at, direction)

    # --- functions of libraries -----------------------------------------------------------------

    def _external(self, state: State, rest: tuple[Step, ...], site: Site) -> Iterator[Fact]:
        package, _, last = state.id.rpartition(".")
        first = state.id.partition(".")[0]
        call = rest[0] if rest and isinstance(rest[0], Call) else None
        if state.id in known.PATHS:
            yield from self._path(state, rest, site)
        elif state.id.startswith("django.core.cache"):
            yield from self._cached(state, rest, site)
        elif state.id.startswith("django.core.files.storage"):
            yield from self._stored(state, rest, site)
        elif call is None or state.kind != "external":
            return
        elif state.id in known.PROGRAMS:
            yield self._program(state.id, call, site)
        elif state.id in known.CONNECTIONS:
            yield self._fact(site, "socket", self._connection(call, site))
        elif state.id in known.OPENS or state.id in known.FILE_READS or state.id in known.FILE_WRITES:
            yield from self._file(state.id, call, site)
        elif first in known.HTTP and last in known.HTTP_CALLS:
            yield self._fact(site, "http", self._url(call, last, site))
        elif (package == "django.core.mail" and last in known.MAIL) or (package == "aiosmtplib" and last == "send"):
            yield self._fact(site, "mail", last)
        elif first in known.SERVICES and not last.endswith(("Error", "Exception")):
            yield self._fact(site, "http", known.SERVICES[first])

    def _program(self, id: str, call: Call, site: Site) -> Fact:
        """The program that is run: the first of a list of words, or the first word of a text."""
        given = argument(call, known.PROGRAMS[id], "args", "cmd", "command", "program", "file", "path")
        value = value_of(self.program, given)
        if isinstance(value, Operation) and value.operator == "+" and isinstance(value.operands[0], Sequence):
            value = value.operands[0]
        if isinstance(value, Sequence):
            program = self._label(value.items[0], site) if value.items else ""
        else:
            written = text(self.program, given, site.module, site.use) or (value.text if isinstance(value, Template) else "")
            program = next(iter(written.split()), "")
        if program in ("", "{}"):
            return Unresolved("external", source(site.use.chain)[:120], "the program is computed", site.at)
        return self._fact(site, "subprocess", program)

    def _connection(self, call: Call, site: Site) -> str:
        """The address of ``create_connection((host, port))`` and of ``open_connection(host, port)``."""
        first, second = argument(call, 0, "address", "host"), argument(call, 1, "port")
        if isinstance(value_of(self.program, first), Sequence) or second is None:
            return self._address(first, site)
        return f"{self._part(first, site)}:{self._part(second, site)}"

    def _address(self, given: Expression | None, site: Site) -> str:
        """``host:port`` of a pair, else what the argument says."""
        value = value_of(self.program, given)
        if isinstance(value, Sequence):
            return ":".join(self._part(each, site) for each in value.items[:2])
        return self._label(given, site)

    def _part(self, given: Expression | None, site: Site) -> str:
        """One part of an address: a hole where the text does not say it."""
        found = text(self.program, given, site.module, site.use) if given is not None else None
        if found is None:
            constant = self.program.constant(given) if given is not None else None
            found = str(constant) if isinstance(constant, int) else "{}"
        return found

    def _file(self, id: str, call: Call, site: Site) -> Iterator[Fact]:
        if id in known.OPENS:
            mode = self.program.constant(argument(call, known.OPENS[id], "mode"))
            written = isinstance(mode, str) and any(mark in mode for mark in "wax+")
            given = argument(call, 0, "file", "filename", "name")
        else:
            position = known.FILE_WRITES.get(id, 0)
            written = id in known.FILE_WRITES
            given = argument(call, position, "dst" if position else "path", "src", "name", "top")
        if not self._is_passing(given):
            yield self._fact(site, "file", self._label(given, site) or ".", "write" if written else "read")

    def _is_passing(self, given: Expression | None) -> bool:
        """Whether a file is in memory or temporary: nothing that anybody else could touch."""
        state = self.program.head(given)[0] if isinstance(given, Chain) and given.origin == "global" else None
        return state is not None and state.id.startswith(known.PASSING)

    def _path(self, state: State, rest: tuple[Step, ...], site: Site) -> Iterator[Fact]:
        """``Path("a.txt").write_text(...)``, also through a name that holds the path."""
        made = rest[0] if rest and isinstance(rest[0], Call) else None
        label = self._label(made.arguments[0], site) if made is not None and made.arguments else "{}"
        if made is None and site.use.chain.origin == "global":
            label = self._held_path(site) or label
        for name, call in pairwise(rest):
            if not isinstance(name, str) or not isinstance(call, Call):
                continue
            if name == "open":
                mode = self.program.constant(argument(call, 0, "mode"))
                yield self._fact(site, "file", label, "write" if isinstance(mode, str) and any(mark in mode for mark in "wax+") else "read")
            elif name in known.PATH_READS or name in known.PATH_WRITES:
                yield self._fact(site, "file", label, "read" if name in known.PATH_READS else "write")

    def _held_path(self, site: Site) -> str:
        """The path that a name of the project holds: ``OUT = Path("out.csv")``."""
        value = self.program.value(self.program.head(site.use.chain)[0].id)
        call = value.steps[-1] if isinstance(value, Chain) and value.steps else None
        return self._label(call.arguments[0], site) if isinstance(call, Call) and call.arguments else ""

    def _cached(self, state: State, rest: tuple[Step, ...], site: Site) -> Iterator[Fact]:
        """``cache.get(...)`` and ``caches["default"].get(...)``."""
        last = state.id.rpartition(".")[2]
        if rest and isinstance(rest[0], Call) and last in known.CACHE_READS | known.CACHE_WRITES:
            yield self._key("cache", last, rest[0], site, known.CACHE_READS)
        for name, call in pairwise(rest):
            if isinstance(name, str) and isinstance(call, Call) and name in known.CACHE_READS | known.CACHE_WRITES:
                yield self._key("cache", name, call, site, known.CACHE_READS)

    def _stored(self, state: State, rest: tuple[Step, ...], site: Site) -> Iterator[Fact]:
        last = state.id.rpartition(".")[2]
        named = [(last, rest[0])] if rest and isinstance(rest[0], Call) else []
        for name, call in (*named, *pairwise(rest)):
            if isinstance(name, str) and isinstance(call, Call) and name in known.STORAGE_READS | known.STORAGE_WRITES:
                direction: Direction = "write" if name in known.STORAGE_WRITES else "read"
                yield self._fact(site, "storage", f"{name} {self._label(argument(call, 0, 'name'), site)}".strip(), direction)

    # --- clients --------------------------------------------------------------------------------

    def _client(self, made: Made, rest: tuple[Step, ...], site: Site) -> Iterator[Fact]:
        kind = made.kind
        if kind.startswith("aws"):
            yield from self._aws(made, rest, site)
            return
        names = [(name, call) for name, call in pairwise(rest) if isinstance(name, str) and isinstance(call, Call)]
        if kind in known.ADDRESSED:
            yield from self._addressed(made, names, rest, site)
            return
        if kind == "queue" and not names and not any(isinstance(step, str) for step in rest):
            yield from self._consumer(made, site)
        if not names:
            return
        method, call = names[0]
        if kind == "http" and method in known.HTTP_CALLS:
            yield self._fact(site, "http", self._url(call, method, site, made))
        elif (kind == "mail" and method in known.MAIL_CALLS) or (kind == "mail-message" and method == "send"):
            yield self._fact(site, "mail", method)
        elif kind == "redis" and method not in known.REDIS_NONE:
            yield self._key("redis", method, call, site, known.REDIS_READS)
        elif kind == "redis" and method == "pipeline":
            yield from (self._key("redis", name, each, site, known.REDIS_READS) for name, each in names[1:] if name not in known.REDIS_NONE)
        elif kind == "cache" and method in known.CACHE_READS | known.CACHE_WRITES:
            yield self._key("cache", method, call, site, known.CACHE_READS)
        elif kind == "socket" and method in known.SOCKET_CALLS and call.arguments:
            yield self._fact(site, "socket", self._address(call.arguments[known.SOCKET_CALLS[method]], site))
        elif kind == "curl" and method == "setopt" and source(argument(call, 0)).endswith(".URL"):
            yield self._fact(site, "http", self._label(argument(call, 1), site))
        else:
            yield from self._other(kind, names, rest, site)

    def _addressed(self, made: Made, names: list[tuple[str, Call]], rest: tuple[Step, ...], site: Site) -> Iterator[Fact]:
        """With whom a client speaks: said where it is made, or later by ``connect``."""
        given = argument(made.call, 0, "target", "host", "server", "sock")
        chain = site.use.chain
        position = len(chain.steps) - len(rest)
        if given is not None and position > last_bound(chain) and chain.steps[position - 1] == made.call:
            yield self._fact(site, made.kind, self._address(given, site))
        elif given is None and names and names[0][0] == "connect":
            yield self._fact(site, made.kind, self._address(argument(names[0][1], 0, "hostname", "host"), site))

    def _other(self, kind: str, names: list[tuple[str, Call]], rest: tuple[Step, ...], site: Site) -> Iterator[Fact]:
        """Clients where a later method says what is done: search, queues, MongoDB, object storage."""
        reads, writes = {
            "search": (known.SEARCH_READS, known.SEARCH_WRITES), "queue": (known.QUEUE_READS, known.QUEUE_WRITES),
            "mongo": (known.MONGO_READS, known.MONGO_WRITES), "storage": (known.STORAGE_READS, known.STORAGE_WRITES),
        }.get(kind, (frozenset[str](), frozenset[str]()))  # fmt: skip
        for method, call in reversed(names):
            if method not in reads and method not in writes:
                continue
            target = self._target(kind, method, call, rest, site)
            yield self._fact(site, kind, f"{method} {target}".strip(), "write" if method in writes else "read")
            return

    def _target(self, kind: str, method: str, call: Call, rest: tuple[Step, ...], site: Site) -> str:
        """The topic, index or collection that a method works on, where the text says it."""
        if kind == "mongo":
            before = [getattr(step, "key", step) for step in rest[: rest.index(method)] if not isinstance(step, Call)]
            return ".".join(str(each) for each in before if isinstance(each, str))
        names = {"search": ("index",), "queue": ("topic", "routing_key", "queue", "subject", "topics")}.get(kind, ("name",))
        given = keyword(call, *names)
        if given is None and not (kind == "search" and method in ("search", "bulk", "msearch")):
            given = argument(call, 1 if method == "basic_publish" else 0)
        return self._label(given, site)

    def _consumer(self, made: Made, site: Site) -> Iterator[Fact]:
        """``KafkaConsumer("orders")`` reads the topic that it is made with."""
        topics = [found for each in made.call.arguments if (found := literal(self.program, each))]
        if not last_bound(site.use.chain) and "Consumer" in source(site.use.chain).partition("(")[0]:
            yield from (self._fact(site, "queue", f"subscribe {topic}", "read") for topic in topics)

    # --- AWS ------------------------------------------------------------------------------------

    def _aws(self, made: Made, rest: tuple[Step, ...], site: Site) -> Iterator[Fact]:
        kind, call = made.kind, made.call
        if kind == "aws-session":
            if len(rest) < 2 or rest[0] not in ("client", "resource", "create_client") or not isinstance(rest[1], Call):
                return
            kind, call, rest = ("aws-resource" if rest[0] == "resource" else "aws"), rest[1], rest[2:]
            held = len(rest)
            while rest and isinstance(rest[0], Bound):
                rest = rest[1:]
            if any(isinstance(step, Bound) for step in rest) or (held != len(rest) and not rest):
                return  # a result of the client, or the client itself once more
        service = text(self.program, argument(call, 0, "service_name"), site.module, site.use)
        if service is None:
            yield Unresolved("external", source(site.use.chain)[:120], "the AWS service is computed", site.at)
            return
        names = [(name, each) for name, each in pairwise(rest) if isinstance(name, str) and isinstance(each, Call)]
        if not names:
            if not any(isinstance(step, str) for step in rest):
                yield self._fact(site, "aws", aws.prefix_of(service))
        elif kind == "aws-resource":
            action = aws.resource_action(service, [name for name, _ in names])
            yield self._fact(site, "aws", f"{aws.prefix_of(service)}:{action}" if action else aws.prefix_of(service))
        else:
            yield from self._client_action(service, *names[0], site)

    def _client_action(self, service: str, method: str, call: Call, site: Site) -> Iterator[Fact]:
        prefix = aws.prefix_of(service)
        operation: str | None = method
        if method == "get_paginator":
            operation = literal(self.program, argument(call, 0, "operation_name"))
        elif method == "generate_presigned_url":
            operation = literal(self.program, argument(call, 0, "ClientMethod"))
        elif method == "get_waiter":
            action = aws.waiter_action(service, literal(self.program, argument(call, 0, "waiter_name")) or "")
            yield self._fact(site, "aws", f"{prefix}:{action}" if action else prefix)
            return
        elif method in aws.NO_ACTION:
            return
        yield self._fact(site, "aws", f"{prefix}:{aws.action_of(service, operation)}" if operation else prefix)
        if service == "s3" and operation in ("copy", "copy_object", "upload_part_copy"):
            yield self._fact(site, "aws", "s3:GetObject")

    def _storages(self) -> Iterator[Fact]:
        """Files that Django keeps in S3, as its settings say: the rights belong to whoever stores a file."""
        for module in self.program.modules.values():
            for binding in module.bindings:
                if binding.scope or binding.name not in ("STORAGES", "DEFAULT_FILE_STORAGE", "STATICFILES_STORAGE"):
                    continue
                at = Location(module.path, binding.line)
                for backend in self._backends(binding.value):
                    if backend.startswith("storages.backends.s3"):
                        yield from (External(module.name, "aws", f"s3:{action}", at) for action in aws.STORAGE_ACTIONS)
                    elif backend.startswith("storages.backends."):
                        yield External(module.name, "storage", backend, at)

    def _backends(self, value: Expression) -> Iterator[str]:
        dotted = literal(self.program, value)
        if dotted:
            yield self._own_backend(dotted)
        for _, entry in entries(self.program, value) if isinstance(value, Mapping) else ():
            for key, part in entries(self.program, entry):
                if key == Constant("BACKEND") and (found := literal(self.program, part)):
                    yield self._own_backend(found)

    def _own_backend(self, dotted: str) -> str:
        """The library's backend behind a class of the project."""
        state = self.program.resolve(dotted)
        if state.kind == "class":
            return next((each for each in self.program.ancestors(state.id) if each.startswith("storages.backends.")), dotted)
        return dotted

    # --- labels ---------------------------------------------------------------------------------

    def _label(self, given: Expression | None, site: Site) -> str:
        """What an argument says: the text itself, a text with ``{}`` for what is not known, else its source."""
        value = value_of(self.program, given)
        if isinstance(value, Sequence):
            return ", ".join(self._label(each, site) for each in value.items)
        found = text(self.program, given, site.module, site.use)
        if found is not None:
            return found
        if isinstance(value, Template):
            return value.text
        return "" if isinstance(given, Opaque) and not given.text else source(given)

    def _url(self, call: Call, method: str, site: Site, made: Made | None = None) -> str:
        position = 1 if method in ("request", "stream") else 0
        url = argument(call, position, "url")
        found = self._label(url, site)
        if made is not None and not found.startswith(("http://", "https://")):
            base = argument(made.call, 0, "base_url", "host") if "ClientSession" in made.key or "Connection" in made.key else keyword(made.call, "base_url")
            # What is not fixed by the text is a hole.
            prefix = (text(self.program, base, site.module, site.use) or "{}") if base is not None else ""
            found = f"{prefix.rstrip('/')}/{found.lstrip('/')}" if prefix else found
        verb = method.upper() if method in known.VERBS else ""
        if position:
            verb = (literal(self.program, argument(call, 0, "method")) or "").upper()
        return f"{verb} {found}".strip() or method

    def _key(self, kind: str, method: str, call: Call, site: Site, reads: frozenset[str]) -> External:
        given = argument(call, 0, "key", "name", "keys")
        return self._fact(site, kind, f"{method} {self._label(given, site)}".strip(), "read" if method in reads else "write")
