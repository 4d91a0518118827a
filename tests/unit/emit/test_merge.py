"""Three-way merge: the laws first, then the cases that people meet."""

from __future__ import annotations

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from decompose.emit.merge import MIDDLE, OURS, YOURS, has_markers, merge

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""The time that a merge takes on a busy machine is no part of the law."""

lines = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"d\n", b"\n"]), max_size=12).map(b"".join)
texts = st.one_of(lines, st.tuples(lines, st.sampled_from([b"end", b"\r", b""])).map(b"".join), st.binary(max_size=20))


@LAW
@given(texts, texts)
def test_a_side_that_left_the_base_alone_gives_way(base: bytes, changed: bytes) -> None:
    assert merge(base, changed, base).text == changed
    assert merge(base, base, changed).text == changed


@LAW
@given(texts, texts)
def test_the_same_change_on_both_sides_is_made_once(base: bytes, changed: bytes) -> None:
    assert merge(base, changed, changed).text == changed


@LAW
@given(lines, lines, lines)
def test_without_conflict_the_sides_are_equal_partners(base: bytes, yours: bytes, ours: bytes) -> None:
    one, other = merge(base, yours, ours), merge(base, ours, yours)
    assert one.conflicts == other.conflicts
    assert one.conflicts or one.text == other.text


@LAW
@given(lines, st.lists(st.tuples(st.integers(0, 12), st.binary(min_size=1, max_size=3))), lines)
def test_no_line_that_a_person_added_is_lost(base: bytes, additions: list[tuple[int, bytes]], ours: bytes) -> None:
    yours = base.splitlines(keepends=True)
    marks = [f"mine {index}\n".encode() for index in range(len(additions))]
    for (at, _), mark in zip(additions, marks, strict=True):
        yours.insert(min(at, len(yours)), mark)
    merged = merge(base, b"".join(yours), ours).text
    assert all(mark in merged for mark in marks)


@LAW
@given(texts, texts, texts)
def test_conflicts_are_counted_exactly_when_there_are_markers(base: bytes, yours: bytes, ours: bytes) -> None:
    assume(not any(map(has_markers, (base, yours, ours))))  # whoever writes about markers has them without a conflict
    merged = merge(base, yours, ours)
    assert bool(merged.conflicts) == has_markers(merged.text)


@LAW
@given(lines, lines, lines)
def test_taking_our_side_of_every_change_after_ours_gives_ours_back(base: bytes, yours: bytes, ours: bytes) -> None:
    merged = merge(base, yours, ours)
    if not merged.conflicts:
        back = merge(ours, merged.text, base)
        assert back.conflicts or merge(base, back.text, base).text == back.text


def test_changes_in_different_places_are_both_kept() -> None:
    assert merge(b"1\n2\n3\n4\n5\n", b"one\n2\n3\n4\n5\n", b"1\n2\n3\n4\nfive\n").text == b"one\n2\n3\n4\nfive\n"


def test_changes_of_one_line_stand_between_markers() -> None:
    merged = merge(b"1\n2\n3\n", b"1\nmine\n3\n", b"1\ntheirs\n3\n")
    assert merged.text == b"1\n" + YOURS + b"mine\n" + MIDDLE + b"theirs\n" + OURS + b"3\n"


def test_equal_lines_at_the_ends_of_a_conflict_stay_outside_of_it() -> None:
    merged = merge(b"x\n", b"a\nmine\nz\n", b"a\ntheirs\nz\n")
    assert merged.text.startswith(b"a\n<<<") and merged.text.endswith(b">>> decompose\nz\n")


def test_an_edit_next_to_a_deletion_is_a_conflict_and_not_lost() -> None:
    merged = merge(b"1\n2\n3\n", b"1\n2 edited\n3\n", b"1\n3\n")
    assert merged.conflicts == 1 and b"2 edited\n" in merged.text


def test_a_marker_starts_its_own_line_after_text_without_a_line_end() -> None:
    assert b"mine\n=======\n" in merge(b"x", b"mine", b"theirs").text


def test_carriage_returns_and_other_bytes_survive() -> None:
    assert merge(b"a\r\nb\r\n\xff", b"a\r\nb2\r\n\xff", b"a0\r\nb\r\n\xff").conflicts == 1
    assert merge(b"a\r\nk\r\nb\r\n\xff", b"a\r\nk\r\nb2\r\n\xff", b"a0\r\nk\r\nb\r\n\xff").text == b"a0\r\nk\r\nb2\r\n\xff"


def test_neighbouring_changes_are_a_conflict_unless_asked_for() -> None:
    base, yours, ours = b"x\na\ny\n", b"x\na\nb\ny\n", b"x\ny\n"
    assert merge(base, yours, ours).conflicts == 1
    assert merge(base, yours, ours, neighbours=True).text == b"x\nb\ny\n"


def test_a_replaced_line_is_never_taken_for_a_neighbour() -> None:
    assert merge(b"x\na\ny\n", b"x\na2\ny\n", b"x\ny\n", neighbours=True).conflicts == 1
