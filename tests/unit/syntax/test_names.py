"""What a name stands for."""

from __future__ import annotations

import pytest

from decompose.model.syntax import Import, Remark

from .shown import summary, uses


@pytest.mark.parametrize(
    ("line", "chain"),
    [
        ("from shop.orders.models import Order\nOrder()", "shop.orders.models.Order()"),
        ("from shop.orders.models import Order as O\nO.objects.all()", "shop.orders.models.Order.objects.all()"),
        ("from shop.orders import models\nmodels.Order()", "shop.orders.models.Order()"),
        ("import shop.orders.models\nshop.orders.models.Order()", "shop.orders.models.Order()"),
        ("import shop.orders.models as m\nm.Order()", "shop.orders.models.Order()"),
        ("from django.db import transaction\ntransaction.on_commit(1)", "django.db.transaction.on_commit(1)"),
        ("def f(): ...\nf()", "m.f()"),
        ("class C: ...\nC().x", "m.C().x"),
        ("x = 1\nx.y", "m.x.y"),
        ("len([])", "builtin len([])"),
        ("len = 1\nlen.x", "m.len.x"),
        ("unknown.x", "local unknown.x"),
        ("from a import *\nunknown.x", "m.unknown.x"),
    ],
)
def test_module_names_are_resolved_through_the_imports_of_the_file(line: str, chain: str) -> None:
    assert chain in uses(line)


@pytest.mark.parametrize(
    ("line", "name", "is_package", "module"),
    [
        ("from . import x", "shop.orders.views", False, "shop.orders"),
        ("from .models import x", "shop.orders.views", False, "shop.orders.models"),
        ("from ..core import x", "shop.orders.views", False, "shop.core"),
        ("from . import x", "shop.orders", True, "shop.orders"),
        ("from .models import x", "shop.orders", True, "shop.orders.models"),
        ("from .. import x", "shop.orders", True, "shop"),
        ("from ... import x", "shop.orders", True, "..."),
        ("from . import x", "script", False, "."),
        ("from ..a import x", "script", False, "..a"),
    ],
)
def test_relative_imports_are_made_absolute(line: str, name: str, is_package: bool, module: str) -> None:
    assert summary(line, name, is_package=is_package).imports == (Import(module, "x", "x", 1),)


def test_an_import_beyond_the_topmost_package_is_remarked() -> None:
    assert summary("\nfrom ..a import x", "script").remarks == (
        Remark(1, "relative import ..a leads beyond the top-level package"),
    )


def test_imports_say_when_and_where_they_run() -> None:
    found = summary(
        """
        import a.b, c as d
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from e import F
        try:
            import g
        except ImportError:
            g = None
        def h():
            from i import *
        class J:
            import k
            def l(self):
                import n
        """
    ).imports
    assert found == (
        Import("a.b", "", "a", 1),
        Import("c", "", "d", 1),
        Import("typing", "TYPE_CHECKING", "TYPE_CHECKING", 2),
        Import("e", "F", "F", 4, "typing", True),
        Import("g", "", "g", 6, "load", True),
        Import("i", "*", "", 10, "call", False, "m.h"),
        Import("k", "", "k", 12, "load", False, "m.J"),
        Import("n", "", "n", 14, "call", False, "m.J.l"),
    )


def test_names_for_type_checkers_are_known() -> None:
    text = "import typing\nif typing.TYPE_CHECKING:\n    from a import B\ndef f(b: 'B'):\n    b.save()"
    assert "instance a.B.save()" in uses(text)


def test_a_function_sees_names_that_the_module_defines_later() -> None:
    assert uses("def f():\n    return g()\ndef g(): ...\n") == ["m.g()"]


def test_an_import_inside_a_function_is_seen_in_it_only() -> None:
    assert uses("def f():\n    from a import b\n    b()\ndef g():\n    b()\n") == ["a.b()", "local b()"]


def test_the_fallback_of_an_import_does_not_replace_it() -> None:
    text = """
        try:
            from simplejson import loads
        except ImportError:
            from json import loads
        def f():
            loads()
        """
    assert "simplejson.loads()" in uses(text)


def test_a_class_that_replaces_its_import_inherits_from_it() -> None:
    found = uses("from a import User\nclass User(User): ...\ndef f():\n    User()\n")
    assert found == ["a.User", "m.User()"]


def test_class_names_are_seen_in_the_class_and_not_in_its_methods() -> None:
    text = """
        STATES = 1
        class Order:
            STATES = [1]
            state = Field(choices=STATES)
            def f(self):
                return STATES
        """
    assert uses(text, sink="argument") == ["m.Order.STATES"]
    assert uses(text, sink="return") == ["m.STATES"]


def test_self_cls_and_super_stand_for_the_class() -> None:
    text = """
        class Order(Base):
            def save(self, *args):
                self.total.x
                super().save(*args)
                super(Order, self).clean()
            @classmethod
            def make(klass):
                klass.objects
            @staticmethod
            def plain(order):
                order.x
            def __new__(cls):
                cls.y
        """
    found = uses(text)
    assert "self m.Order.total.x" in found
    assert "super m.Order.save((* parameter args))" in found
    assert "super m.Order.clean()" in found
    assert "cls m.Order.objects" in found
    assert "cls m.Order.y" in found
    assert "parameter order.x" in found


def test_a_nested_function_sees_self() -> None:
    text = "class A:\n    def f(self):\n        def g():\n            self.x()\n        return g\n"
    assert "self m.A.x()" in uses(text)


@pytest.mark.parametrize(
    ("annotation", "chain"),
    [
        ("Order", "instance a.Order.save()"),
        ("'Order'", "instance a.Order.save()"),
        ("Order | None", "instance a.Order.save()"),
        ("None | 'Order'", "instance a.Order.save()"),
        ("typing.Optional[Order]", "instance a.Order.save()"),
        ("typing.Union[Order, None]", "instance a.Order.save()"),
        ("typing.Annotated[Order, 1]", "instance a.Order.save()"),
        ("'typing.Optional[Order]'", "instance a.Order.save()"),
        ("a.sub.Order", "instance a.sub.Order.save()"),
        ("list[Order]", "parameter x.save()"),
        ("Order | str", "parameter x.save()"),
        ("str", "parameter x.save()"),
        ("'not an expression ('", "parameter x.save()"),
    ],
)
def test_an_annotated_parameter_is_an_instance(annotation: str, chain: str) -> None:
    assert chain in uses(f"import typing\nimport a\nfrom a import Order\ndef f(x: {annotation}):\n    x.save()\n")


def test_global_names_assigned_in_a_function_belong_to_the_module() -> None:
    found = summary("def f():\n    global cache\n    cache = make()\n    cache.x\n")
    assert [(binding.scope, binding.name) for binding in found.bindings] == [("", "cache")]
    assert "m.cache.x" in uses("def f():\n    global cache\n    cache = make()\n    cache.x\n")


def test_exports_are_collected_over_all_changes() -> None:
    text = "__all__ = ['a']\n__all__ += ['b']\n__all__.append('c')\n__all__.extend(('d', 'a'))\n"
    assert summary(text).exports == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    "text", ["x = 1", "__all__ = ['a'] + other.__all__", "__all__ = ['a']\n__all__ += other.__all__"]
)
def test_exports_that_are_not_literal_are_unknown(text: str) -> None:
    assert summary(text).exports is None
