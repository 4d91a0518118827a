"""What the text of one file says, as symbols: the output of the compile step, before linking.

A summary is a pure function of one file's text and dotted name, so it is cached by content hash and
made in parallel. Names are resolved through this file's own imports only: ``Order`` after
``from shop.orders.models import Order`` is the symbol ``shop.orders.models.Order``; a name defined in
the file ``m`` is ``m.name``. Whether such a symbol exists, and through which re-exports, is for
:mod:`decompose.link` to find out.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model.location import Span

# --- expressions -------------------------------------------------------------------------------


class Constant(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="k"):
    """A literal. Implicitly joined and ``+``-joined strings are folded into one."""

    value: str | int | float | bool | None


class Template(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="t"):
    """A string with holes: f-string, ``%`` or ``.format``; each hole stands as ``{}`` in ``text``."""

    text: str


class Sequence(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="s"):
    """A list, tuple or set display; ``a + b`` of displays is flattened, ``*x`` kept as its item."""

    items: tuple[Expression, ...]


class Mapping(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="m"):
    """A dict display or ``dict(...)`` call with keyword arguments; ``**x`` has the key ``Opaque("**")``."""

    items: tuple[tuple[Expression, Expression], ...]


class Opaque(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="o"):
    """An expression that is not followed; ``text`` is its source, at most 200 characters."""

    text: str


class Operation(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="p"):
    """Operands joined by an operator, so that ``Q(a=1) | Q(b=2)`` and ``Order.total > 5`` stay readable as arguments.

    ``operator`` is its source form (``|``, ``==``, ``not``, ``and``, ``in``, chained comparisons joined by blanks), or

    * ``if``: the two values of ``a if test else b``
    * ``lambda``: the body
    * ``for``: a comprehension: its element (key and value for a dict), then its iterables
    * ``*``: with one operand, an unpacked argument of a call
    * ``[]``: only in annotations, the generic followed by what stands in its brackets
    """

    operator: str
    operands: tuple[Expression, ...]


class Call(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="c"):
    """A step of a chain: ``(...)``. ``keywords`` has ``"**"`` as the name for an unpacked mapping.

    ``f(*names)`` has ``Operation("*", (names,))`` among its arguments.
    """

    arguments: tuple[Expression, ...] = ()
    keywords: tuple[tuple[str, Expression], ...] = ()


class Item(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="i"):
    """A step of a chain: one element taken out of a collection.

    ``[key]`` has the key, a loop variable or comprehension variable has ``None``, a slice is a
    :class:`Slice` step instead.
    """

    key: str | int | None = None


class Slice(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="l"):
    """A step of a chain: ``[a:b]``, part of a collection that is a collection again."""


class Bound(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="b"):
    """A step of a chain that marks the passage through a local variable.

    ``order = Order.objects.get(pk=1)`` on line 7 and ``order.save()`` on line 9 give the second use the
    chain ``Order .objects .get() <bound order@7> .save()``. ``certain`` is false when the variable may
    hold something else at that point (assigned in several branches or in a loop). ``None`` does not count as
    something else: an attribute of it would fail anyway. ``symbol`` is the class that the variable's annotation
    names, ``""`` when it has none. When the only other value is an earlier link of the same chain
    (``orders = orders.filter(...)`` under an ``if``), ``prefix`` is the number of steps that lead to it, else -1.
    ``variable`` is ``""`` for the result of ``a or b`` that has no name.
    """

    variable: str
    line: int
    certain: bool = True
    symbol: str = ""
    prefix: int = -1


Origin = Literal["global", "instance", "parameter", "self", "cls", "super", "local", "builtin"]


class Chain(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="x"):
    """Attribute access, calls and subscripts on a root: ``Order.objects.filter(paid=True)[0].total``.

    ``root`` by ``origin``:

    * ``global``: a dotted symbol resolved through this file's imports, e.g. ``shop.orders.models``
    * ``instance``: a dotted symbol of a class; the value is an instance of it (annotated parameter or
      variable; ``Optional`` and ``X | None`` are unwrapped)
    * ``parameter``: the name of a parameter without a usable annotation
    * ``self``, ``cls``, ``super``: the dotted id of the class whose method this is
    * ``local``: a local name whose value was not followed
    * ``builtin``: a builtin such as ``len``

    ``steps``: a plain string is an attribute access. Attributes that directly follow the imported name are
    steps too: the root is just what the first name stands for.
    """

    root: str
    origin: Origin
    steps: tuple[str | Call | Item | Slice | Bound, ...] = ()


Expression = Chain | Constant | Template | Sequence | Mapping | Operation | Opaque

# --- the file ----------------------------------------------------------------------------------

When = Literal["load", "call", "typing"]
"""When an import runs: while the module loads, when a function is called, or only for type checkers."""


class Import(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One imported name: ``from module import name as alias`` or ``import module as alias``.

    ``module`` is absolute (relative dots are resolved; dots that lead out of the topmost package are kept). ``name`` is ``""`` for ``import module`` and ``"*"``
    for a star import. ``alias`` is the name bound here (``""`` for a star). ``guarded`` is true inside
    ``try``/``if``. ``scope`` is the id of the enclosing function or class, ``""`` at module level.
    """

    module: str
    name: str
    alias: str
    line: int
    when: When = "load"
    guarded: bool = False
    scope: str = ""


class Parameter(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A parameter: ``annotation`` and ``default`` are source text, ``""`` when absent.

    ``kind`` is as in :class:`inspect.Parameter`. ``symbol`` is the dotted symbol of a plain class annotation.
    ``annotation_value`` is the annotation where ``symbol`` does not say it all (``Annotated[Session, Depends(get_db)]``),
    ``default_value`` the default where it is not a literal (``Depends(get_db)``).
    """

    name: str
    annotation: str = ""
    default: str = ""
    kind: Literal["positional", "normal", "varargs", "keyword", "varkeywords"] = "normal"
    symbol: str = ""
    annotation_value: Expression | None = None
    default_value: Expression | None = None


class Definition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A class, function or method. ``id`` is dotted from the module; ``line`` is that of ``def``/``class``.

    ``start`` is the first line including decorators. ``parent`` is the id of the enclosing definition or
    ``""``. ``returns`` is the source text of the return annotation, ``returns_symbol`` its class if plain.
    ``condition`` is true when it is declared under ``if``/``try``. ``returned`` are the expressions of its ``return`` statements
    in source order (a bare ``return`` is ``Constant(None)``), ``generator`` is true when it yields.
    """

    id: str
    kind: Literal["class", "function", "method"]
    line: int
    start: int
    end_line: int
    parent: str = ""
    bases: tuple[Expression, ...] = ()
    decorators: tuple[Expression, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    returns: str = ""
    returns_symbol: str = ""
    doc: str = ""
    is_async: bool = False
    condition: bool = False
    keywords: tuple[tuple[str, Expression], ...] = ()
    returned: tuple[Expression, ...] = ()
    generator: bool = False


class Binding(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """``name = value`` (or ``name: annotation = value``) at module or class level.

    ``scope`` is the id of the class, ``""`` for the module. ``augmented`` is true for ``+=`` and for
    ``name.append(x)``/``extend``. ``value`` of a bare annotation is ``Opaque("")``.

    What is added stands in ``value`` as a display: ``name.append(x)`` is ``Sequence((x,))``, ``name["k"] = x`` is
    ``Mapping((("k", x),))``, both augmented. ``app.conf.beat_schedule = x`` has the dotted name. In ``a, b = f()`` the values
    are ``f()[0]`` and ``f()[1]``.
    """

    scope: str
    name: str
    value: Expression
    line: int
    annotation: str = ""
    annotation_value: Expression | None = None
    augmented: bool = False


Sink = Literal["discard", "assign", "argument", "return", "iterate", "test", "store", "delete", "decorator", "base", "annotation", "except", "other"]


class Use(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A maximal chain evaluated somewhere in the file.

    A variable by itself is a use when it stands for something global or an instance, not when it is a bare builtin,
    an unknown local or an unannotated parameter. Decorators, bases, defaults and annotations belong to the scope of
    the definition that they are part of. Displays, ``a or b`` and ``a if t else b`` hand ``argument`` and ``return`` down
    to what they hold.

    ``scope`` is the id of the innermost definition, ``""`` at module level. ``sink`` says what becomes of the
    value: thrown away, assigned to a variable, passed on, returned, looped over, tested, ``store`` when an
    attribute of it is assigned (the attribute is the last step), ``delete`` for ``del``, ``except`` for an
    exception class in an ``except`` clause. ``loop`` is the line of the innermost enclosing loop or
    comprehension, 0 outside loops. ``target`` is the variable for ``assign`` (``self.order`` for an attribute) and the
    alias for ``iterate``.
    """

    scope: str
    chain: Chain
    span: Span
    sink: Sink
    loop: int = 0
    target: str = ""


class Block(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A ``with`` block: the context manager's expression and the lines it covers.

    A ``with`` of several managers gives one block for each.
    """

    scope: str
    manager: Expression
    line: int
    end_line: int


class Text(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A string that names something: SQL, a dotted path, ``app.Model``, a URL name, a template, an AWS service.

    ``holes`` is true when it was an f-string or otherwise has parts that are not known (shown as ``{}``).
    """

    scope: str
    value: str
    line: int
    holes: bool = False


class Remark(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Something odd about a line that a reader should know, such as a character that hides what the code does."""

    line: int
    text: str


class ModuleSummary(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Everything that the text of one Python file says.

    ``newer`` is true when it is written for a newer Python than the one that read it, so that it was read respelled.
    """

    path: str
    name: str
    is_package: bool
    lines: int
    doc: str = ""
    exports: tuple[str, ...] | None = None
    imports: tuple[Import, ...] = ()
    definitions: tuple[Definition, ...] = ()
    bindings: tuple[Binding, ...] = ()
    uses: tuple[Use, ...] = ()
    blocks: tuple[Block, ...] = ()
    texts: tuple[Text, ...] = ()
    failure: str = ""
    failure_line: int = 0
    remarks: tuple[Remark, ...] = ()
    newer: bool = False
