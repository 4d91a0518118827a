"""The normal form of model expressions."""

from __future__ import annotations

import pytest

from decompose.planning.shape import Part, expression, keywords, parameter_names, parts


def test_a_shape_is_taken_apart_into_attributes_and_calls() -> None:
    assert parts("objects.filter(user=,read=).order_by('-date','a.b(')[0].text") == (
        Part("objects", None), Part("filter", ("user=", "read=")), Part("order_by", ("'-date'", "'a.b('")),
        Part("[]", ("0",)), Part("text", None),
    )  # fmt: skip


@pytest.mark.parametrize("shape", ["objects.filter(", "objects)", "a b", "objects.filter(x=))", "é.x", "1"])
def test_what_is_no_shape_is_refused(shape: str) -> None:
    with pytest.raises(ValueError, match="not a shape"):
        parts(shape)


@pytest.mark.parametrize(
    "shape", ["objects.filter(user=).count()", "(rating=,text=)", "objects.order_by('-x').first()", "objects.get(pk=)[0]", "get_object_or_404(pk=)"]
)
def test_a_shape_and_its_parts_are_the_same_text(shape: str) -> None:
    found = parts(shape)
    text = "".join(f"[{','.join(each.arguments or ())}]" if each.name == "[]" else f".{each.text()}" if each.name else each.text() for each in found)
    assert text.removeprefix(".") == shape


def test_a_name_that_is_taken_gets_a_number() -> None:
    found = parts("objects.filter(rating=).exclude(rating=,value=).by(?,?)")
    assert parameter_names(found) == ("rating", "rating_2", "value", "value_2", "value_3")
    assert keywords(found) == ("rating", "rating", "value")


def test_an_expression_gives_each_slot_its_parameter() -> None:
    found = parts("objects.filter(rating=,pk=).exclude(rating=).by(?,'x',None)[0]")
    assert expression("Review", found) == "Review.objects.filter(rating=rating, pk=pk).exclude(rating=rating_2).by(value, 'x', None)[0]"


def test_a_constructor_has_no_name_between_class_and_arguments() -> None:
    assert expression("Review", parts("(rating=)")) == "Review(rating=rating)"
