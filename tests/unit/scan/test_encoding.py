from __future__ import annotations

import pytest

from decompose.scan.encoding import Unreadable, decode, encoding_of


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x = 1\n", "x = 1\n"),
        (b"", ""),
        ("x = 'é'\n".encode(), "x = 'é'\n"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        ("# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"), "# -*- coding: latin-1 -*-\nx = 'é'\n"),
        (
            "#!/usr/bin/python\n# vim: set fileencoding=gbk :\nx = '值'\n".encode("gbk"),
            "#!/usr/bin/python\n# vim: set fileencoding=gbk :\nx = '值'\n",
        ),
        (b"\x0c# coding: utf8\nx = 1\n", "\x0c# coding: utf8\nx = 1\n"),
        ("# -*- coding: utf -*-\nx = 'é'\n".encode(), "# -*- coding: utf -*-\nx = 'é'\n"),
        (b"# coding: u8\nx = 1\n", "# coding: u8\nx = 1\n"),
        (b"x = 1\n# coding: klingon\n", "x = 1\n# coding: klingon\n"),
        (b"x = 1\ry = 2\r", "x = 1\ry = 2\r"),
    ],
)
def test_text_is_decoded_as_python_would(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize(
    ("data", "reason", "line"),
    [
        (b"x = 1\ny = '\xff'\n", "not valid utf-8: byte 0xff", 2),
        (b"x = 1\n\0", "holds NUL bytes", 2),
        (b"# coding: klingon-8\n", "encoding klingon-8 is unknown or not a plain character set", 1),
        (b"\n# coding: unicode_escape\n", "encoding unicode_escape is unknown or not a plain character set", 2),
        (b"# coding: utf-7\n", "encoding utf-7 is unknown or not a plain character set", 1),
        (b"# coding: rot13\n", "encoding rot13 is unknown or not a plain character set", 1),
        (b"# coding: cp99999\n", "encoding cp99999 is unknown or not a plain character set", 1),
        (b"\xef\xbb\xbf# coding: latin-1\n", "byte order mark of UTF-8, but declared as latin-1", 1),
        (b"# coding: ascii\nx = '\xe9'\n", "not valid ascii: byte 0xe9", 2),
    ],
)
def test_what_is_no_text_has_a_reason_and_a_line(data: bytes, reason: str, line: int) -> None:
    with pytest.raises(Unreadable) as caught:
        decode(data)
    assert (caught.value.reason, caught.value.line) == (reason, line)


def test_the_mark_is_part_of_the_encoding_so_that_it_can_be_written_again() -> None:
    assert encoding_of(b"\xef\xbb\xbfx = 1\n") == "utf-8-sig"


@pytest.mark.parametrize(
    "name",
    [
        "utf-8",
        "latin-1",
        "iso-8859-15",
        "cp1252",
        "windows-1252",
        "koi8-r",
        "gbk",
        "gb18030",
        "big5",
        "euc-jp",
        "shift_jis",
        "iso-2022-jp",
        "mac-roman",
        "us-ascii",
        "hz",
        "euc_kr",
        "tis-620",
        "cp949",
        "ibm037",
        "Latin1",
        "UTF8",
    ],
)
def test_plain_character_sets_are_known_under_all_their_names(name: str) -> None:
    assert encoding_of(f"# coding: {name}\n".encode())
