"""One file as a whole: what cannot be parsed, and what is odd."""

from __future__ import annotations

import sys

import pytest

from decompose.syntax.summary import TOO_DEEP, module_name, packed, summarize, summarize_sources, unpacked


@pytest.mark.parametrize(
    ("source", "reason", "line"),
    [
        (b"def f(:\n  pass\n", "syntax error: invalid syntax", 1),
        (b"x = 1\nprint 'x'\n", "Python 2 print statement at line 2", 2),
        (b"x = 1\nprint >>f, 'x'\nprint x\n", "Python 2 print statement at line 3", 3),
        (b"exec 'a = 1'\n", "Python 2 exec statement at line 1", 1),
        (b"try:\n    pass\nexcept Exception, e:\n    pass\n", "Python 2 except clause at line 3", 3),
        (b"try:\n    pass\nexcept (A, B), e:\n    pass\n", "Python 2 except clause at line 3", 3),
        (b"raise A, 'x'\n", "Python 2 raise statement at line 1", 1),
        (b"x = 0777\n", "Python 2 octal number at line 1", 1),
        (b"if a <> b: pass\n", "Python 2 comparison <> at line 1", 1),
        (b"x = 1\n<<<<<<< HEAD\ny = 2\n=======\ny = 3\n>>>>>>> b\n", "unresolved merge conflict at line 2", 2),
        (b"x = '\xff'\n", "not valid utf-8: byte 0xff", 1),
        (b"\0\0", "holds NUL bytes", 1),
        (b"x = " + b"(" * 5000 + b")" * 5000, "syntax error: too many nested parentheses", 1),
        (b"x = " + b"not " * 3000 + b"1", TOO_DEEP, 1),
        (b"x = " + b"-" * 100_000 + b"1", TOO_DEEP, 1),
    ],
)
def test_a_file_that_cannot_be_parsed_has_a_reason_and_a_line(source: bytes, reason: str, line: int) -> None:
    found = summarize("a.py", "a", False, source)
    assert (found.failure, found.failure_line) == (reason, line)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it")
def test_syntax_of_a_newer_python_that_cannot_be_respelled_is_said_to_be_so() -> None:
    failure = summarize("a.py", "a", False, "x = 1\ny = f'{a[\"b']}'\n").failure
    assert (
        failure
        == f"syntax newer than Python {sys.version_info.major}.{sys.version_info.minor} (f-string, PEP 701) at line 2"
    )


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it")
@pytest.mark.parametrize(
    "source",
    ["x = f'{\n a}'\n", "def f[T](): a\n", "x = f'{v:{w:{0}}.{p:1}}'\nx = f'{a.b}'\n", "x = f'{f'{a}'}'\n", "type X[\n\nT] = a\n"],
)
def test_source_for_a_newer_python_is_read_and_said_to_be_so(source: str) -> None:
    found = summarize("a.py", "a", False, source)
    assert (found.failure, found.newer) == ("", True)
    assert not summarize("a.py", "a", False, "x = f'{a}'\n").newer


@pytest.mark.parametrize(
    "source", ["", "\n", "# x", "\ufeff", "\f\nx = 1\n", "x = 1\r\ry = 2\r", "return 1\n", "pass;"]
)
def test_odd_but_valid_files_are_read(source: str) -> None:
    assert summarize("a.py", "a", False, source.encode()).failure == ""


@pytest.mark.parametrize(
    ("source", "lines"),
    [(b"", 0), (b"x", 1), (b"x\n", 1), (b"x\ny", 2), (b"x\r\ny\r\n", 2), (b"x\ry\r", 2), (b"x\n\n", 2)],
)
def test_lines_are_counted_as_an_editor_does(source: bytes, lines: int) -> None:
    assert summarize("a.py", "a", False, source).lines == lines


def test_lines_are_those_of_the_file_whatever_its_line_ends() -> None:
    found = summarize("a.py", "a", False, b"\r\rimport x\r\nimport y\n")
    assert [(each.module, each.line) for each in found.imports] == [("x", 3), ("y", 4)]


def test_characters_that_hide_code_are_remarked() -> None:
    (remark,) = summarize("a.py", "a", False, "x = 1\ny = '\u202eadmin'\n").remarks
    assert (remark.line, remark.text) == (
        2,
        "bidirectional control character U+202E RIGHT-TO-LEFT OVERRIDE hides the order of the code",
    )


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("shop/orders/models.py", ("shop.orders.models", False)),
        ("shop/__init__.py", ("shop", True)),
        ("manage.py", ("manage", False)),
        ("__init__.py", ("__init__", False)),
    ],
)
def test_paths_become_module_names(path: str, name: tuple[str, bool]) -> None:
    assert module_name(path) == name


def test_sources_are_summarised_in_the_order_of_their_paths() -> None:
    found = summarize_sources({"shop/b.py": "x = 1", "shop/__init__.py": "", "shop/a.py": "import x"})
    assert [each.name for each in found] == ["shop", "shop.a", "shop.b"]


def test_a_summary_survives_its_stored_form() -> None:
    text = "from a import B\nclass C(B):\n    x: int = B.y(1, k=[2])[3]\n    def f(self):\n        with self.z as q:\n            q.r('a.b')\n"
    found = summarize("c.py", "c", False, text)
    assert unpacked(packed(found)) == found


@pytest.mark.parametrize("stored", [b"", b"nonsense", b"\x91\xc0", packed(summarize("a.py", "a", False, "x = 1"))[:-3]])
def test_bytes_that_are_no_summary_are_none(stored: bytes) -> None:
    assert unpacked(stored) is None


@pytest.mark.parametrize("line", ["os\n", "x = [1, 2, 3]\n", "def f(): pass\n"])
def test_a_file_whose_tree_would_fill_the_memory_is_named(line: str) -> None:
    found = summarize("a.py", "a", False, line * (4_000_000 // len(line)))
    assert found.failure.startswith("too large to be read")


def test_long_texts_and_comments_are_no_reason_to_refuse_a_file() -> None:
    source = "x = '''" + "many words \\n" * 200_000 + "'''\n# " + "more words, " * 100_000 + "\ny = '" + "a b " * 100_000 + "'\n"
    assert summarize("a.py", "a", False, source).failure == ""
