"""Classes that functions of a project import by name."""

from __future__ import annotations

from textwrap import dedent

import pytest
from projects import written

from decompose.link.program import Program
from decompose.syntax.summary import summarize_sources

LOADING = """
# shop/loading.py
from importlib import import_module

def get_class(label, name, prefix="shop"):
    return get_classes(label, [name], prefix)[0]

def get_classes(label, names, prefix="shop"):
    return [imported(f"{prefix}.{label}", name) for name in names]

def imported(module, name):
    return getattr(import_module(module), name)

def described(label, name):
    return f"{label}.{name}"

# shop/forms.py
class Form: ...
class Wide: ...

# shop/admin/forms.py
class Form: ...
class Narrow: ...

# archive/things.py
class Thing: ...

# other/things.py
class Thing: ...
"""


def linked(line: str) -> Program:
    return Program(summarize_sources(written(f"{LOADING}\n# shop/use.py\nfrom shop.loading import described, get_class, get_classes\n{dedent(line)}\n")))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('X = get_class("forms", "Wide")', "shop.forms.Wide"),
        ('X = get_class("admin.forms", "Narrow")', "shop.admin.forms.Narrow"),
        ('X = get_classes("forms", ["Form", "Wide"])[1]', "shop.forms.Wide"),
        ('Y, X = get_classes("forms", ["Form", "Wide"])', "shop.forms.Wide"),
    ],
)
def test_a_name_holds_the_class_that_was_loaded(line: str, expected: str) -> None:
    assert linked(line).resolve("shop.use.X").id == expected


def test_of_several_modules_the_one_below_the_default_package_counts() -> None:
    assert linked('X = get_class("forms", "Form")').resolve("shop.use.X").id == "shop.forms.Form"


@pytest.mark.parametrize(
    "line",
    [
        'X = get_class("things", "Thing")',  # in two modules, neither below `shop`
        'X = get_class("forms", "Missing")',
        'X = described("forms", "Wide")',  # imports nothing
        'X = get_classes("forms", ["Form", "Wide"])',
        "X = get_class(label, 'Wide')",
    ],
)
def test_what_the_text_does_not_fix_stays_a_name(line: str) -> None:
    assert linked(line).resolve("shop.use.X").kind == "binding"


def test_bases_are_the_classes_that_were_loaded() -> None:
    program = linked('Form = get_class("forms", "Form")\nclass Page(Form, get_class("forms", "Wide")): ...')
    assert program.bases("shop.use.Page") == ("shop.forms.Form", "shop.forms.Wide")


def test_names_that_load_one_another_end() -> None:
    program = linked('get_class = get_class("use", "get_class")\nX = get_class("use", "X")')
    assert program.resolve("shop.use.X").kind == "binding"
