from __future__ import annotations

import pytest

from decompose.link.expressions import shape
from decompose.model.syntax import Bound, Call, Chain, Constant, Item, Slice

VALUE = Chain("value", "local")


@pytest.mark.parametrize(
    ("steps", "text"),
    [
        (("objects", "filter", Call((), (("user", VALUE), ("read", Constant(False)))), "count", Call()), "objects.filter(user=,read=).count()"),
        (("objects", "order_by", Call((Constant("-date"),))), "objects.order_by('-date')"),
        (("objects", "get", Call((VALUE,), (("pk", VALUE),))), "objects.get(?,pk=)"),
        ((Call((), (("user", VALUE), ("**", VALUE))),), "(user=,**)"),
        ((Slice(), Item(0), "note"), "[:][0].note"),
        ((Item(), Bound("each", 3), "note"), "[].note"),
        ((), ""),
    ],
)
def test_the_normal_form_leaves_values_out(steps: tuple[object, ...], text: str) -> None:
    assert shape(steps) == text  # type: ignore[arg-type]
