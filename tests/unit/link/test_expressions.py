from __future__ import annotations

from decompose.link.expressions import argument, elements, entries, literal, source, substitute
from decompose.link.program import Program
from decompose.model.syntax import Call, Chain, Constant, Sequence
from decompose.syntax.summary import summarize_sources


def program(text: str) -> Program:
    return Program(summarize_sources({"m.py": text}))


def test_an_argument_is_found_by_place_or_name() -> None:
    call = Call((Constant(1),), (("b", Constant(2)),))
    assert (argument(call, 0, "a"), argument(call, 1, "b"), argument(call, 2, "c")) == (Constant(1), Constant(2), None)


def test_a_display_grows_by_later_additions() -> None:
    found = program("A = ['x']\nB = ['y', *A]\nB += ['z']\n")
    assert [literal(found, each) for each in elements(found, Chain("m.B", "global")) or ()] == ["y", "x", "z"]


def test_a_mapping_keeps_later_items_and_unpacked_ones() -> None:
    found = program("A = {'a': 1}\nB = {**A, 'b': 2}\nB['c'] = 3\n")
    assert [(source(key), source(value)) for key, value in entries(found, Chain("m.B", "global"))] == [("'a'", "1"), ("'b'", "2"), ("'c'", "3")]


def test_a_string_is_known_through_names() -> None:
    assert literal(program("A = 'x'\nB = A\n"), Chain("m.B", "global")) == "x"


def test_parameters_are_replaced_inside_calls() -> None:
    inner = Chain("f", "global", (Call((Chain("p", "parameter"),)),))
    assert source(substitute(inner, {"p": Sequence((Constant(1),))})) == "f([1])"


def test_source_reads_as_it_was_written() -> None:
    (use,) = (each for each in program("from celery.schedules import crontab\nx = crontab(hour=3)\n").modules["m"].uses)
    assert source(use.chain) == "crontab(hour=3)"
