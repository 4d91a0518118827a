"""What the text of one file says, as symbols: the output of the compile step, before linking.

A summary is a pure function of one file's text and dotted name, so it is cached by content hash and
made in parallel. Names are resolved through this file's own imports only: ``Order`` after
``from shop.orders.models import Order`` is the symbol ``shop.orders.models.Order``; a name defined in
the file ``m`` is ``m.name``. Whether such a symbol exists, and through which re-exports, is for
:mod:`decompose.link` to find out.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

import msgspec

from decompose.model.expressions import (
    Bound,
    Call,
    Chain,
    Constant,
    Expression,
    Item,
    Mapping,
    Opaque,
    Operation,
    Origin,
    Sequence,
    Slice,
    Template,
)
from decompose.model.uses import KeptUses, Returned, Sink, Use

__all__ = [
    "Binding", "Block", "Bound", "Call", "Chain", "Constant", "Definition", "Expression", "Import", "Item", "Mapping",
    "ModuleSummary", "Opaque", "Operation", "Origin", "Parameter", "Remark", "Sequence", "Sink", "Slice", "Template",
    "Text", "Use", "When",
]  # fmt: skip

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
    ``condition`` is true when it is declared under ``if``/``try``, ``generator`` is true when it yields. What it returns is
    kept with the uses of its file: :attr:`ModuleSummary.returned`.
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


class ModuleSummary(msgspec.Struct, frozen=True, array_like=True, dict=True, eq=False):
    """Everything that the text of one Python file says.

    ``kept`` are the uses as they are kept: in a summary that was stored as bytes, read when :attr:`uses` or :attr:`returned` is first
    asked for; ``None`` since then, for nobody needs both forms.
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
    blocks: tuple[Block, ...] = ()
    texts: tuple[Text, ...] = ()
    failure: str = ""
    failure_line: int = 0
    remarks: tuple[Remark, ...] = ()
    newer: bool = False
    kept: KeptUses | bytes | None = b""

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """All maximal chains of the file, in the order in which they begin."""
        return self._written_out[0]

    @cached_property
    def returned(self) -> dict[tuple[str, int], tuple[Expression, ...]]:
        """What the ``return`` statements of functions give, by id and line of the definition; without those that have none."""
        definitions = self.definitions
        return {(definitions[index].id, definitions[index].line): values for index, values in self._written_out[1]}

    @cached_property
    def _written_out(self) -> tuple[tuple[Use, ...], tuple[Returned, ...]]:
        kept = self.kept
        if isinstance(kept, bytes):
            kept = _KEPT.decode(kept) if kept else KeptUses()
        assert kept is not None
        found = kept.written_out()
        msgspec.structs.force_setattr(self, "kept", None)
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModuleSummary) and _said(self) == _said(other)

    def __hash__(self) -> int:
        return hash((self.path, self.name))


_KEPT = msgspec.msgpack.Decoder(KeptUses)


def _said(summary: ModuleSummary) -> tuple[Any, ...]:
    return (*(getattr(summary, name) for name in summary.__struct_fields__ if name != "kept"), summary.uses, summary.returned)
