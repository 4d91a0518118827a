"""Runs the operations of a boundary in the mode that the settings name.

``local``     calls the context's code in this process and returns exactly what it returns.
``shadow``    does the same, and asks the service too, in the background: see ``shadow``.
``loopback``  does it through the serialised contract: what remote callers will see, without a network.
``remote``    calls the service over HTTP.

A context takes its options from ``BOUNDARIES`` in the Django settings when they are there, else from the environment::

    BOUNDARIES = {"reviews": {"mode": "remote", "url": "http://reviews:8000"}}
    REVIEWS_MODE=remote REVIEWS_URL=http://reviews:8000

========================  ===========================================================  =========
option                    meaning                                                      default
========================  ===========================================================  =========
``mode``                  ``local``, ``shadow``, ``loopback`` or ``remote``            ``local``
``url``                   address of the service (shadow and remote)
``path``                  below the address, where its operations are                  /boundary/v1
``token_key``             signs tokens; ``BOUNDARY_TOKEN_KEY`` for all contexts
``connect_timeout``       seconds to reach the service                                 0.5
``timeout_factor``        multiplies the time limits of all operations                 1
``attempts``              tries in all of a call, within its time limit                3
``max_connections``       connections to the service per process                       50
``max_depth``             boundary calls that may lead to one another                  5
``page_size``             items per request of an operation that returns pages        500
``breaker_failures``      failures in a row that open the circuit                      5
``breaker_seconds``       how long an open circuit refuses before it tries again       10
========================  ===========================================================  =========

The options of mode ``shadow`` stand in ``shadow``. An operation may declare what its callers get while the service does
not answer: see ``fallback``.

This module imports nothing but the standard library until an operation leaves mode ``local``.
"""

from __future__ import annotations

import contextvars
import functools
import importlib
import importlib.util
import logging
import os
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from typing import Self

logger = logging.getLogger(__name__)

_F = TypeVar("_F", bound=Callable[..., Any])

current_user: contextvars.ContextVar[str] = contextvars.ContextVar("boundary_user", default="")
"""Key of the user on whose behalf this process works, ``""`` when nobody is known. It becomes ``sub`` of the token."""

current_trace: contextvars.ContextVar[str] = contextvars.ContextVar("boundary_trace", default="")
"""The ``traceparent`` header of the request being served (W3C Trace Context), ``""`` outside of one."""


class _Unset:
    """The value of an argument that was not given: the context's own default applies."""

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


UNSET: Any = _Unset()


class BoundaryError(Exception):
    """A call over a boundary failed in a way that the operation does not declare. The message names the operation."""

    plain: type[BoundaryError] | None = None
    """The documented class, where this one is a database library's error too (see ``databases``)."""

    def __init__(self, operation: str, message: str) -> None:
        # Not through the bases: a database library's errors are made of other arguments.
        self.args = (f"{operation}: {message}",)
        self.operation = operation
        self.message = message

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[Any, ...]:
        return self.plain or type(self), (self.operation, self.message)


class BoundaryUnavailable(BoundaryError):
    """The service did not answer in time, or its circuit is open. A command may or may not have happened.

    Callers that are ready for a database that does not answer are ready for this: see ``databases``.
    """

    def __new__(cls, *arguments: Any, **named: Any) -> Self:
        from . import databases

        made: Self = super().__new__(databases.also(cls, "OperationalError"))
        return made


class BoundaryFailure(BoundaryError):
    """The service failed while it ran the operation. It is a database error too where its database failed."""


class BoundaryRejected(BoundaryError):
    """The service refused the request: no such operation, a bad token, or a request against the contract."""


class BoundaryTypeError(BoundaryError, TypeError):
    """A value cannot cross the boundary as the contract wants it."""


class ErrorContract(NamedTuple):
    """An exception that crosses by name.

    ``path`` is the class that the context raises. ``moved`` is true when that class lives in the context: callers then
    get a class of the contract, made of ``bases`` and, while the context's code is still here, of the class itself.
    """

    name: str
    path: str
    status: int
    moved: bool
    bases: tuple[str, ...] = ()


class OperationContract(NamedTuple):
    """What both sides know of an operation.

    ``parameters`` maps a name to its type in the contract's terms, ``returns`` is one such type. ``timeout`` is in
    seconds. ``request`` and ``response`` are pydantic models. An ``idempotent`` operation may be sent twice.
    ``fallback`` is what callers get while the service does not answer (see ``fallback``), ``""`` for the error.
    ``page_size`` is how many items one request gives, 0 for the boundary's own option.
    """

    name: str
    shape: str
    kind: str
    request: Any
    response: Any
    parameters: Mapping[str, str]
    returns: str
    errors: tuple[str, ...] = ()
    idempotent: bool = False
    timeout: float = 2.0
    target: str = ""
    doc: str = ""
    fallback: str = ""
    page_size: int = 0


class Answer(NamedTuple):
    """The reply to a request: HTTP status and body. ``cause`` is the exception behind a failure, never sent."""

    status: int
    body: bytes
    cause: BaseException | None = None


class Boundary:
    """A context seen from its callers. ``name`` is its name in settings, ``package`` the boundary package.

    ``errors`` maps a name of the API to the dotted class that the context raises.
    """

    def __init__(self, name: str, package: str, errors: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.package = package
        self.errors = dict(errors or {})

    # Choosing ------------------------------------------------------------------------------------

    def option(self, name: str, default: Any = None) -> Any:
        """An option from the settings, else from the environment, else ``default``."""
        configured = _django_setting("BOUNDARIES", {}).get(self.name, {})
        if name in configured:
            return configured[name]
        return os.environ.get(f"{self.name}_{name}".upper(), default)

    @property
    def mode(self) -> str:
        mode = str(self.option("mode", "local"))
        if mode not in HERE and mode not in TRANSPORTS:
            known = ", ".join([*HERE, *TRANSPORTS])
            raise BoundaryError(self.name, f"unknown mode {mode!r}, known are {known}")
        return mode

    @property
    def contract(self) -> ModuleType:
        return importlib.import_module(f"{self.package}.contract")

    @property
    def local(self) -> ModuleType:
        return importlib.import_module(f"{self.package}.local")

    # Calling -------------------------------------------------------------------------------------

    def as_called(self, function: _F) -> _F:
        """A function of the API that hands a call on as it came, positional arguments as positional ones.

        In mode ``local`` whoever replaced the context's function, as tests do, sees the very arguments of the caller.
        """

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            mode = self.mode
            if mode not in HERE:
                return function(*arguments, **named)

            def run() -> Any:
                return getattr(self.local, function.__name__)(*arguments, **named)

            if mode == "local":
                return run()
            from . import shadow

            given = shadow.bound(function, arguments, named)
            return shadow.beside(self, function.__name__, given, run)

        return call  # type: ignore[return-value]

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Any:
        """The result of an operation; declared errors are raised as the API's exception classes."""
        given = {name: value for name, value in arguments.items() if value is not UNSET}
        mode = self.mode
        if mode == "local":
            return getattr(self.local, operation)(**given)
        if mode == "shadow":
            from . import shadow

            return shadow.beside(
                self, operation, given, lambda: getattr(self.local, operation)(**given)
            )
        from . import wire

        contract = self.contract.OPERATIONS[operation]
        if contract.shape == "draft":
            return wire.Draft(self, contract, given)
        if contract.shape == "method" and contract.target.endswith(".save"):
            row = next(iter(given.values()))
            if isinstance(row, wire.Draft):
                return row.save()
        return self.exchange(contract, given)

    def exchange(self, operation: OperationContract, given: Mapping[str, Any]) -> Any:
        """Sends a request in the current mode and decodes the reply; pages are fetched until the last.

        While the service does not answer, an operation with a declared fallback gives that.
        """
        from . import objects

        sessions = [name for name, kind in operation.parameters.items() if kind == "session"]
        with objects.lending([given[name] for name in sessions if name in given]):
            return self._exchanged(operation, given)

    def _exchanged(self, operation: OperationContract, given: Mapping[str, Any]) -> Any:
        from . import wire

        body = wire.encode_request(self, operation, given)
        transport = TRANSPORTS[self.mode]
        if not operation.fallback:
            return self.fetch(operation, lambda at: transport(self, operation, body, at), given)
        from . import fallback

        answers: list[Answer] = []

        def send(offset: int) -> Answer:
            answers.append(transport(self, operation, body, offset))
            return answers[-1]

        try:
            result = self.fetch(operation, send, given)
        except BoundaryUnavailable as error:
            return fallback.instead(self, operation, body, error)
        fallback.remember(self, operation, body, answers)
        return result

    def fetch(
        self,
        operation: OperationContract,
        send: Callable[[int], Answer],
        given: Mapping[str, Any],
    ) -> Any:
        """The result of an operation from what ``send`` answers for an offset."""
        from . import wire

        if not operation.returns.startswith("page:"):
            reply = wire.decode_answer(self, operation, send(0))
            wire.apply_changes(self, operation, reply, given)
            return wire.received(reply.result, operation.returns)
        found: list[Any] = []
        while True:
            page = wire.decode_answer(self, operation, send(len(found)))
            found += page.result
            if not page.more:
                return wire.received(found, operation.returns)

    def attribute(self, name: str) -> Any:
        """An exception of the API by its name: the context's own class where its code runs, else the contract's."""
        if name not in self.errors:
            raise AttributeError(f"module {self.package!r} has no attribute {name!r}")
        if self.mode in HERE:
            return resolve(self.errors[name])
        return self.error_class(name)

    def error_class(self, name: str) -> type[Exception]:
        """The class that callers catch in the modes that serialise; one class per name and process."""
        key = (self.package, name)
        if key not in _error_classes:
            error: ErrorContract = self.contract.ERRORS[name]
            _error_classes[key] = _make_error_class(error, self.contract.__name__)
        return _error_classes[key]

    # Serving -------------------------------------------------------------------------------------

    def serve(self, operation: str, body: bytes, world: Any, offset: int = 0) -> Answer:
        """Runs a serialised request against the local implementation.

        ``world`` turns snapshots and keys into objects of this process (see ``objects``). Nothing is raised: declared
        errors, requests against the contract and failures all become problem documents (RFC 9457).
        """
        from . import wire

        contract = self.contract.OPERATIONS.get(operation)
        if contract is None:
            return wire.problem(404, "unknown operation", operation)
        try:
            request = wire.parse_request(contract, body)
        except ValueError as invalid:
            return wire.problem(422, "request against the contract", operation, invalid=invalid)
        try:
            arguments = wire.decode_request(self, contract, request, world)
            result = getattr(self.local, operation)(**arguments)
            if contract.shape == "draft":
                result = world.save(result)
            return Answer(
                200,
                wire.encode_response(
                    self, contract, result, arguments, offset, contract.page_size or self.page_size
                ),
            )
        except Exception as raised:
            answer = wire.raising(self, contract, raised)
            if answer.cause is not None:
                logger.exception("boundary operation %s.%s failed", self.name, operation)
            return answer

    @property
    def page_size(self) -> int:
        """Items in one reply of an operation that returns pages."""
        return int(self.option("page_size", 500))

    def declared(self, operation: OperationContract, raised: Exception) -> ErrorContract | None:
        """The declared error that fits best: the most derived class wins."""
        fitting: list[tuple[int, ErrorContract]] = []
        for name in operation.errors:
            error = self.contract.ERRORS[name]
            kind = _find(error.path)
            if kind is not None and isinstance(raised, kind):
                fitting.append((type(raised).__mro__.index(kind), error))
        return min(fitting)[1] if fitting else None


def _loopback(boundary: Boundary, operation: OperationContract, body: bytes, offset: int) -> Answer:
    from . import objects

    return boundary.serve(operation.name, body, objects.Detached(operation.name), offset)


def _remote(boundary: Boundary, operation: OperationContract, body: bytes, offset: int) -> Answer:
    from . import client

    return client.of(boundary).send(operation, body, offset)


HERE = ("local", "shadow")
"""Modes in which the context's own code in this process answers the caller."""

TRANSPORTS: dict[str, Callable[[Boundary, OperationContract, bytes, int], Answer]] = {
    "loopback": _loopback,
    "remote": _remote,
}
"""How a serialised request travels, by mode."""

_error_classes: dict[tuple[str, str], type[Exception]] = {}


def _make_error_class(error: ErrorContract, module: str) -> type[Exception]:
    if not error.moved:
        return resolve(error.path)
    # While the context's code is still in this process, callers that catch its class directly keep working.
    own = (error.path,) if _find(error.path) is not None else ()
    bases: list[type[Exception]] = []
    for kind in map(resolve, [*own, *error.bases, "builtins.Exception"]):
        if not any(issubclass(base, kind) for base in bases):
            bases.append(kind)
    return type(
        error.name,
        tuple(bases),
        {"__module__": module, "__doc__": f"Raised by the boundary for {error.path}."},
    )


def resolve(path: str) -> Any:
    """The object with a dotted path, attributes of classes included."""
    found = _find(path)
    if found is None:
        raise ImportError(f"nothing is importable at {path!r}")
    return found


def _find(path: str) -> Any:
    """The object with a dotted path, ``None`` when this process's code has no such module or attribute."""
    parts = path.split(".")
    found: Any = None
    for end, name in enumerate(parts, start=1):
        module = ".".join(parts[:end])
        is_package = found is None or (isinstance(found, ModuleType) and hasattr(found, "__path__"))
        if end == 1 or (is_package and not hasattr(found, name)):
            if importlib.util.find_spec(module) is None:
                return None
            found = importlib.import_module(module)
        elif not hasattr(found, name):
            return None
        else:
            found = getattr(found, name)
    return found


def _django_setting(name: str, default: Any) -> Any:
    # Settings of a framework that is not running are not consulted.
    conf = sys.modules.get("django.conf")
    if conf is None or not conf.settings.configured:
        return default
    return getattr(conf.settings, name, default)


def setting(name: str, default: Any = None) -> Any:
    """A process-wide option from the Django settings, else from the environment."""
    return _django_setting(name, os.environ.get(name, default))


class RequestContext:
    """Django middleware: outgoing boundary calls carry the request's user and trace. Optional; put it after the
    authentication middleware."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        user = getattr(request, "user", None)
        key = getattr(user, "pk", None)
        user_token = current_user.set("" if key is None else str(key))
        trace_token = current_trace.set(request.headers.get("traceparent", ""))
        try:
            return self.get_response(request)
        finally:
            current_user.reset(user_token)
            current_trace.reset(trace_token)
