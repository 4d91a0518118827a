"""What callers of a query get while its service does not answer."""

from __future__ import annotations

import msgspec
import pytest
from running import Run
from service_plans import OPERATIONS
from test_boundary import with_operation
from test_boundary_client import CLIENT, REMOTE

from decompose.errors import RefusedInput
from decompose.generate import contract
from decompose.generate.render import make_render
from decompose.model.migration import Operation
from decompose.resources import templates

DOWN = """
from library.boundaries import fallback
def declared(name, text):
    table = boundary.contract.OPERATIONS
    table[name] = table[name]._replace(fallback=text)
def down():
    replies.extend([httpx.ConnectError("down")] * 3)
    client._clients.clear()
    client._clients[(__import__("os").getpid(), "loans", "http://loans")] = client.ServiceClient(boundary, "http://loans", httpx.MockTransport(answer))
"""


@pytest.mark.parametrize(("text", "shown"), [("empty", "0"), ("none", "None"), ("default:-1", "-1"), ("raise", "BoundaryUnavailable"), ("", "BoundaryUnavailable")])
def test_a_query_answers_as_declared(monolith: Run, text: str, shown: str) -> None:
    code = f"""
declared("count_loans", {text!r})
down()
try:
    print(count())
except runtime.BoundaryError as error:
    print(type(error).__name__)
print(fallback.used["loans.count_loans"])
"""
    used = 0 if text in ("", "raise") else 1
    assert monolith(CLIENT + DOWN + code, **REMOTE) == f"{shown}\n{used}\n"


def test_the_last_answer_is_given_to_the_same_question_of_the_same_user(monolith: Run) -> None:
    code = """
declared("count_loans", "last")
def asked(weeks, user="1"):
    token = runtime.current_user.set(user)
    try:
        return loans.count_loans(book=book, weeks__gte=weeks)
    except runtime.BoundaryUnavailable:
        return "unavailable"
    finally:
        runtime.current_user.reset(token)
print(asked(1))
for weeks, user in ((1, "1"), (2, "1"), (1, "2")):
    down()
    print(asked(weeks, user))
now = time.monotonic
time.monotonic = lambda: now() + fallback.OLDEST + 1
down()
print(asked(1))
"""
    assert monolith(CLIENT + DOWN + code, **REMOTE) == "7\n7\nunavailable\nunavailable\nunavailable\n"


def test_an_error_that_the_service_declares_is_no_outage(monolith: Run) -> None:
    code = """
declared("count_loans", "empty")
replies.append(500)
try:
    print(count())
except runtime.BoundaryFailure as error:
    print(error)
"""
    assert monolith(CLIENT + DOWN + code, **REMOTE) == "loans.count_loans: no (status 500)\n"


def source(operation: Operation) -> str:
    found = {each.path: each.content for each in contract.generate(with_operation(operation), make_render(templates()))}
    return found["library/boundaries/loans/contract.py"].decode()


def named(name: str, **changes: object) -> Operation:
    return msgspec.structs.replace(next(each for each in OPERATIONS if each.name == name), **changes)


def test_the_contract_says_it() -> None:
    assert 'fallback="default:{1: 2}"' in source(named("summary", fallback="default:{1: 2}"))
    assert "fallback" not in source(named("summary"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("create_loan", "none"), ("count_loans", "none"), ("latest_loan", "empty"), ("count_loans", "default:'x'"), ("count_loans", "default:True"),
        ("list_loans", "default:[1]"), ("count_loans", "default:open('x')"), ("count_loans", "sometimes"),
    ],
)  # fmt: skip
def test_what_callers_could_not_take_for_an_answer_is_refused(name: str, text: str) -> None:
    with pytest.raises(RefusedInput, match=name):
        source(named(name, fallback=text))
