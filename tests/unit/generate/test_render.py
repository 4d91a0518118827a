import ast
import json
import shlex
import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from decompose.generate import render
from decompose.generate.render import make_render

texts = st.text(st.characters(codec="utf-8"))
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner) | st.tuples(inner),
)


def test_an_unknown_variable_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        make_render({"a": "{{ missing }}"})("a")


def test_the_last_newline_stays() -> None:
    assert make_render({"a": "{{ x }}\n"})("a", x=1) == b"1\n"


def test_code_is_not_escaped_as_html() -> None:
    assert make_render({"a": "{{ x }}"})("a", x="a < b") == b"a < b"


@given(plain)
def test_python_literals_read_back(value: object) -> None:
    assert ast.literal_eval(render.python_literal(value)) == value


def test_a_set_has_no_stable_literal() -> None:
    with pytest.raises(TypeError):
        render.python_literal({"a", "b"})


@given(texts)
def test_toml_strings_read_back(text: str) -> None:
    assert tomllib.loads(f"x = {render.toml_text(text)}\n")["x"] == text


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"))))
def test_yaml_strings_read_back_on_one_line(text: str) -> None:
    written = render.yaml_text(text)
    assert "\n" not in written and yaml.safe_load(f"x: {written}") == {"x": text}


@given(texts)
def test_nothing_breaks_out_of_a_comment(text: str) -> None:
    assert all(line.startswith("#") for line in render.comment(text).splitlines())


@given(texts)
def test_a_line_is_one_line(text: str) -> None:
    assert len(render.line(text).splitlines()) <= 1


@given(texts)
def test_docstrings_hold_any_text(text: str) -> None:
    tree = ast.parse(f'"""x{render.docstring(text.replace(chr(0), ""))}"""')
    assert isinstance(tree.body[0], ast.Expr)


def test_shell_words_stay_one_word() -> None:
    rendered = make_render({"a": "echo {{ x | shell }}"})("a", x="a; rm -rf $HOME")
    assert shlex.split(rendered.decode()) == ["echo", "a; rm -rf $HOME"]


def test_sql_names_are_quoted_in_parts() -> None:
    assert render.sql_name('crm.cus"tomer') == '"crm"."cus""tomer"'


def test_json_keeps_the_order_of_keys() -> None:
    assert list(json.loads(render.json_text({"b": 1, "a": 2}))) == ["b", "a"]


def test_code_in_a_table_cell_keeps_its_pipes_and_ticks() -> None:
    assert render.code("a|`b`") == "`` a\\|`b` ``"
