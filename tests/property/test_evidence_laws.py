"""Evidence from run time: whatever is in a file, it is read or refused, and judged the same in any order."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from decompose.errors import ConfigError
from decompose.observe import coverage, spans, statements
from decompose.observe.ties import pulls

RECORDED = Path(__file__).parents[1] / "unit/observe/recorded"
REPORT = b"""<?xml version="1.0" ?><!DOCTYPE coverage SYSTEM "x.dtd">
<coverage><sources><source>/srv/app</source></sources><packages><package name="shop"><classes>
<class name="a.py" filename="shop/a.py"><methods/><lines><line number="1" hits="1"/><line number="3" hits="0"/></lines></class>
</classes></package></packages></coverage>"""
SAMPLES = [
    (coverage.read, REPORT),
    (statements.read, (RECORDED / "statements.csv").read_bytes()[:3000]),
    (statements.read, (RECORDED / "statements.json").read_bytes()),
    (spans.read, (RECORDED / "spans.json").read_bytes().splitlines()[2]),
]


@given(st.sampled_from([read for read, _ in SAMPLES]), st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(read, content) -> None:  # type: ignore[no-untyped-def]
    read_or_refused(read, content)


@given(st.sampled_from(SAMPLES), st.data())
def test_a_damaged_file_is_read_or_refused(sample, data) -> None:  # type: ignore[no-untyped-def]
    read, content = sample
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        content = content[:start] + data.draw(st.binary(max_size=10) | st.sampled_from([b'"', b"[[[[", b"{", b"null", b"&a;", b"9" * 5000, b"\n"])) + content[end:]
    read_or_refused(read, content)


def read_or_refused(read, content: bytes) -> None:  # type: ignore[no-untyped-def]
    try:
        read(content, "evidence")
    except ConfigError as refused:
        assert refused.place.startswith("evidence")
        assert refused.hint


PAIRS = st.dictionaries(st.tuples(st.sampled_from("abcd"), st.sampled_from("wxyz")), st.integers(1, 10**9), min_size=1)


@given(PAIRS)
def test_pulls_lie_between_nothing_and_one_and_do_not_depend_on_order(counts) -> None:  # type: ignore[no-untyped-def]
    found = pulls(counts)
    assert all(0.0 < value <= 1.0 + 1e-9 for value in found.values())
    assert found == pulls(dict(reversed(counts.items())))


@given(PAIRS, st.integers(2, 1000))
def test_more_of_one_pair_never_makes_it_pull_less_than_another_of_its_ends(counts, factor) -> None:  # type: ignore[no-untyped-def]
    pair = max(counts, key=lambda each: (counts[each], each))
    before, after = pulls(counts), pulls({**counts, pair: counts[pair] * factor})
    assert after[pair] >= before[pair] - 1e-9
