"""What a person reads: true figures, fitting the screen."""

from __future__ import annotations

import csv
import io

import msgspec
import pytest
from drawing import draw

from decompose.cut.propose import propose
from decompose.model.contexts import CutForeignKey, KeyKind, OtherCut
from decompose.model.location import Location
from decompose.model.settings import Config, ContextSettings
from decompose.model.source import SkippedFile
from decompose.report import text
from decompose.report.printable import width
from decompose.report.text import Column, Listing, Terminal, table

SHOP = """
shop.orders.models: table orders_order; key customer_id -> crm_customer CASCADE
shop.orders.views: imports shop.orders.models; writes orders_order; route /orders/
shop.orders.tasks: imports shop.orders.models; task shop.orders.tasks.send
shop.crm.models: table crm_customer
shop.crm.views: imports shop.crm.models; writes crm_customer; route /customers/
"""


def shop() -> tuple[object, ...]:
    graph = draw(SHOP)
    return graph, propose(graph, Config())


def test_the_headline_counts_what_was_read() -> None:
    assert text.summary("shop", *shop(), Terminal()).startswith("Analyzed shop: 5 modules, 100 lines, 2 tables, 2 routes, 1 task\n")  # type: ignore[arg-type]


LIBRARY = """
shop.core.models: table core_entry
shop.core.words: imports shop.core.models
shop.orders.models: imports shop.core.models; table orders_order
shop.orders.views: imports shop.orders.models, shop.core.words; writes orders_order
"""


def test_the_figures_of_a_cut_that_was_not_chosen_are_explained() -> None:
    cut = propose(draw(LIBRARY), Config(shared_modules=("shop.core.**",), contexts=(ContextSettings("orders", modules=("shop.orders.**",)),)))
    coarser = OtherCut("coarser", 0.5, (("all", ("shop.core.models", "shop.core.words", "shop.orders.models")), ("shared", ("shop.orders.views",))), cut.scores)
    said = text.alternatives_listing(msgspec.structs.replace(cut, others=(coarser,))).text(Terminal(200))
    assert "coarser: 2 modules of the library are in contexts there (all): what uses them from outside counts as crossing, and does not here." in said
    assert "coarser: 1 module of contexts belongs to the library there" in said
    assert "what decompose.toml says of modules is not applied" in said
    assert "finer: none found that holds" in said and "coarser: none" not in said


def test_where_no_other_cut_holds_it_is_said() -> None:
    said = text.alternatives_listing(msgspec.structs.replace(propose(draw(LIBRARY), Config()), others=())).text(Terminal(200))
    assert "coarser: none found that holds" in said and "finer: none found that holds" in said and "library" not in said


def test_every_context_has_a_row() -> None:
    graph, cut = shop()
    shown = text.summary("shop", graph, cut, Terminal())  # type: ignore[arg-type]
    assert all(f" {context.name} " in shown for context in cut.contexts)  # type: ignore[attr-defined]


def test_files_that_could_not_be_read_are_named() -> None:
    graph, cut = shop()
    graph = msgspec.structs.replace(graph, failed=tuple(SkippedFile(f"f{n}.py", n, "bad") for n in range(1, 8)))
    shown = text.summary("shop", graph, cut, Terminal())  # type: ignore[arg-type]
    assert "7 files could not be read" in shown and "f5.py:5  bad" in shown and "and 2 more" in shown


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_table_with_room_to_give_fits_the_screen(columns: int) -> None:
    shown = table([Column("id"), Column("text", flexible=True), Column("more", flexible=True)], [("1", "x" * 200, "y" * 90)], Terminal(columns))
    assert all(width(line) <= columns for line in shown.splitlines())


def test_a_wide_character_takes_two_columns() -> None:
    lines = table([Column("a"), Column("b")], [("表", "x"), ("yy", "x")], Terminal()).splitlines()
    assert lines[1].endswith("表  x") and lines[2].endswith("yy  x")


def test_without_colour_there_is_no_escape_and_without_unicode_no_ellipsis() -> None:
    shown = table([Column("a", flexible=True)], [("x" * 90,)], Terminal(40, colour=False, unicode=False))
    assert shown.isascii() and "\x1b" not in shown and "..." in shown


def test_an_empty_list_says_so() -> None:
    assert Listing((Column("a"),), (), "No tables found.").text(Terminal()) == "No tables found.\n"


@pytest.mark.parametrize("cell", ['=HYPERLINK("x")', "+1", "@x", "-2+3", 'say "hi", you'])
def test_a_cell_reaches_a_spreadsheet_as_text(cell: str) -> None:
    read = next(iter(csv.reader(io.StringIO(Listing((Column("a"),), ((cell,),), "").csv().split("\r\n", 1)[1]))))
    assert read == [f"'{cell}" if cell[0] in "=+-@" else cell]


def test_foreign_keys_that_cross_are_counted_for_both_sides() -> None:
    graph, cut = shop()
    _, keys, _ = text.cut_counts(graph, cut)  # type: ignore[arg-type]
    crossing = [key for key in cut.foreign_keys if key.cut]  # type: ignore[attr-defined]
    assert sum(keys.values()) == 2 * len(crossing)


def test_keys_are_counted_by_kind() -> None:
    def key(kind: KeyKind) -> CutForeignKey:
        return CutForeignKey("FK-001", "a.b", "c", "", Location("a.py", 1), "left", "right", True, kind)

    keys = [key("many-to-many"), key("foreign-key"), key("many-to-many"), key("inheritance")]
    assert text.key_counts(keys) == ["1 foreign key", "2 many-to-many relations", "1 key of inheritance"]
    assert text.key_counts([]) == ["0 foreign keys"]


def test_every_column_of_a_list_has_a_name() -> None:
    graph, cut = shop()
    for listing in (text.tables_listing, text.contexts_listing, text.routes_listing, text.tasks_listing):
        assert all(column.title for column in listing(graph, cut).columns)  # type: ignore[arg-type]


def test_modules_without_a_context_are_named() -> None:
    graph, cut = shop()
    cut = msgspec.structs.replace(cut, unassigned=("shop.a", "shop.b", "shop.c", "shop.d"))  # type: ignore[type-var]
    assert "4 modules without any evidence, to be named in decompose.toml: shop.a, shop.b, shop.c and 1 more" in text.summary("shop", graph, cut, Terminal())  # type: ignore[arg-type]
