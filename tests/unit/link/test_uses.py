"""The index of uses by the names that they call, begin with, and assign."""

from __future__ import annotations

from decompose.link.program import Program
from decompose.syntax import summarize_sources


def program(**files: str) -> Program:
    return Program(summarize_sources({f"{name}.py": text.encode() for name, text in files.items()}))


def lines(found: object) -> list[tuple[str, int]]:
    return [(module.name, use.span.line) for module, use in found]  # type: ignore[attr-defined]


TASKS = "def send(): ...\ndef clean(): ...\n"


def test_calls_are_found_by_the_name_in_the_text_in_the_order_of_the_program() -> None:
    linked = program(a="import tasks\ntasks.send.delay(1)\n", b="from tasks import send, clean\nclean.delay()\nsend.apply_async()\n", tasks=TASKS)
    assert lines(linked.uses.calling({"delay", "apply_async"})) == [("a", 2), ("b", 2), ("b", 3)]
    assert lines(linked.uses.calling({"apply_async"})) == [("b", 3)]
    assert lines(linked.uses.calling({"never"})) == []


def test_a_use_that_calls_two_of_the_names_is_given_once() -> None:
    linked = program(a="import tasks\ntasks.send.s(1).delay()\n", tasks=TASKS)
    assert lines(linked.uses.calling({"s", "delay"})) == [("a", 2)]


def test_a_function_called_by_its_imported_name_goes_by_its_own() -> None:
    linked = program(a="from tasks import send as post\npost()\n", tasks=TASKS)
    assert lines(linked.uses.calling({"send"})) == [("a", 2)]


def test_uses_are_found_by_the_symbol_that_they_begin_with() -> None:
    linked = program(a="import os\nos.getenv('A')\nprint(os.environ['B'])\n", b="from os import getenv\ngetenv('C')\n")
    assert {"os", "os.getenv"} <= {*linked.uses.roots}
    assert lines(linked.uses.rooted({"os", "os.getenv"})) == [("a", 2), ("a", 3), ("b", 2)]


def test_attributes_set_by_methods_are_found_by_class() -> None:
    linked = program(a="class A:\n    def __init__(self, x):\n        self.client = make()\n        self.other = make()\ndef make(): ...\n")
    assert lines(linked.uses.assigned("a.A", "client")) == [("a", 3)]
    assert lines(linked.uses.assigned("a.A", "missing")) == []
