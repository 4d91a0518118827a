"""Claims about the target after linking, each with the place it comes from.

Ids: a definition is its dotted name (``shop.orders.models.Order``), a table is its database name
(``orders_order``, with ``schema.`` in front where one is declared).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.location import Location, Span

COLUMN_TYPES = frozenset({
    "integer", "big", "string", "text", "boolean", "float", "decimal", "date", "datetime", "time", "duration", "uuid", "json", "binary", "file", "other",
})  # fmt: skip
"""Neutral types of columns."""


class Column(msgspec.Struct, frozen=True, gc=False):
    """A column of a table.

    ``name`` is the database name, ``field`` the attribute in Python (``customer`` for ``customer_id``). ``type`` is
    one of :data:`COLUMN_TYPES`. ``default`` is the source text of the default, ``""`` when there is none.
    ``declared`` is the framework's own type, e.g. ``django.db.models.CharField``.
    """

    name: str
    field: str
    type: str
    nullable: bool = False
    primary_key: bool = False
    unique: bool = False
    default: str = ""
    declared: str = ""
    choices: tuple[str, ...] = ()
    max_length: int | None = None
    auto: bool = False
    line: int = 0


class Table(msgspec.Struct, frozen=True, gc=False):
    """A database table. ``model`` is the class that maps it, ``""`` for a plain ``Table`` or a join table.

    ``kind``: ``entity``, ``join`` (made for a many-to-many relation), ``framework`` (belongs to an installed
    library such as ``auth_user``). ``label`` is the framework's name of the model (``orders.Order``).
    ``models`` are all classes that map to it (proxies included). ``origin`` is the detector.
    """

    id: str
    model: str
    at: Location
    origin: str
    kind: Literal["entity", "join", "framework"] = "entity"
    label: str = ""
    models: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()


class ForeignKey(msgspec.Struct, frozen=True, gc=False):
    """A reference from a column to a table.

    ``kind``: ``many-to-one``, ``one-to-one`` or ``many-to-many`` (then ``table`` is the declaring model's table and
    ``through`` the join table). ``accessor`` is the attribute on the target's side (``invoice_set``, ``""`` when
    there is none). ``target`` may be a table outside the project (``auth_user``). ``on_delete`` is upper case,
    ``""`` when not declared. ``relation`` is the attribute that gives the row referred to where that is declared apart from the
    key's own (SQLAlchemy's ``relationship``), else ``""``.
    """

    table: str
    column: str
    field: str
    target: str
    kind: Literal["many-to-one", "one-to-one", "many-to-many"]
    at: Location
    on_delete: str = ""
    accessor: str = ""
    through: str = ""
    nullable: bool = False
    model: str = ""
    target_model: str = ""
    relation: str = ""


Mode = Literal["read", "write"]


class Access(msgspec.Struct, frozen=True, gc=False):
    """A definition reads or writes a table at a line.

    ``via`` is ``orm``, ``core`` (SQLAlchemy Core) or ``sql``. ``certain`` is false where the receiver's type rests on a
    convention rather than on the text, where a row may be in memory already, and where only the rows decide (a cascade).
    """

    definition: str
    table: str
    mode: Mode
    at: Location
    via: Literal["orm", "core", "sql"] = "orm"
    certain: bool = True


class Annotation(msgspec.Struct, frozen=True, gc=False):
    """A value that a query set adds to its rows beside their columns: ``annotate(number=Count("lines"))``.

    ``type`` is a neutral column type, ``""`` where the text does not say it, with ``obstacle`` saying why. ``name`` is ``"**"`` where that is not
    known either. ``alias`` is one that only other expressions of the query see. ``at`` is where it is added.
    """

    name: str
    type: str
    nullable: bool = False
    at: Location | None = None
    obstacle: str = ""
    alias: bool = False


class ModelUse(msgspec.Struct, frozen=True, gc=False):
    """An expression in the code that goes through a model class, manager, query set or instance.

    ``head`` is where the chain begins: the class itself (``class``), an instance that came from elsewhere
    (``instance``), a reverse accessor on another model's instance (``accessor``), or a local variable that
    holds the result of an earlier use (``continuation``, with ``head_line`` the line of that use).
    ``shape`` is the chain's normal form with argument values left out:
    ``objects.filter(user,read=).count()``. ``result`` is what it yields: ``class manager queryset instance values scalar
    none exception unknown``. ``keywords`` are the keyword names in order over all calls.
    ``attributes`` are field names read or written on an instance. ``sealable`` is false when an argument is something
    that cannot be passed over a boundary (``Q``, ``F``, a sub-query, a star), with ``obstacle`` saying what. ``annotations`` are what its rows
    have beside their columns.

    Of an SQLAlchemy statement ``shape`` is its source with a parameter in the place of each value; ``holes`` are these parameters, each
    ``name=what it is`` (see :class:`decompose.detect.sqlalchemy.forms.Form`), ``imports`` the dotted names that it needs, ``joins`` other models
    that it names.
    """

    definition: str
    model: str
    at: Location
    span: Span
    head: Literal["class", "instance", "accessor", "continuation"]
    shape: str
    result: str
    mode: Literal["read", "write", "none"]
    sink: str = "other"
    head_line: int = 0
    loop: int = 0
    keywords: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    owner: str = ""
    sealable: bool = True
    obstacle: str = ""
    certain: bool = True
    holes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """A unit of work: an ``atomic`` block or decorator, ``session.begin`` and the like.

    ``end_line`` is the last line it covers. ``kind`` is ``block``, ``decorator``, ``request`` or ``session``. ``deferred`` are the first and last
    lines within of what runs after the commit (``on_commit``).
    """

    definition: str
    at: Location
    end_line: int
    kind: str = "block"
    deferred: tuple[tuple[int, int], ...] = ()


class Route(msgspec.Struct, frozen=True, gc=False):
    """An entry point that callers outside name: a URL, or a field of a GraphQL schema's root types.

    Of a URL ``path`` is the whole with all prefixes and ``methods`` are in upper case and sorted.
    ``path`` is as the framework writes it (``/orders/<int:pk>/``, ``/orders/{id}``); ``regex`` is true when it is a regular
    expression. ``mount`` is the place that hangs it into the application (the root ``include`` or ``register``),
    ``kind`` is ``view``, ``api``, ``admin``, ``graphql``. ``localized``: the path begins with the default language's code, and the
    route answers under those of the other languages too. Of a GraphQL field ``path`` is its name in the schema and ``methods`` holds
    ``QUERY``, ``MUTATION`` or ``SUBSCRIPTION``: all fields are reached through one URL, so that no load balancer can tell them apart.
    """

    methods: tuple[str, ...]
    path: str
    handler: str
    at: Location
    framework: str
    name: str = ""
    kind: Literal["view", "api", "admin", "graphql"] = "view"
    regex: bool = False
    mount: Location | None = None
    localized: bool = False

    @property
    def is_url(self) -> bool:
        """Whether requests reach it by its own URL, so that one service can take it over from another."""
        return self.kind != "graphql"


class Task(msgspec.Struct, frozen=True, gc=False):
    """A background task that is registered under ``name``; ``queue`` is ``""`` when not declared."""

    name: str
    definition: str
    at: Location
    framework: str
    queue: str = ""


class TaskSend(msgspec.Struct, frozen=True, gc=False):
    """A place that enqueues a task: ``task`` is the registered name, ``how`` the method used (``delay``)."""

    definition: str
    task: str
    at: Location
    how: str


class Schedule(msgspec.Struct, frozen=True, gc=False):
    """A periodic task; ``when`` is the source text of its schedule."""

    name: str
    task: str
    when: str
    at: Location


class Subscription(msgspec.Struct, frozen=True, gc=False):
    """A signal handler: ``signal`` is dotted, ``sender`` the model or class it listens to (``""`` for any)."""

    signal: str
    sender: str
    handler: str
    at: Location


class Emission(msgspec.Struct, frozen=True, gc=False):
    """A place that sends a signal explicitly."""

    signal: str
    definition: str
    at: Location


class Command(msgspec.Struct, frozen=True, gc=False):
    """A command-line entry point of the target (a Django management command, a ``flask`` command)."""

    name: str
    definition: str
    at: Location


class Setting(msgspec.Struct, frozen=True, gc=False):
    """A setting with its literal value as source text; ``environment`` is the variable it is read from, or ``""``."""

    name: str
    value: str
    at: Location
    environment: str = ""


class SettingRead(msgspec.Struct, frozen=True, gc=False):
    """A definition reads ``settings.NAME``."""

    definition: str
    name: str
    at: Location


class EnvironmentRead(msgspec.Struct, frozen=True, gc=False):
    """An environment variable is read; ``default`` is source text, ``""`` when none."""

    definition: str
    name: str
    default: str
    at: Location


class StringReference(msgspec.Struct, frozen=True, gc=False):
    """A string that names a definition, module, model, URL or template.

    ``kind``: ``dotted`` (settings and ``import_string``), ``patch`` (``mock.patch``), ``model`` (``app.Model``), ``url``
    (``reverse``/``redirect``), ``template`` (``render``), ``fixture``, ``sql`` (SQL text that names a table).
    ``target`` is the id it resolves to.
    """

    definition: str
    kind: Literal["dotted", "patch", "model", "url", "template", "fixture", "sql"]
    text: str
    target: str
    at: Location


class External(msgspec.Struct, frozen=True, gc=False):
    """Something outside the process that the code touches.

    ``kind`` and what ``text`` says: ``http`` (``GET https://host/path``, or the host of a service's own library), ``aws`` (the right that is
    needed, ``s3:PutObject``, else the service), ``mail``, ``cache`` and ``redis`` (method and key), ``queue`` (method and topic), ``search``
    (method and index), ``mongo`` (method and collection), ``storage`` (a framework's file storage, or an object store), ``file`` (the path),
    ``grpc``, ``ftp``, ``ssh``, ``ldap``, ``socket`` (the address), ``subprocess`` (the program). ``{}`` in a text stands for what is known only when it runs. ``mode`` is ``""`` where it
    makes no difference or is not known.
    """

    definition: str
    kind: str
    text: str
    at: Location
    mode: Literal["", "read", "write"] = ""


class Unresolved(msgspec.Struct, frozen=True, gc=False):
    """Something seen but not followed, with the reason: counted and shown, never guessed."""

    kind: str
    text: str
    reason: str
    at: Location


Fact = (
    Table | ForeignKey | Access | ModelUse | Transaction | Route | Task | TaskSend | Schedule | Subscription
    | Emission | Command | Setting | SettingRead | EnvironmentRead | StringReference | External | Unresolved
)
