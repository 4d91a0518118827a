"""Cobertura XML: what is read, and what is refused with its place."""

from __future__ import annotations

import pytest

from decompose.errors import ConfigError
from decompose.observe.coverage import read


def report(body: str, before: str = "") -> bytes:
    return f"<?xml version='1.0'?>\n{before}<coverage>{body}</coverage>".encode()


def problem(content: bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(content, "coverage.xml")
    return caught.value


ONE = '<packages><package><classes><class filename="shop/a.py">\n<lines><line number="3" hits="1"/>\n<line number="1" hits="0"/></lines></class></classes></package></packages>'


def test_files_have_their_lines_with_hits_in_order() -> None:
    found = read(report(f"<sources><source>/srv/app</source></sources>{ONE}"), "coverage.xml")
    assert found.roots == ("/srv/app",)
    assert [(file.name, file.lines, file.at.line) for file in found.files] == [("shop/a.py", ((1, 0), (3, 1)), 2)]


def test_lines_that_a_report_gives_twice_count_once_with_the_more_hits() -> None:
    """Java's writers list lines under methods and under the class."""
    twice = '<class filename="a.py"><methods><method><lines><line number="1" hits="4"/></lines></method></methods><lines><line number="1" hits="3"/></lines></class>'
    assert read(report(twice), "c.xml").files[0].lines == ((1, 4),)


def test_a_doctype_that_only_names_its_dtd_is_passed_over() -> None:
    doctype = '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">'
    assert read(report(ONE, doctype), "c.xml").files


@pytest.mark.parametrize(
    "declared",
    ['<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">', '<!ENTITY file SYSTEM "file:///etc/passwd">', '<!ENTITY % p SYSTEM "http://example.org/x">%p;', " "],
)
def test_a_report_that_declares_anything_is_refused_before_it_is_expanded(declared: str) -> None:
    found = problem(report("<sources><source>&b;&file;</source></sources>" + ONE, f"<!DOCTYPE coverage [{declared}]>\n"))
    assert "refused" in found.message
    assert found.place == "coverage.xml:2"


@pytest.mark.parametrize(
    ("content", "message", "place"),
    [
        (b"", "no element found", "coverage.xml:1"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not well-formed", "coverage.xml:1"),
        (report(ONE)[:-30], "unclosed token", "coverage.xml:4"),
        (b"<html>\n<body/></html>", "it is a document <html>", "coverage.xml:1"),
        (b"<?xml version='1.0' encoding='klingon'?><coverage/>", "encoding", "coverage.xml:1"),
        (report('\n<class filename="a.py"><line number="x" hits="1"/></class>'), "number of a <line> is 'x'", "coverage.xml:3"),
        (report('<class filename="a.py"><line number="1" hits="-1"/></class>'), "hits of a <line> is '-1'", "coverage.xml:2"),
        (report('<class filename="a.py"><line number="1"/></class>'), "hits of a <line> is ''", "coverage.xml:2"),
        (report('<class filename="a.py"><line number="1" hits="' + "9" * 5000 + '"/></class>'), "not a number", "coverage.xml:2"),
        (report("<class><lines/></class>"), "no filename", "coverage.xml:2"),
        (report(""), "names no file", "coverage.xml"),
    ],
)
def test_what_is_no_report_is_an_error_with_its_line_and_a_next_step(content: bytes, message: str, place: str) -> None:
    found = problem(content)
    assert message in found.message
    assert found.place == place
    assert "coverage xml" in found.hint


def test_deep_nesting_is_read_without_recursion() -> None:
    assert read(report("<a>" * 100_000 + "</a>" * 100_000 + ONE), "c.xml").files
