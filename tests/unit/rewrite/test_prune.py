"""A mixed module before and after the part that stays behind is taken out."""

from __future__ import annotations

from textwrap import dedent

import pytest

from decompose.errors import RefusedInput
from decompose.rewrite.prune import name_at, prune


def pruned(source: str, *keep: str) -> str:
    return prune("m.py", dedent(source).lstrip("\n").encode(), set(keep)).decode()


def test_definitions_that_are_not_wanted_go() -> None:
    assert pruned("def a():\n    pass\n\n\nclass B:\n    pass\n", "B") == "\n\nclass B:\n    pass\n"


def test_comments_and_layout_of_what_stays_survive() -> None:
    source = "# above\n@once\ndef a( x ):  # beside\n    return  x\n"
    assert pruned(source, "a") == source


def test_an_import_goes_with_the_last_use_of_its_name() -> None:
    source = """
        from x import one, two
        from y import three

        def a():
            return one

        def b():
            return two, three
    """
    assert pruned(source, "a").startswith("from x import one\n\ndef a():")


def test_a_quoted_annotation_keeps_its_import() -> None:
    source = 'from x import Row\n\ndef a() -> "list[Row]":\n    return []\n'
    assert pruned(source, "a") == source


def test_imports_for_their_effect_stay() -> None:
    source = "from __future__ import annotations\nfrom x import *\nimport y\n\ndef a():\n    return y\n"
    assert pruned(source, "a") == source


def test_constants_stay_unless_they_need_what_is_gone() -> None:
    source = "LIMIT = 3\nREGISTRY = {1: b}\nBOTH = [REGISTRY]\n\ndef a():\n    return LIMIT\n\ndef b():\n    pass\n"
    assert pruned(source, "a") == "LIMIT = 3\n\ndef a():\n    return LIMIT\n"


def test_registrations_of_what_is_gone_go_with_it() -> None:
    assert pruned("site.register(B)\nsite.register(A)\nclass A: pass\nclass B: pass\n", "A") == "site.register(A)\nclass A: pass\n"


def test_a_class_can_lose_methods_and_keep_its_body() -> None:
    source = """
        class Rows:
            limit = 3

            def a(self):
                return 1

            def b(self):
                return 2
    """
    assert pruned(source, "Rows", "Rows.a") == dedent("""\
        class Rows:
            limit = 3

            def a(self):
                return 1
        """)


def test_a_class_without_anything_left_still_parses() -> None:
    assert pruned("class Rows:\n    def a(self): pass\n    def b(self): pass\n", "Rows", "Rows.c") == "class Rows:\n    pass\n"


def test_keeping_everything_changes_nothing() -> None:
    source = "import os\n\n\ndef a():\n    return os\n"
    assert pruned(source, "a") == source


def test_a_file_with_mixed_line_ends_is_read_and_written_back() -> None:
    assert prune("m.py", b"a = 1\r\nb = 2\n", set()) == b"a = 1\r\nb = 2\n"


def test_a_text_that_does_not_parse_is_refused() -> None:
    with pytest.raises(RefusedInput):
        pruned("def a(:\n", "a")


MODELS = """
    from x import Base, Column, Table, relationship

    tags = Table("tags", Base.metadata, Column("id"))


    class Owner(Base):
        name = Column()
        invoices = relationship("Invoice", back_populates="owner")
        notes: Mapped[list["app.models.Note"]] = relationship(secondary=tags)
        animals = relationship("Animal")
"""


def test_tables_of_others_and_relationships_that_lead_to_them_go() -> None:
    source = dedent(MODELS).lstrip("\n").encode()
    left = prune("m.py", source, {"Owner"}, {"Invoice", "tags", "Note"}).decode()
    assert left == 'from x import Base, Column, relationship\n\n\nclass Owner(Base):\n    name = Column()\n    animals = relationship("Animal")\n'


def test_the_name_of_an_assignment_is_found_by_its_line() -> None:
    source = b'a = 1\ntags = Table(\n    "tags",\n)\n'
    assert [name_at(source, line) for line in (1, 2, 4, 5)] == ["a", "tags", "tags", ""]
