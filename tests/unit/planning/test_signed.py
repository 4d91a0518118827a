"""A saved plan that nobody's tool wrote is refused before anything is made of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.append(str(Path(__file__).parents[1] / "generate"))

from service_plans import library_plan

from decompose.errors import RefusedInput
from decompose.model.contexts import ContextMap, Scores
from decompose.model.migration import MigrationPlan
from decompose.planning.signed import check_signed

HOSTILE = ("a'\"\"\"); import os #", "/etc/passwd", "x\nRUN true", "../x", "")


def plan_with(change: tuple[str, ...], value: str) -> MigrationPlan:
    """A plan whose text at the keys of ``change`` is ``value``; a list on the way stands for its first item."""
    service = library_plan()
    cut = ContextMap((), (), (), (), (), Scores(1, 1.0, 1.0, 0.0, 0, 0, 0))
    plan = msgspec.to_builtins(MigrationPlan(service.project, "digest", "digest", cut, (), (), (), (service.context,)))
    at: Any = plan
    for key in change[:-1]:
        at = at[key]
        at = at[0] if isinstance(at, list | tuple) else at
    assert at[change[-1]], change
    at[change[-1]] = value
    return msgspec.convert(plan, MigrationPlan)


def test_a_plan_as_it_was_written_is_taken() -> None:
    check_signed(plan_with(("project", "name"), "library"), "plan.json")


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "place",
    [
        ("project", "name"),
        ("contexts", "name"),
        ("contexts", "operations", "name"),
        ("contexts", "operations", "returns"),
        ("contexts", "operations", "parameters", "type"),
        ("contexts", "entities", "fields", "name"),
        ("contexts", "entities", "fields", "type"),
        ("contexts", "replicas", "key", "type"),
        ("contexts", "replicas", "fields", "type"),
        ("contexts", "tables", "columns", "type"),
    ],
    ids=".".join,
)  # fmt: skip
def test_a_text_that_no_plan_holds_is_refused(place: tuple[str, ...], value: str) -> None:
    with pytest.raises(RefusedInput) as error:
        check_signed(plan_with(place, value), "plan.json")
    assert repr(value) in str(error.value)


@pytest.mark.parametrize("value", HOSTILE[1:])
def test_a_path_that_leads_away_is_refused(value: str) -> None:
    with pytest.raises(RefusedInput):
        check_signed(plan_with(("contexts", "placements", "path"), value), "plan.json")


@pytest.mark.parametrize(
    "type", ["json", "none", "list:entity:Loan", "page:key:library.loans.models.Loan", "related:book:library.books.models.Book", "row:a.B|c.D", "schema:a.B"]
)
def test_every_form_of_a_type_is_known(type: str) -> None:
    check_signed(plan_with(("contexts", "operations", "returns"), type), "plan.json")
