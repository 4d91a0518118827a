"""Expressions as symbols: what stands for a value in the text of a file, names resolved through the file's imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec


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
    """A dict display or ``dict(...)`` call with keyword arguments; ``**x`` has the key ``Opaque("**")``.

    ``lines`` are those of the entries where these are mappings themselves, so that each can be pointed at; else there are none.
    """

    items: tuple[tuple[Expression, Expression], ...]
    lines: tuple[int, ...] = ()


class Opaque(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="o"):
    """An expression that is not followed; ``text`` is its source, at most 200 characters."""

    text: str


class Operation(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="p"):
    """Operands joined by an operator, so that ``Q(a=1) | Q(b=2)`` and ``Order.total > 5`` stay readable as arguments.

    ``operator`` is its source form (``|``, ``==``, ``not``, ``and``, ``in``, chained comparisons joined by blanks), or

    * ``if``: the two values of ``a if test else b``
    * ``lambda``: the body
    * ``for``: a comprehension: its element (key and value for a dict), then its iterables
    * ``each``: a variable of a loop over a display of names (or of tuples, one variable for each part): the names in turn
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
    """A step of a chain: ``[a:b]``, part of a collection that is a collection again, and which of its bounds are written."""

    lower: bool = False
    upper: bool = False
    step: bool = False


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


class Continued(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="v"):
    """A chain that goes on where the chain of the ``use``-th use ends; only inside :class:`~decompose.model.uses.KeptUses`.

    ``origin`` and ``length`` are those of the whole chain.
    """

    use: int
    steps: tuple[str | Call | Item | Slice | Bound, ...]
    origin: Origin
    length: int


if TYPE_CHECKING:
    Expression = Chain | Constant | Template | Sequence | Mapping | Operation | Opaque
else:
    # In the kept form of uses a number stands for the chain of another use. Nobody but its reader ever meets one.
    Expression = Chain | Constant | Template | Sequence | Mapping | Operation | Opaque | int | Continued

Step = str | Call | Item | Slice | Bound
