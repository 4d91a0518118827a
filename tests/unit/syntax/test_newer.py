"""Source for a newer Python, respelled in place."""

from __future__ import annotations

import ast

import pytest

from decompose.syntax.newer import lowered

from .shown import summary, uses


@pytest.mark.parametrize(
    ("newer", "older"),
    [
        ("def f[T](x: T): ...\n", "def f   (x: T): ...\n"),
        ("async def f[T: int, *U, **V](x): ...\n", "async def f                 (x): ...\n"),
        ("class C[T = int](B): ...\n", "class C         (B): ...\n"),
        ("class C[\n  T,\n](B): ...\n", "class C\\\n   \\\n (B): ...\n"),
        ("class C[  # why\n  T,\n](B): ...\n", "class C       \\\n   \\\n (B): ...\n"),
        ("type A = list[int]\n", "type;A = list[int]\n"),
        ("if x:\n    type A[T] = list[T]\n", "if x:\n    type;A    = list[T]\n"),
        ("try: pass\nexcept A, B.C: pass\n", "try: pass\nexcept A| B.C: pass\n"),
        ("try: pass\nexcept* A, B: pass\n", "try: pass\nexcept* A| B: pass\n"),
        ("lazy import a\n", "lazy;import a\n"),
        ("lazy from a import b\n", "lazy;from a import b\n"),
        ("x = t'{a} b'\n", "x = f'{a} b'\n"),
        ("x = Rt'{a}\\b'\n", "x = Rf'{a}\\b'\n"),
        ("x = f'{a['b']}'\n", "x = f'{a[\"b\"]}'\n"),
        ('x = f"{a["b"]:>{c["d"]}} e"\n', "x = f\"{a['b']:>{c['d']}} e\"\n"),
        ('x = f"{f"{a}"}"\n', "x = f\"{f'{a}'}\"\n"),
        ("x = f'{\"\\n\".join(a)}'\n", "x = f'{\"  \".join(a)}'\n"),
        ("x = f'''{\n  a  # it's\n}'''\n", "x = f'''{\n  a        \n}'''\n"),
        ("x = f'a{\n b}'\n", "x = (   \n b) \n"),
        ('x = f"-{\n  a.b(\n    c,\n  )\n}"\n', "x = (   \n  a.b(\n    c,\n  )\n) \n"),
        ("x = f'{f'{f'{f'{1}'}'}'}'\n", "x = (  (  (  (  1) ) ) ) \n"),
        ("x = f'{\n a!r:>{w}} {b=}' 'c'\n", "x = (  \n a,    w,   b,)+ 'c'\n"),
        ("x = ('a'\n f'{\n b}'\n 'c')\n", "x = ('a'\n +( \n b)+\n 'c')\n"),
        ("f'{\n a}'\nf'{\n b}'\n", "(  \n a) \n(  \n b) \n"),
        ("x = rf'\\{{{\n a != b # c\n}'\n", "x = (      \n a != b    \n) \n"),
        ("def f[\n\n T\n](): ...\n", "def f\\\n\\\n \\\n (): ...\n"),
        ("x = [*a for a in b]\n", "x = [ a for a in b]\n"),
        ("x = {\n **a for a in b}\n", "x = {\n   a for a in b}\n"),
    ],
)
def test_new_syntax_is_respelled_in_place(newer: str, older: str) -> None:
    assert lowered(newer) == older
    assert [len(line.rstrip('\\')) for line in older.split('\n')] <= [len(line) for line in newer.split('\n')]
    ast.parse(older)


@pytest.mark.parametrize(
    "text",
    [
        "type = 1\ntype(x)\nx = type[int]\ntype.x = 1\nmatch, case, lazy = 1, 2, 3\nlazy.x\n",
        "try: pass\nexcept (A, B) as e: pass\nexcept: pass\n",
        "x = f'{a[\"b\"]} {{c}} {d!r:>{e}} \\N{EM DASH}' f\"{a['b']}\"\n",
        "x = fr'\\' \\\\' + Rf'\\{a}\\'' + f'\\''\n",
        "x = 'def f[T]: type A = 1'  # type A = 1\n",
        "x = f'''{a} \"it's\" '''\n",
        "def f(x=[1]): ...\n",
        "lambda type: type\n",
    ],
)
def test_old_syntax_is_left_alone(text: str) -> None:
    ast.parse(text)
    assert lowered(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "def f[T(x): ...\n",
        "x = f'{a",
        "x = 'unterminated\n",
        "x = f'{\n a'\n",
        "type A[T]\n",
    ],
)
def test_what_cannot_be_respelled_is_given_up(text: str) -> None:
    assert lowered(text) is None


def test_the_facts_of_newer_source_are_there_with_their_places() -> None:
    text = """
        from a import Order
        type Orders[T] = list[T]
        class Repo[T: Order](Base):
            def get[K](self, key: K) -> T:
                return f"{Order.objects.get(name="x", pk=key).code}"
        """
    found = summary(text)
    assert [definition.id for definition in found.definitions] == ["m.Repo", "m.Repo.get"]
    (chain,) = uses(text, sink="other", scope="m.Repo.get")
    assert chain == "a.Order.objects.get(name='x', pk=parameter key).code"
    (place,) = [use.span for use in found.uses if use.scope == "m.Repo.get" and use.sink == "other"]
    assert (place.line, place.column) == (5, 18)
