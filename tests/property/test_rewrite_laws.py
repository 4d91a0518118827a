"""Laws of the edits in the user's text."""

from __future__ import annotations

import ast

import hypothesmith
import libcst as cst
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from reviews_shop import VIEW, shop

from decompose.errors import RefusedInput
from decompose.rewrite.prune import prune
from decompose.rewrite.seal import Seal, seal

PROGRAMS = settings(max_examples=25, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))

BEFORE, AFTER = "Review.objects.filter(rating=3).count()", "reviews.count_reviews(rating=3)"
MANY = "Review.objects.filter(\n        rating=3\n    )\\\n    .count()"

names = st.sampled_from(["a", "größe", "x_y"])
expressions = st.recursive(
    st.sampled_from([BEFORE, BEFORE, MANY, f"({BEFORE})", f"(\n  {BEFORE}\n )", "a", '"𝄞"', "1"]),
    lambda inner: st.one_of(
        st.builds("{} + {}".format, inner, inner),
        st.builds("f({}, key={})".format, inner, inner),
        st.builds("[{} for {} in f({}) if {}]".format, inner, names, inner, inner),
        st.builds("{{{}: {}}}".format, names, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("Review.objects.filter(rating={}).count()".format, inner),
        st.builds("({}).real[{}]".format, inner, inner),
        st.builds("not({})".format, inner),
    ),
    max_leaves=4,
)
statements = st.one_of(
    st.builds("{} = {}".format, names, expressions),
    st.builds("return({})".format, expressions),
    st.builds("assert {}, {}".format, expressions, expressions),
    st.builds("if f({}):\n        return {}".format, expressions, expressions),
    st.builds("with f({}) as {}:  # why\n        del {}".format, expressions, names, names),
    st.builds("f({}); f({})".format, expressions, expressions),
)
programs = st.lists(statements, min_size=1, max_size=4)


def seals(path: str, source: str) -> dict[str, bytes]:
    nothing = Seal("reviews", "shop.boundaries.reviews", (), (), frozenset())
    return seal([nothing], [path], {path: source.encode()}, {path: "m"}).texts


@PROGRAMS
@given(hypothesmith.from_grammar())
def test_a_file_without_edges_keeps_its_bytes(source: str) -> None:
    assume(_survives(source))
    assert seals("m.py", source) == {}


@PROGRAMS
@given(programs)
def test_only_the_sealed_expressions_change(body: list[str]) -> None:
    source = "from shop.reviews.models import Review\n\ndef page():\n" + "".join(f"    {each}\n" for each in body)
    assume(_survives(source))
    wanted = ast.parse(source)
    _Sealing().visit(wanted)
    found = ast.parse(shop(source).text(VIEW, "reviews"))
    assert ast.dump(found.body[-1]) == ast.dump(wanted.body[-1])


class _Sealing(ast.NodeTransformer):
    """What sealing means for the program, without its text."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if ast.unparse(node).startswith("Review.objects.filter(rating=") and ast.unparse(node.func).endswith(".count"):
            assert isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call)
            made = ast.parse("reviews.count_reviews()", mode="eval").body
            assert isinstance(made, ast.Call)
            made.keywords = node.func.value.keywords
            return made
        return node


@PROGRAMS
@given(hypothesmith.from_grammar(), st.sets(names))
def test_a_pruned_module_holds_only_what_was_wanted(source: str, keep: set[str]) -> None:
    assume(_survives(source))
    source += "\ndef a(): pass\nclass größe: pass\n"
    assume(_survives(source))
    try:
        tree = ast.parse(prune("m.py", source.encode(), keep))
    except RefusedInput:
        return
    assert {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))} <= keep


def _survives(source: str) -> bool:
    """Whether Python and libcst both read the text, which for odd programs they do not."""
    try:
        ast.parse(source)
        return cst.parse_module(source.encode()).bytes == source.encode()
    except (SyntaxError, ValueError, TypeError, cst.ParserSyntaxError, cst.CSTValidationError):
        return False
