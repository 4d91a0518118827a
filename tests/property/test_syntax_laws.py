"""Laws of the compile step."""

from __future__ import annotations

import ast

import hypothesmith
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from decompose.syntax.summary import packed, summarize, unpacked

PROGRAMS = settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
# Programs from the grammar take a tenth of a second each to make.
SLOW_TO_MAKE = settings(PROGRAMS, max_examples=30)

names = st.sampled_from(["a", "b", "c", "self", "Order"])
expressions = st.recursive(
    names | st.sampled_from(["1", "'x.y'", "None", "f'{a}'", "a.b", "a()"]),
    lambda inner: st.one_of(
        st.builds("{}.x".format, names),
        st.builds("({}).save({})".format, inner, inner),
        st.builds("({})[{}]".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("[{} for {} in {}]".format, inner, names, inner),
        st.builds("(lambda {}: {})".format, names, inner),
        st.builds("[{}, *{}]".format, inner, inner),
        st.builds("({} + {})".format, inner, inner),
        st.builds("({} := {})".format, names, inner),
    ),
    max_leaves=6,
)


def indented(block: list[str]) -> str:
    return "\n".join("    " + line for statement in block for line in statement.split("\n"))


statements = st.recursive(
    st.one_of(
        st.builds("{} = {}".format, names, expressions),
        st.builds("{}, {} = {}".format, names, names, expressions),
        st.builds("{} += {}".format, names, expressions),
        st.builds("{}.x = {}".format, names, expressions),
        st.builds("return {}".format, expressions),
        st.builds("{}".format, expressions),
        st.builds("from {} import {}".format, names, names),
        st.just("del a"),
    ),
    lambda inner: st.one_of(
        st.builds(
            lambda test, body: f"if {test}:\n{indented(body)}", expressions, st.lists(inner, min_size=1, max_size=3)
        ),
        st.builds(
            lambda name, over, body: f"for {name} in {over}:\n{indented(body)}\n    break",
            names,
            expressions,
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(
            lambda body, other: f"try:\n{indented(body)}\nexcept a.B as e:\n{indented(other)}",
            st.lists(inner, min_size=1, max_size=2),
            st.lists(inner, min_size=1, max_size=2),
        ),
        st.builds(
            lambda name, body: f"def {name}(self, a: 'b.C' = 1):\n{indented(body)}",
            names,
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(
            lambda over, name, body: f"with {over} as {name}:\n{indented(body)}",
            expressions,
            names,
            st.lists(inner, min_size=1, max_size=2),
        ),
    ),
    max_leaves=12,
)
programs = st.lists(statements, min_size=1, max_size=6).map(
    lambda body: f"class K:\n    def f(self, b):\n{indented([indented(body)])}\n"
)


@SLOW_TO_MAKE
@given(hypothesmith.from_grammar())
def test_any_program_is_summarised(source: str) -> None:
    check(source)


@SLOW_TO_MAKE
@given(hypothesmith.from_node())
def test_any_tree_of_nodes_is_summarised(source: str) -> None:
    check(source)


@PROGRAMS
@given(programs)
def test_any_flow_of_variables_is_summarised(source: str) -> None:
    check(source)


@PROGRAMS
@given(st.binary(max_size=200))
def test_any_bytes_are_summarised(source: bytes) -> None:
    found = summarize("m.py", "m", False, source)
    assert unpacked(packed(found)) == found


def check(source: str) -> None:
    found = summarize("m.py", "m", False, source)
    stored = packed(found)
    assert unpacked(stored) == found
    assert packed(summarize("m.py", "m", False, source)) == stored
    if found.failure:
        with pytest.raises((SyntaxError, ValueError, RecursionError, MemoryError)):
            ast.parse(source)
        return
    assert all(
        use is not None and use.span.line <= use.span.end_line <= source.count("\n") + source.count("\r") + 1
        for use in found.uses
    )
    assert all(definition is not None for definition in found.definitions)


@PROGRAMS
@given(programs, st.integers(1, 5))
def test_blank_lines_above_move_places_and_change_nothing_else(source: str, blank: int) -> None:
    here = summarize("m.py", "m", False, source)
    below = summarize("m.py", "m", False, "\n" * blank + source)
    assert [(use.span.line + blank, use.span.column, use.sink) for use in here.uses] == [
        (use.span.line, use.span.column, use.sink) for use in below.uses
    ]


@PROGRAMS
@given(programs)
def test_a_file_names_only_what_it_names_itself(source: str) -> None:
    """The summary does not depend on what was summarised before in the same process."""
    first = packed(summarize("m.py", "m", False, source))
    summarize("other.py", "other", False, "from x import *\nOrder = a = b = c = 1\n")
    assert packed(summarize("m.py", "m", False, source)) == first
