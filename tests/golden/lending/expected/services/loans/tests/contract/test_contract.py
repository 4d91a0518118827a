"""The contract of loans, as callers rely on it. What is asked with comes from ``examples``."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import examples
import pytest
import rows

import library.boundaries.loans as api
from library.boundaries import objects, wire
from library.boundaries.runtime import Boundary, resolve

BOUNDARY = Boundary("loans", "library.boundaries.loans", errors=api._boundary.errors)
OPERATIONS = BOUNDARY.contract.OPERATIONS
QUERIES = sorted(name for name, each in OPERATIONS.items() if each.kind == "query")
COMMANDS = sorted(
    name for name, each in OPERATIONS.items() if each.kind == "command" and each.shape != "draft"
)
OPTIONAL = sorted(name for name in OPERATIONS if examples.takes_options(name))
FINDERS = sorted(name for name in examples.MISSING if name in OPERATIONS)


def shown(operation: Any, value: Any, drop: bool = False) -> Any:
    """A result in plain Python, read the same way from the code's own objects and from the contract's records.

    ``drop`` leaves out what differs from one run to the next.
    """
    if operation.returns == "none":
        return None  # Whatever the code gives: nobody looks at it.
    name = operation.returns.rpartition(":")[2]
    source = BOUNDARY.contract.ENTITIES.get(name)
    if source is not None and operation.returns != name:
        found = value if value is None or operation.returns.startswith("entity:") else list(value)
        rows_of = found if isinstance(found, list) else [found]
        return [None if row is None else columns(source, row, drop) for row in rows_of]
    return plain(value)


def columns(source: Any, row: Any, drop: bool = False) -> dict[str, Any]:
    """The contract's columns of a row, whatever class it has."""
    left_out = rows.volatile(source.label) if drop else set()
    names = [name for name in source.type.model_fields if name not in left_out]
    found = {name: plain(wire._follow(row, source.paths.get(name, name))) for name in names}
    return {name: rows.about(value) for name, value in found.items()} if drop else found


def plain(value: Any) -> Any:
    """A value without the classes that may differ between both sides."""
    value = rows.read(value)
    for source in [*BOUNDARY.contract.ENTITIES.values(), *BOUNDARY.contract.REPLICAS.values()]:
        if isinstance(value, source.type) or rows.is_row(value, source.label):
            return columns(source, value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, tuple):
        return tuple(plain(each) for each in value)
    if dataclasses.is_dataclass(value) or isinstance(value, SimpleNamespace):
        return {key: plain(each) for key, each in vars(value).items()}
    return value


def outcome(operation: Any, call: Any, drop: bool = False) -> tuple[str, Any]:
    """``("value", what came back)``, or ``("error", its name in the contract)`` for a declared error."""
    try:
        return "value", shown(operation, call(), drop)
    except Exception as raised:
        for name in operation.errors:
            # In the modes that serialise the API raises its own class; the code itself raises the real one.
            classes = (resolve(BOUNDARY.contract.ERRORS[name].path), BOUNDARY.error_class(name))
            if isinstance(raised, classes):
                return "error", name
        raise


MISSING = (AttributeError, ImportError, NotImplementedError, NameError)
"""What code raises when something that it needs did not come along."""

BLOCKED: dict[str, str] = {}
"""Operations that run into code which stays in the monolith, with the edges of the plan."""


def directly(operation: Any, example: Any, drop: bool = False) -> tuple[str, Any]:
    """What the context's own code does with the example.

    Arguments that it cannot take prove nothing and are skipped; code that is not there is a fault of the extraction, unless
    the plan says that the operation waits for it.
    """
    try:
        return outcome(operation, lambda: example.directly(**example.arguments), drop)
    except MISSING as raised:
        if operation.name in BLOCKED:
            pytest.skip(f"{operation.name} works in mode local only: {BLOCKED[operation.name]}")
        missing = f"{operation.target} needs code that is not here: {raised}"
        raise AssertionError(missing) from raised
    except Exception as raised:  # noqa: BLE001
        pytest.skip(f"{operation.target} raises {raised!r}: give other arguments in examples.py")


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_answers_as_the_code_itself(name: str) -> None:
    operation, example = OPERATIONS[name], getattr(examples, name)()
    given = rows.copied(example.arguments)
    expected = directly(operation, example._replace(arguments=given))
    actual = outcome(operation, lambda: getattr(api, name)(**example.arguments))
    assert actual == expected
    if example.finds:
        assert expected[0] == "value" and expected[1] not in (None, 0, False, [], [None])


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_answers_and_writes_as_the_code_itself(name: str) -> None:
    compare_command(name)


@pytest.mark.parametrize("name", OPTIONAL)
def test_optional_arguments_reach_the_code(name: str) -> None:
    compare_command(name, getattr(examples, name)().optional)


def compare_command(name: str, optional: dict[str, Any] | None = None) -> None:
    """The code itself runs first, in a transaction that is taken back; then the API, from the same rows."""
    operation, example = OPERATIONS[name], getattr(examples, name)()
    example.arguments.update(optional or {})
    given = rows.copied(example.arguments)
    with rows.taken_back():
        expected = directly(operation, example._replace(arguments=given), drop=True)
        expected_state = rows.state(examples.WATCHED)
        expected_rows = left(operation, given)
    actual = outcome(operation, lambda: getattr(api, name)(**example.arguments), drop=True)
    assert actual == expected
    assert rows.state(examples.WATCHED) == expected_state
    assert left(operation, example.arguments) == expected_rows


def left(operation: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """How a command left the rows that it was given."""
    found = {}
    for name, kind in operation.parameters.items():
        row = arguments.get(name)
        if kind.startswith("entity:") and row is not None and objects.key_of(row) is not None:
            source = BOUNDARY.contract.ENTITIES[kind.removeprefix("entity:")]
            found[name] = columns(source, wire.record(source, row), drop=True)
    return found


@pytest.mark.parametrize("name", sorted(BOUNDARY.contract.ENTITIES))
def test_a_row_crosses_with_every_column_as_it_is(name: str) -> None:
    contract = BOUNDARY.contract
    source = contract.ENTITIES[name]
    row = rows.make(source.label, **rows.filled(source.label))
    context = {"contract": contract, "operation": name, "wire": False}
    sent = wire.record(source, row).model_dump_json(context=context)
    crossed = source.type.model_validate_json(sent, context={**context, "wire": True})
    assert columns(source, crossed) == columns(source, row)


@pytest.mark.parametrize("name", FINDERS)
def test_a_missing_row_is_the_declared_error(name: str) -> None:
    example = getattr(examples, name)()
    label, error = examples.MISSING[name]
    rows.empty(label)
    with pytest.raises(getattr(api, error, BOUNDARY.error_class(error))):
        getattr(api, name)(**example.arguments)


def test_every_operation_has_an_example() -> None:
    assert {name for name in OPERATIONS if not hasattr(examples, name)} == set()
