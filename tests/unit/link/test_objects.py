from __future__ import annotations

from textwrap import dedent

from decompose.link.objects import Objects, text
from decompose.link.program import Program
from decompose.model.syntax import Chain
from decompose.syntax.summary import summarize_sources


def objects(**files: str) -> Objects:
    program = Program(summarize_sources({f"{name}.py": dedent(body) for name, body in files.items()}))
    return Objects(program, lambda dotted: "box" if dotted == "lib.Box" else "")


def test_an_object_is_known_by_its_binding_wherever_it_is_imported() -> None:
    found = objects(a="from lib import Box\nbox = Box()\n", b="from a import box as other\n")
    made = found.made(Chain("b.other", "global"), "b")
    assert made is not None and (made.key, made.kind) == ("a.box", "box")


def test_a_subclass_of_the_project_makes_the_same_kind() -> None:
    found = objects(a="from lib import Box\nclass Own(Box): ...\nbox = Own()\n")
    made = found.made(Chain("a.box", "global"), "a")
    assert made is not None and made.kind == "box"


def test_the_result_of_a_factory_is_the_object_inside_it() -> None:
    found = objects(a="from lib import Box\ndef make():\n    box = Box()\n    return box\nfirst = make()\nsecond = make()\n")
    first, second = found.made(Chain("a.first", "global"), "a"), found.made(Chain("a.second", "global"), "a")
    assert first is not None and second is not None and first.key == second.key == "a:box@3"


def test_a_helper_is_seen_once_for_each_of_its_calls() -> None:
    found = objects(
        a="""
        from lib import Box
        def put(box: Box, things):
            for thing in things:
                box.put(thing)
        first = Box()
        put(first, ["x", "y"])
        """
    )
    module = found.program.modules["a"]
    use = next(each for each in module.uses if "put" in each.chain.steps)
    sites = found.sites(use, module)
    assert [text(found.program, site.chain.steps[-1].arguments[0]) for site in sites] == ["x", "y"]  # type: ignore[union-attr]
    assert {site.line for site in sites} == {7}


def test_a_template_of_constants_is_a_string() -> None:
    found = objects(a="BASE = '/api'\nf(f'{BASE}/v1')\n")
    module = found.program.modules["a"]
    use = module.uses[0]
    assert text(found.program, use.chain.steps[0].arguments[0], module, use) == "/api/v1"  # type: ignore[union-attr]
