"""Dependencies between modules and definitions."""

from __future__ import annotations

from projects import Monolith


def edges(text: str, kind: str) -> list[tuple[str, str]]:
    return [(edge.src, edge.dst) for edge in Monolith(text).graph.edges if edge.kind == kind]


def test_an_import_of_a_name_is_an_edge_to_the_module_that_python_loads() -> None:
    text = "# a/x/m.py\nfrom a.y import n\nfrom a.y.n import f\nimport a.z.k, os\n\n# a/y/n.py\ndef f(): ...\n\n# a/z/k.py\n"
    assert edges(text, "import") == [("a.x.m", "a.y.n"), ("a.x.m", "a.z.k")]


def test_the_strongest_import_of_a_module_says_when() -> None:
    text = "# a/x/m.py\ndef f():\n    import a.x.n\n    from a.x import k\nimport a.x.n\n\n# a/x/n.py\n\n# a/x/k.py\n"
    assert {(edge.dst, edge.when, edge.weight) for edge in Monolith(text).graph.edges} == {("a.x.n", "load", 2), ("a.x.k", "call", 1)}


def test_a_module_that_only_a_string_names_is_an_edge_that_says_so() -> None:
    text = (
        "# a/x/m.py\nfrom importlib import import_module\nimport a.x.k\nimport_module('a.x.n')\nimport_module('a.x.k')\n\n"
        "# a/x/n.py\n\n# a/x/k.py\n"
    )
    found = {(edge.dst, edge.when, edge.weight) for edge in Monolith(text).graph.edges if edge.src == "a.x.m"}
    assert found == {("a.x.n", "string", 1), ("a.x.k", "load", 1)}


def test_a_lazy_import_runs_when_it_is_first_used() -> None:
    text = "# a/x/m.py\nlazy import a.x.n\nlazy from a.x import k\nfrom a.x import j\n\n# a/x/n.py\n\n# a/x/k.py\n\n# a/x/j.py\n"
    assert {(edge.dst, edge.when) for edge in Monolith(text).graph.edges} == {("a.x.n", "call"), ("a.x.k", "call"), ("a.x.j", "load")}


def test_calls_references_and_inheritance_are_told_apart() -> None:
    text = "# a/x/m.py\nfrom a.x.n import f, C\n\nclass D(C):\n    pass\n\ndef g():\n    f()\n    return f\n\n# a/x/n.py\ndef f(): ...\nclass C: ...\n"
    assert edges(text, "call") == [("a.x.m.g", "a.x.n.f")]
    assert edges(text, "reference") == [("a.x.m.g", "a.x.n.f")]
    assert edges(text, "inherit") == [("a.x.m.D", "a.x.n.C")]


def test_a_method_is_reached_through_what_it_is_called_on() -> None:
    text = "# a/x/m.py\nclass A:\n    def f(self):\n        self.g()\n    def g(self): ...\n\ndef h(a: A):\n    A().f()\n    a.g()\n"
    assert set(edges(text, "call")) >= {("a.x.m.A.f", "a.x.m.A.g"), ("a.x.m.h", "a.x.m.A.f"), ("a.x.m.h", "a.x.m.A.g")}


def test_a_method_is_reached_through_an_attribute_that_is_set_to_one_class_only() -> None:
    text = (
        "# a/x/m.py\nclass A:\n    def f(self): ...\n\nclass B:\n    def f(self): ...\n\nclass C:\n    def __init__(self, given: A, other):\n"
        "        self.given = given\n        self.made = None\n        self.both = A()\n        self.other = other\n\n"
        "    def fill(self):\n        self.made = B()\n        self.both = B()\n        self.twin = self.twin\n\n"
        "    def go(self):\n        self.given.f()\n        self.both.f()\n        self.other.f()\n        self.twin.f()\n\n"
        "class D(C):\n    def run(self):\n        self.made.f()\n"
    )
    called = [edge for edge in edges(text, "call") if edge[1].endswith(".f")]
    assert called == [("a.x.m.C.go", "a.x.m.A.f"), ("a.x.m.D.run", "a.x.m.B.f")]


def test_sending_a_task_is_an_edge_to_it() -> None:
    text = "# a/x/tasks.py\nfrom celery import shared_task\n\n@shared_task\ndef t(): ...\n\n# a/x/m.py\nfrom a.x.tasks import t\n\ndef f():\n    t.delay()\n"
    assert edges(text, "task") == [("a.x.m.f", "a.x.tasks.t")]


def test_a_handler_depends_on_the_model_it_listens_to() -> None:
    text = """
    # a/x/models.py
    from django.db import models

    class M(models.Model): ...

    # a/x/handlers.py
    from django.db.models.signals import post_save
    from django.dispatch import receiver
    from a.x.models import M

    @receiver(post_save, sender=M)
    def saved(**kwargs): ...
    """
    assert edges(text, "signal") == [("a.x.handlers.saved", "a.x.models.M")]


def test_what_a_framework_is_told_to_call_is_referred_to_by_who_tells_it() -> None:
    text = (
        "# a/x/m.py\nfrom typing import Annotated\nfrom fastapi import APIRouter, BackgroundTasks, Depends\nfrom a.x.n import allowed, mail, session\n"
        "router = APIRouter(dependencies=[Depends(allowed)])\nSession = Annotated[object, Depends(session)]\n\n"
        "@router.get('/', dependencies=[Depends(allowed)])\ndef f(tasks: BackgroundTasks, s=Depends(session)):\n    tasks.add_task(mail, 1)\n\n"
        "def g(s: Annotated[object, Depends(session)], t: Session): ...\n\n"
        "# a/x/n.py\ndef allowed(): ...\ndef mail(to): ...\ndef session(): ...\n"
    )
    assert set(edges(text, "reference")) >= {
        ("a.x.m", "a.x.n.allowed"), ("a.x.m", "a.x.n.session"), ("a.x.m.f", "a.x.n.allowed"), ("a.x.m.f", "a.x.n.mail"),
        ("a.x.m.f", "a.x.n.session"), ("a.x.m.g", "a.x.n.session"),
    }  # fmt: skip


def test_every_edge_has_its_places_in_order() -> None:
    text = "# a/x/m.py\nfrom a.x.n import f\n\ndef g():\n    f()\n    f()\n\n# a/x/n.py\ndef f(): ...\n"
    (call,) = [edge for edge in Monolith(text).graph.edges if edge.kind == "call"]
    assert [str(at) for at in call.at] == ["a/x/m.py:4", "a/x/m.py:5"]
