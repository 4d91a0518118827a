"""Which chains are uses, and what becomes of them."""

from __future__ import annotations

import pytest

from decompose.model.location import Span
from decompose.model.syntax import Block

from .shown import shown, summary, use, uses

HEAD = "from a import A\n"


@pytest.mark.parametrize(
    ("line", "sink", "target"),
    [
        ("A.x()", "discard", ""),
        ("v = A.x()", "assign", "v"),
        ("v = w = A.x()", "assign", "v"),
        ("v: int = A.x()", "assign", "v"),
        ("v += A.x()", "assign", "v"),
        ("p.y = A.x()", "assign", "p.y"),
        ("p[1] = A.x()", "assign", ""),
        ("(v := A.x())", "assign", "v"),
        ("p(A.x())", "argument", ""),
        ("p(k=A.x())", "argument", ""),
        ("p(*A.x())", "argument", ""),
        ("p([A.x()])", "argument", ""),
        ("p({'k': A.x()})", "argument", ""),
        ("p(1 if p else A.x())", "argument", ""),
        ("p(A.x() or 1)", "argument", ""),
        ("return A.x()", "return", ""),
        ("return {'k': [A.x()]}", "return", ""),
        ("return p or A.x()", "return", ""),
        ("yield A.x()", "return", ""),
        ("p(lambda: A.x())", "return", ""),
        ("for v in A.x(): pass", "iterate", "v"),
        ("for v, w in A.x(): pass", "iterate", ""),
        ("[v for v in A.x()]", "iterate", "v"),
        ("if A.x(): pass", "test", ""),
        ("while not A.x(): pass", "test", ""),
        ("assert p and A.x()", "test", ""),
        ("1 if A.x() else 2", "test", ""),
        ("A.x = 1", "store", ""),
        ("A['x'] = 1", "store", ""),
        ("A.x += 1", "store", ""),
        ("del A.x", "delete", ""),
        ("raise A.x()", "other", ""),
        ("v = A.x() + 1", "other", ""),
        ("v = [A.x()]", "other", ""),
        ("f'{A.x()}'", "other", ""),
        ("with A.x(): pass", "other", ""),
        ("with A.x() as v: pass", "assign", "v"),
        ("try: pass\n    except A.x: pass", "except", ""),
        ("try: pass\n    except (p, A.x): pass", "except", ""),
    ],
)
def test_the_sink_says_what_becomes_of_the_value(line: str, sink: str, target: str) -> None:
    found = use(f"{HEAD}def f(p):\n    {line}\n", "a.A")
    assert (found.sink, found.target) == (sink, target)


def test_decorators_bases_and_annotations_belong_to_the_definition() -> None:
    text = """
        from a import A, B, C, D, E, F, G
        @A(1)
        class K(B, metaclass=C):
            @D.x
            def f(self, e: list[E], g=G) -> "F": ...
        """
    assert [(found.scope, shown(found.chain), found.sink) for found in summary(text).uses] == [
        ("m.K", "a.A(1)", "decorator"),
        ("m.K", "a.B", "base"),
        ("m.K", "a.C", "base"),
        ("m.K.f", "a.D.x", "decorator"),
        ("m.K.f", "a.E", "annotation"),
        ("m.K.f", "a.G", "other"),
        ("m.K.f", "a.F", "annotation"),
    ]


def test_a_chain_is_one_use_and_its_arguments_are_others() -> None:
    assert uses("from a import A, B\nA.x(B.y(1)).z[B.k]\n") == ["a.A.x(a.B.y(1)).z[]", "a.B.y(1)", "a.B.k"]


@pytest.mark.parametrize(
    ("line", "chain"),
    [
        ("A[0].x", "a.A[0].x"),
        ("A[-1].x", "a.A[-1].x"),
        ("A['k'].x", "a.A['k'].x"),
        ("A[p].x", "a.A[].x"),
        ("A[1:2].x", "a.A[:].x"),
        ("A(1, *p, k=2, **p)", "a.A(1, (* parameter p), k=2, **=parameter p)"),
        ("A(p == 1)", "a.A((== parameter p 1))"),
        ("A(1 < p < 3)", "a.A((< < 1 parameter p 3))"),
        ("A(p | A(1) | ~A(2))", "a.A((| parameter p a.A(1) (~ a.A(2))))"),
        ("A(not p)", "a.A((not parameter p))"),
        ("A(lambda x: x.y)", "a.A((lambda parameter x.y))"),
        ("A([x.y for x in p])", "a.A((for parameter p[]<x@3>.y parameter p))"),
        ("A({k: 1 for k in p})", "a.A((for parameter p[]<k@3> 1 parameter p))"),
        ("A(1 if p else 2)", "a.A((if 1 2))"),
        ("A([1, *p])", "a.A([1, parameter p])"),
        ("A([1] + p + (2,))", "a.A([1, parameter p, 2])"),
        ("A({1: 2, **p})", "a.A({1: 2, `**`: parameter p})"),
        ("A(dict(k=1, **p))", "a.A({'k': 1, `**`: parameter p})"),
        ("A('a' 'b' + 'c')", "a.A('abc')"),
        ("A('a' + p)", "a.A(t'a{}')"),
        ("A(p + 'a')", "a.A(t'{}a')"),
        ("A('%s of %(n)d%%' % p)", "a.A(t'{} of {}%')"),
        ("A('{0} {x!r:>3} {{y}}'.format(p))", "a.A(t'{} {} {y}')"),
        ("A(f'a{p}b{p!r:>{p}}')", "a.A(t'a{}b{}')"),
        ("A(f'plain')", "a.A('plain')"),
        ("A(-1, True, None, 1.5)", "a.A(-1, True, None, 1.5)"),
        ("A(b'x', ..., 2j)", "a.A(`b'x'`, `...`, `2j`)"),
        ("A(1 << 80, 0x1_0000_0000_0000_0000)", "a.A((<< 1 80), `0x10000000000000000`)"),
        ("A('\\ud800')", "a.A('\\\\ud800')"),
    ],
)
def test_expressions(line: str, chain: str) -> None:
    assert uses(f"{HEAD}def f(p):\n    {line}\n")[0] == chain


def test_a_use_covers_its_expression_in_bytes() -> None:
    found = use("from a import A\nx = ('é', A.b(\n  1))\n", "a.A")
    assert found.span == Span(2, 11, 3, 4)


def test_bare_names_that_stand_for_nothing_are_no_uses() -> None:
    assert uses("def f(p, q: int):\n    r = g(p, q, len, str)\n    return r\n") == [
        "local g(parameter p, parameter q, builtin len, builtin str)",
    ]


def test_bare_globals_instances_and_receivers_are_uses() -> None:
    text = "from a import A\nclass C:\n    def f(self, x: A):\n        g = A()\n        return A, x, self, g\n"
    assert uses(text, sink="return") == ["a.A", "instance a.A", "self m.C", "a.A()<g@4>"]


def test_the_loop_is_the_innermost_one_around_the_use() -> None:
    text = """
        from a import A
        A.zero()
        for x in A.none():
            A.three()
            while A.five():
                [A.six() for y in A.also_five() if A.six()]
            def f():
                A.nil()
        """
    assert [(shown(found.chain)[4:], found.loop) for found in summary(text).uses if found.chain.root == "a.A"] == [
        ("zero()", 0),
        ("none()", 0),
        ("three()", 3),
        ("five()", 5),
        ("also_five()", 5),
        ("six()", 6),
        ("six()", 6),
        ("nil()", 0),
    ]


def test_a_with_block_has_its_lines_and_one_entry_for_each_manager() -> None:
    text = "from a import A, B\ndef f():\n    with A.x(), B as b:\n        pass\n        pass\n"
    found = summary(text).blocks
    assert [(block.scope, shown(block.manager), block.line, block.end_line) for block in found] == [
        ("m.f", "a.A.x()", 3, 5),
        ("m.f", "a.B", 3, 5),
    ]
    assert all(isinstance(block, Block) for block in found)


def test_uses_stand_in_the_order_in_which_they_begin() -> None:
    found = summary("from a import A\nA.x(A.y, [A.z]).w(A.v)\nA.u\n").uses
    assert [(use.span.line, use.span.column) for use in found] == sorted(
        (use.span.line, use.span.column) for use in found
    )
