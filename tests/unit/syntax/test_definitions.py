"""Classes, functions and what is bound at module and class level."""

from __future__ import annotations

import pytest

from decompose.model.syntax import Parameter

from .shown import shown, summary


def bindings(text: str) -> list[tuple[str, str, str, bool]]:
    return [(found.scope, found.name, shown(found.value), found.augmented) for found in summary(text).bindings]


def test_definitions_have_ids_kinds_parents_and_lines() -> None:
    text = """
        @d
        class A:
            class Meta: ...
            @d
            async def f(self):
                def g(): ...
        def h():
            pass
        if x:
            def k(): ...
        """
    assert [
        (found.id, found.kind, found.parent, found.start, found.line, found.end_line, found.is_async, found.condition)
        for found in summary(text).definitions
    ] == [
        ("m.A", "class", "", 1, 2, 6, False, False),
        ("m.A.Meta", "class", "m.A", 3, 3, 3, False, False),
        ("m.A.f", "method", "m.A", 4, 5, 6, True, False),
        ("m.A.f.g", "function", "m.A.f", 6, 6, 6, False, False),
        ("m.h", "function", "", 7, 7, 8, False, False),
        ("m.k", "function", "", 10, 10, 10, False, True),
    ]


def test_bases_keywords_and_decorators_are_expressions() -> None:
    (found,) = summary("from a import B, c\n@c(1)\nclass A(B, make('x'), metaclass=c, table=True): ...\n").definitions
    assert [shown(base) for base in found.bases] == ["a.B", "local make('x')"]
    assert [(name, shown(value)) for name, value in found.keywords] == [("metaclass", "a.c"), ("table", "True")]
    assert [shown(decorator) for decorator in found.decorators] == ["a.c(1)"]


def test_parameters_have_kinds_annotations_and_defaults() -> None:
    text = "from a import A\ndef f(x, /, y: 'A' = None, *z: A, k: list[A] = [], **w) -> A: ...\n"
    (found,) = summary(text).definitions
    assert [(each.name, each.annotation, each.default, each.kind, each.symbol) for each in found.parameters] == [
        ("x", "", "", "positional", ""),
        ("y", "A", "None", "normal", "a.A"),
        ("z", "A", "", "varargs", "a.A"),
        ("k", "list[A]", "[]", "keyword", ""),
        ("w", "", "", "varkeywords", ""),
    ]
    assert (found.returns, found.returns_symbol) == ("A", "a.A")


def test_a_dependency_in_a_default_or_annotation_is_kept_as_an_expression() -> None:
    text = "from fastapi import Depends\nfrom typing import Annotated\ndef f(a=Depends(g), b: Annotated[int, Depends(g)] = 1): ...\n"
    (found,) = summary(text).definitions
    first, second = found.parameters
    assert first.default_value is not None and second.annotation_value is not None
    assert shown(first.default_value) == "fastapi.Depends(local g)"
    assert shown(second.annotation_value) == "([] typing.Annotated builtin int fastapi.Depends(local g))"
    assert second.default_value is None


def test_a_plain_parameter_is_plain() -> None:
    assert summary("def f(x=1): ...").definitions[0].parameters == (Parameter("x", default="1"),)


def test_what_a_function_returns_is_kept_in_order() -> None:
    text = "from a import A\ndef f(p):\n    if p:\n        return\n    x = A()\n    return x\ndef g():\n    yield 1\n"
    found = summary(text)
    f, g = found.definitions
    assert [shown(value) for value in found.returned[f.id, f.line]] == ["None", "a.A()<x@5>"]
    assert (f.generator, g.generator) == (False, True)


def test_the_returns_of_a_nested_function_are_its_own() -> None:
    text = "def f():\n    def g():\n        yield\n        return 1\n    return 2\n"
    found = summary(text)
    f, g = found.definitions
    assert ([shown(value) for value in found.returned[f.id, f.line]], f.generator) == (["2"], False)
    assert ([shown(value) for value in found.returned[g.id, g.line]], g.generator) == (["1"], True)


def test_documentation_is_cleaned_and_is_no_text() -> None:
    found = summary('"""Sends shop.tasks."""\nclass A:\n    """One.\n\n    Two.\n    """\n    "shop.tasks.b"\n')
    assert (found.doc, found.definitions[0].doc, found.texts) == ("Sends shop.tasks.", "One.\n\nTwo.", ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = [1]", [("", "x", "[1]", False)]),
        ("x = y = 1", [("", "x", "1", False), ("", "y", "1", False)]),
        ("x: int = 1", [("", "x", "1", False)]),
        ("x: int", [("", "x", "``", False)]),
        ("x, y = 1, 2", [("", "x", "1", False), ("", "y", "2", False)]),
        ("x, y = f()", [("", "x", "local f()[0]", False), ("", "y", "local f()[1]", False)]),
        ("x += [1]", [("", "x", "[1]", True)]),
        ("x.append(1)", [("", "x", "[1]", True)]),
        ("x.insert(0, 1)", [("", "x", "[1]", True)]),
        ("x.extend([1])", [("", "x", "[1]", True)]),
        ("x.extend(y)", [("", "x", "local y", True)]),
        ("x.update({1: 2})", [("", "x", "{1: 2}", True)]),
        ("x.update(a=2)", [("", "x", "{'a': 2}", True)]),
        ("x['a'] = 2", [("", "x", "{'a': 2}", True)]),
        ("a.b.c = 2", [("", "a.b.c", "2", False)]),
        ("a.b += [2]", [("", "a.b", "[2]", True)]),
        ("if z:\n    x = 1\nelse:\n    x = 2", [("", "x", "1", False), ("", "x", "2", False)]),
        ("try:\n    x = 1\nexcept E:\n    x = 2", [("", "x", "1", False), ("", "x", "2", False)]),
        ("with z:\n    x = 1", [("", "x", "1", False)]),
        ("class C:\n    x = 1\n    x.append(2)", [("m.C", "x", "1", False), ("m.C", "x", "[2]", True)]),
        ("def f():\n    x = 1\n    x.append(2)", []),
    ],
)
def test_bindings(text: str, expected: list[tuple[str, str, str, bool]]) -> None:
    assert bindings(text) == expected


def test_an_annotated_binding_has_the_structure_of_its_annotation() -> None:
    text = "from orm import Mapped, Order\nclass A:\n    x: Mapped[list['Order']] = rel()\n    y: 'Order'\n"
    x, y = summary(text).bindings
    assert (x.annotation, y.annotation) == ("Mapped[list['Order']]", "Order")
    assert x.annotation_value is not None and y.annotation_value is not None
    assert shown(x.annotation_value) == "([] orm.Mapped ([] builtin list orm.Order))"
    assert shown(y.annotation_value) == "orm.Order"


def test_routes_are_read_as_one_list() -> None:
    text = """
        from django.urls import path, include
        from shop import views
        urlpatterns = [path("a/", views.A.as_view(), name="a")] + [path("b/", include("shop.b.urls"))]
        urlpatterns += [path("c/", views.c)]
        """
    assert bindings(text) == [
        (
            "",
            "urlpatterns",
            (
                "[django.urls.path('a/', shop.views.A.as_view(), name='a'), "
                "django.urls.path('b/', django.urls.include('shop.b.urls'))]"
            ),
            False,
        ),
        ("", "urlpatterns", "[django.urls.path('c/', shop.views.c)]", True),
    ]
