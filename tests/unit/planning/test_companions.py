"""Files of data that go along with the code that reads them."""

from __future__ import annotations

import pytest

from decompose.planning.companions import companions

FILES = ("shop/search/words.sql", "shop/search/data/rates.csv", "shop/words.sql", "words.sql", "shop/search/README.md")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('TEXT = open(os.path.join(os.path.dirname(__file__), "words.sql")).read()\n', ["shop/search/words.sql"]),
        ('RATES = Path(__file__).parent / "data" / "rates.csv"\n', ["shop/search/data/rates.csv"]),
        ('RATES = files("shop.search") / "data/rates.csv"\n', ["shop/search/data/rates.csv"]),
        ('RATES = "rates.csv"\n', []),
        ('"""words.sql holds the words.\n\nSee README.md\n"""\n', []),
    ],
)
def test_a_file_below_the_module_that_its_text_names_goes_along(text: str, wanted: list[str]) -> None:
    assert companions({"shop/search/index.py": text.encode()}, FILES) == wanted


def test_what_goes_anyway_is_not_named_twice() -> None:
    sources = {"shop/search/index.py": b'NAME = "words.sql"\n', "shop/search/words.sql": b""}
    assert companions(sources, FILES) == []
