"""Names, classes and values through a linked program."""

from __future__ import annotations

from textwrap import dedent

import pytest
from projects import written

from decompose.link.program import Program, State
from decompose.syntax.summary import summarize_sources


def linked(text: str) -> Program:
    return Program(summarize_sources(written(text)))


NAMES = """
# shop/models/order.py
class Order:
    class State:
        NEW = "new"

def helper(): ...

_hidden = 1

# shop/models/__init__.py
from .order import *
from .order import Order as Purchase
from shop.models import order as module

Alias = Purchase

# shop/loop_a.py
from shop.loop_b import x

# shop/loop_b.py
from shop.loop_a import x

# shop/listed.py
from shop.models.order import Order, helper
__all__ = ["Order"]

# shop/late.py
from shop.models import Order
Order = wrap(Order)
"""


@pytest.mark.parametrize(
    ("symbol", "wanted"),
    [
        ("shop.models.Order", State("class", "shop.models.order.Order")),
        ("shop.models.Purchase", State("class", "shop.models.order.Order")),
        ("shop.models.Alias", State("class", "shop.models.order.Order")),
        ("shop.models.module.helper", State("function", "shop.models.order.helper")),
        ("shop.models.module", State("module", "shop.models.order")),
        ("shop.models.Order.State", State("class", "shop.models.order.Order.State")),
        ("shop.models._hidden", State("external", "shop.models._hidden")),
        ("shop.late.Order", State("binding", "shop.late.Order")),
        ("django.db.models.Model", State("external", "django.db.models.Model")),
        ("shop.nothing.X", State("external", "shop.nothing.X")),
        ("shop", State("module", "shop")),
    ],
)
def test_a_name_is_followed_to_what_it_stands_for(symbol: str, wanted: State) -> None:
    found = linked(NAMES).resolve(symbol)
    assert (found.kind, found.id) == (wanted.kind, wanted.id)


def test_a_circle_of_imports_ends() -> None:
    assert linked(NAMES).resolve("shop.loop_a.x").kind in ("unknown", "external")


def test_a_star_brings_what_the_module_lists() -> None:
    program = linked(NAMES)
    assert list(program.exported("shop.listed")) == ["Order"]
    assert list(program.exported("shop.models.order")) == ["Order", "helper"]


def test_of_two_files_with_one_name_the_first_counts_and_the_other_is_known() -> None:
    program = Program(summarize_sources({"shop/models.py": "class A: ...", "shop/models/__init__.py": "class B: ..."}))
    assert [each.path for each in program.shadowed] == ["shop/models/__init__.py"]
    assert program.resolve("shop.models.A").kind == "class"


CLASSES = """
# m.py
from django.db import models

class Base(models.Model):
    name: str = "x"

    @property
    def first(self) -> "Other":
        return Other()

class Child(Base):
    def own(self): ...

class Other:
    def again(self) -> Base: ...

class A(B): ...
class B(A): ...

def make() -> Child:
    return Child()

child = Child()
"""


def test_ancestors_are_nearest_first_and_end_in_other_libraries() -> None:
    assert linked(CLASSES).ancestors("m.Child") == ("m.Base", "django.db.models.Model")


def test_a_circle_of_bases_ends() -> None:
    assert set(linked(CLASSES).ancestors("m.A")) <= {"m.A", "m.B"}


def test_subclasses_are_found_at_any_depth() -> None:
    assert linked(CLASSES).subclasses("django.db.models.Model") == ("m.Base", "m.Child")


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [
        ("make()", State("instance", "m.Child")),
        ("child.first", State("instance", "m.Other")),
        ("child.first.again().first", State("instance", "m.Other")),
        ("Child", State("class", "m.Child")),
        ("make().unknown", State("unknown", "")),
    ],
)
def test_a_value_is_followed_as_far_as_the_text_is_certain(expression: str, wanted: State) -> None:
    program = linked(CLASSES + dedent(f"\n# n.py\nfrom m import *\nfrom m import make, child, Child\nx = {expression}\n"))
    value = program.value("n.x")
    assert value is not None
    found = program.evaluate(value)
    assert (found.kind, found.id) == (wanted.kind, wanted.id)


def test_a_constant_is_found_through_names() -> None:
    program = linked("# a.py\nX = 3\n\n# b.py\nfrom a import X\nY = X\nZ = Y\n")
    assert program.constant(program.value("b.Z")) == 3


def test_a_chain_of_classes_longer_than_pythons_frames_has_an_end() -> None:
    text = "".join(f"class C{number}(C{number + 1}): ...\n" for number in range(3000))
    nested = "".join(f"class D{number}(D{number + 1}.X): ...\n" for number in range(3000))
    program = linked(f"# m.py\n{text}{nested}")
    assert program.ancestors("m.C0")[:2] == ("m.C1", "m.C2")
    assert program.ancestors("m.D0") is not None
