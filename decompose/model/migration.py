"""The migration plan: what a person reviews, signs and extracts from.

The saved plan is the contract between ``plan`` and ``extract``: it carries everything that extraction needs
besides the source texts, and ``digest`` says which source it was made from.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.codegraph import Module
from decompose.model.contexts import ContextMap
from decompose.model.disposition import Disposition as Disposition
from decompose.model.facts import (
    EnvironmentRead,
    External,
    ForeignKey,
    Route,
    Schedule,
    Setting,
    Subscription,
    Table,
    Task,
    Unresolved,
)
from decompose.model.location import Location, Span
from decompose.model.lock import Crossing
from decompose.model.source import SkippedFile

EdgeKind = Literal[
    "import", "side-effect", "call", "orm", "construction", "exception", "foreign-key", "accessor", "signal", "task",
    "url", "route", "template", "fixture", "patch", "settings", "sql", "annotation", "inherit", "transaction", "admin", "test",
]
"""How one side of a cut uses the other.

``import``: a module or a class is imported, and passed on or not followed. ``side-effect``: a module is imported for what it does while it loads.
``call``: a function is called. ``orm``: rows are read or written through a model. ``construction``: a class that is no model is made into an object.
``exception``: an exception is caught or raised by name. ``foreign-key``: a key refers to a table of the other side. ``accessor``: an attribute of a
row leads to rows of the other side. ``signal``: a handler listens, or a signal is sent. ``task``: a task is sent to a worker.
``url``: a URL is named, as in ``reverse``. ``route``: a URL or a field of a GraphQL schema is served. ``template``: a template is named.
``fixture``: a test loads rows from a file. ``patch``: a test replaces something by its dotted name. ``settings``: a setting is read, or names something.
``sql``: SQL text names a table. ``annotation``: a type is named where nothing runs. ``inherit``: a class has a base on the other side.
``transaction``: one commit has tables of both sides. ``admin``: Django's admin shows a model. ``test``: a test uses the context.
"""


class BoundaryEdge(msgspec.Struct, frozen=True, omit_defaults=True):
    """One use of a context from outside (``in``) or of the outside from the context (``out``).

    ``id`` is stable over reruns: the context's name and a short hash of what the edge is, not of its line number.
    ``source`` and ``target`` are ids of definitions, modules or tables. ``text`` is the expression's shape or the string.
    ``proposal`` is the tool's disposition, ``disposition`` the one in force; they differ after a person's decision
    (``decided``). ``alternatives`` are the other dispositions that would be accepted here. ``blocks`` is the first step
    that cannot be taken while the edge stays as it is (``seal``, ``switch``, ``split``), ``""`` when none. ``loop`` is the line of the
    innermost loop or comprehension around it, ``batch`` the operation that does all its turns in one call.
    """

    id: str
    direction: Literal["in", "out"]
    kind: EdgeKind
    source: str
    target: str
    at: Location
    text: str
    disposition: Disposition
    proposal: Disposition
    reason: str
    span: Span | None = None
    operation: str = ""
    alternatives: tuple[Disposition, ...] = ()
    decided: bool = False
    blocks: str = ""
    test: bool = False
    loop: int = 0
    batch: str = ""


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field of a contract type.

    ``type`` is a neutral column type of :class:`decompose.model.facts.Column`, ``entity:<name>`` or ``list:<type>``.
    ``path`` is how the value is read from the monolith's object (``customer.email``), ``""`` for a column of its own; what a model computes
    has its own name as path.
    ``default`` is Python source text.
    """

    name: str
    type: str
    nullable: bool = False
    default: str = ""
    path: str = ""


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """A contract type made from a model: its concrete columns, foreign keys as ``<name>_id``.

    ``relations`` are foreign keys to models of the monolith, as attribute and model: callers get the row behind one from their own tables.
    ``extends`` is the entity whose rows these are, with what a query set adds to them beside their columns.
    """

    name: str
    model: str
    table: str
    key: str
    fields: tuple[Field, ...]
    relations: tuple[tuple[str, str], ...] = ()
    extends: str = ""


class Replica(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model outside the context whose rows the service keeps as shadows.

    ``fields`` are what the moved code reads of it; the key comes first. ``label`` is ``app.Model``. ``parents`` are
    foreign keys of the replica to other replicas (``field``, ``model``). ``managers`` are the project's own managers that moved code uses, as
    attribute, expression and the symbols it needs. ``user`` is true for the project's user model.
    ``reasons`` are the places that need it.
    """

    model: str
    label: str
    table: str
    key: Field
    fields: tuple[Field, ...] = ()
    parents: tuple[tuple[str, str], ...] = ()
    managers: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    user: bool = False
    reasons: tuple[Location, ...] = ()


class OperationParameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A parameter of an operation.

    ``type`` as in :class:`Field`, or ``replica:<model>`` for an object of the monolith that travels as a snapshot, or
    ``key:<model>`` for an object or its primary key of which only the key travels, ``related:<field>:<model>`` for an object of which only
    the key in its foreign key ``field`` travels, ``row:<model>|<model>`` for an object of one of several models, ``schema:<class>`` for a
    Pydantic model of the project, ``json``, or ``session`` for a session of SQLAlchemy: it does not travel, the service gives its own.
    """

    name: str
    type: str
    nullable: bool = False
    required: bool = True
    default: str = ""


class Operation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One call of the boundary API.

    ``shape``: ``function`` (delegates to ``target``), ``chain`` (evaluates ``expression``), ``draft`` (makes an unsaved
    object of ``target``), ``method`` (calls method ``expression`` on the object of ``target`` with the given key).
    ``expression`` is the Python expression of a chain with parameters by name, ``imports`` the symbols it needs.
    ``returns`` is a neutral type, ``entity:<name>``, ``list:entity:<name>``, ``page:...``, ``json`` or ``none``; with
    ``optional`` it may be ``None``. ``errors`` are dotted exception classes that cross the boundary by name. ``blocked_by`` are ids of edges to code
    that stays in the monolith: the service cannot run the operation before they are solved.
    ``idempotent`` operations may be repeated after a time-out. ``fallback`` is what callers of a query get while the service does not answer:
    ``""`` or ``raise``, ``empty``, ``none``, ``last`` or ``default:<Python literal>``. ``page_size`` is the number of rows that one request gives, 0 for the boundary's own.
    ``uses`` counts call sites.
    """

    name: str
    shape: Literal["function", "chain", "draft", "method"]
    kind: Literal["query", "command"]
    target: str
    parameters: tuple[OperationParameter, ...]
    returns: str
    expression: str = ""
    imports: tuple[str, ...] = ()
    optional: bool = False
    errors: tuple[str, ...] = ()
    idempotent: bool = False
    timeout: float = 2.0
    fallback: str = ""
    page_size: int = 0
    doc: str = ""
    uses: int = 0
    at: tuple[Location, ...] = ()
    blocked_by: tuple[str, ...] = ()


class Placement(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a module goes: ``move`` to the service, ``stay`` in the monolith, ``share`` (copied, locked by hash), ``drop``.

    ``definitions`` are those of the module that the action covers when the module is split, else empty.
    """

    module: str
    path: str
    action: Literal["move", "stay", "share", "drop"]
    reason: str
    definitions: tuple[str, ...] = ()


class Alternative(msgspec.Struct, frozen=True):
    """Another answer to a decision and what it costs."""

    choice: str
    cost: str


class Decision(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to decide about: a foreign key (``FK-``), a transaction (``TX-``), a table (``TBL-``) or an edge.

    ``state``: ``proposed``, ``accepted``, ``waived``, ``open`` (no proposal: a person must). A waiver holds to the end of ``until``, a day, where it has one.
    """

    id: str
    kind: Literal["foreign-key", "transaction", "table", "edge", "module"]
    subject: str
    contexts: tuple[str, ...]
    evidence: tuple[Location, ...]
    proposal: str
    reason: str
    alternatives: tuple[Alternative, ...] = ()
    state: Literal["proposed", "accepted", "waived", "open"] = "proposed"
    by: str = ""
    until: str = ""


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """A reversible step of an extraction: what to run, what proves it and how to go back."""

    id: str
    name: Literal["seal", "serve", "shadow", "switch", "split", "retire"]
    title: str
    command: str
    proof: str
    reverse: str
    last_safe: bool = False
    blocked_by: tuple[str, ...] = ()


class Pointer(msgspec.Struct, frozen=True):
    """A column of the monolith with keys of the context's rows: ``owner`` and ``label`` are ``app.Model``, ``column`` the attribute with the key."""

    owner: str
    label: str
    column: str
    on_delete: str


class Listener(msgspec.Struct, frozen=True):
    """A handler of a model's signal that the cut puts on the other side: it hears of the model's rows by event.

    ``signal`` is ``post_save`` or ``post_delete``, ``label`` the model, ``side`` where the handler runs. ``fields`` travel to it.
    """

    signal: Literal["post_save", "post_delete"]
    label: str
    handler: str
    side: Literal["service", "monolith"]
    fields: tuple[Field, ...] = ()


class ContextPlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything planned for one context: boundary, operations, data, placement and steps.

    ``callbacks`` are operations of the monolith that the service calls; ``pointers`` and ``listeners`` are what hears of changes by event,
    ``sent`` the tasks of the monolith that moved code sends, each with its queue. ``foreign_keys`` are those of the context's own tables, many-to-many relations included. ``files`` are paths of templates and
    other files that moved code names. ``left_settings`` say what the monolith uses outside of its code and database (caches): a service has to be told of its own.
    ``rank`` is the place in the order of extraction from 1, 0 when extraction is not advised; ``score`` and ``reasons`` say why.
    """

    name: str
    readiness: Literal["ready", "decisions", "inseparable"]
    rank: int
    score: float
    reasons: tuple[str, ...]
    edges: tuple[BoundaryEdge, ...]
    operations: tuple[Operation, ...]
    entities: tuple[Entity, ...]
    replicas: tuple[Replica, ...]
    placements: tuple[Placement, ...]
    tables: tuple[Table, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    routes: tuple[Route, ...] = ()
    tasks: tuple[Task, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    environment: tuple[EnvironmentRead, ...] = ()
    settings: tuple[Setting, ...] = ()
    externals: tuple[External, ...] = ()
    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    callbacks: tuple[Operation, ...] = ()
    pointers: tuple[Pointer, ...] = ()
    listeners: tuple[Listener, ...] = ()
    sent: tuple[Task, ...] = ()
    depends_on: tuple[str, ...] = ()
    left_settings: tuple[Setting, ...] = ()


class Project(msgspec.Struct, frozen=True, omit_defaults=True):
    """What every service needs to know of the monolith.

    ``package`` is the folder of generated boundaries as a dotted name (``shop.boundaries``), ``source`` the import root
    it lies in, ``settings_module`` the module that the project's own entry point uses. ``test_command`` is how the project
    runs its tests, ``""`` when not found. ``apps`` maps an app label to its config or package.
    """

    name: str
    framework: Literal["django", "flask", "fastapi", "plain"]
    frameworks: tuple[str, ...]
    source: str
    package: str
    python: str
    settings_module: str = ""
    urlconf: str = ""
    user_model: str = ""
    manage: str = ""
    celery_app: str = ""
    test_command: str = ""
    apps: tuple[tuple[str, str], ...] = ()
    requirements: tuple[tuple[str, str], ...] = ()


class MigrationPlan(msgspec.Struct, frozen=True):
    """The reviewed contract. ``digest`` is the hash of the analysed source, ``config_digest`` that of the decisions in force.

    ``unresolved`` and ``failed`` are what the analysis could not follow or read, so that whoever signs knows it. ``crossings`` are all uses across
    the cut; :mod:`decompose.planning.crossings` says which count.
    """

    project: Project
    digest: str
    config_digest: str
    context_map: ContextMap
    modules: tuple[Module, ...]
    tables: tuple[Table, ...]
    decisions: tuple[Decision, ...]
    contexts: tuple[ContextPlan, ...]
    routes: tuple[Route, ...] = ()
    schema: str = "decompose/plan/1"
    version: str = ""
    unresolved: tuple[Unresolved, ...] = ()
    failed: tuple[SkippedFile, ...] = ()
    crossings: tuple[Crossing, ...] = ()
