"""The HTTP side of a boundary, in the monolith's process, with an ``httpx`` transport instead of a network."""

from __future__ import annotations

import pytest
from running import Run

REMOTE = {"LOANS_MODE": "remote", "LOANS_URL": "http://loans"}

CLIENT = """
import httpx, json, random, time
from library.boundaries import client, tokens, wire
slept = []
time.sleep = slept.append
requests, replies = [], []
def answer(request):
    requests.append(request)
    reply = replies.pop(0) if replies else 200
    if isinstance(reply, Exception):
        raise reply
    return httpx.Response(reply, content=b'{"result": 7}' if reply == 200 else b'{"title": "no"}')
boundary = loans._boundary
client._clients[(__import__("os").getpid(), "loans", "http://loans")] = client.ServiceClient(boundary, "http://loans", httpx.MockTransport(answer))
def count():
    return loans.count_loans(book=book, weeks__gte=1)
"""


def test_a_call_is_one_request_with_a_token_and_a_trace(monolith: Run) -> None:
    code = """
token = runtime.current_user.set("42")
trace = runtime.current_trace.set("00-" + "a" * 32 + "-" + "b" * 16 + "-01")
print(count(), len(requests), requests[0].url, json.loads(requests[0].content) == {"book": book.pk, "weeks__gte": 1})
claims = tokens.verify(requests[0].headers["authorization"].removeprefix("Bearer "), "loans", tokens.accepted_keys())
print(claims["sub"], claims["exp"] - claims["iat"], requests[0].headers["traceparent"][:7], "idempotency-key" in requests[0].headers)
"""
    assert monolith(CLIENT + code, **REMOTE) == "7 1 http://loans/boundary/v1/count_loans True\n42 60 00-aaaa False\n"


def test_a_query_is_repeated_after_pauses_that_may_grow(monolith: Run) -> None:
    code = """
random.uniform = lambda low, high: high
replies += [httpx.ReadTimeout("slow"), 503]
print(count(), len(requests), slept)
"""
    assert monolith(CLIENT + code, **REMOTE) == "7 3 [0.1, 0.2]\n"


def test_a_repeated_command_carries_one_key(monolith: Run) -> None:
    code = """
replies += [httpx.ConnectError("down")]
try:
    loans.delete_loans(book=book)
except Exception as error:
    pass
replies += [httpx.ConnectError("down"), 503, 503]
try:
    loans.create_loan(book=book, reader=reader, weeks=1, date=date)
except runtime.BoundaryUnavailable as error:
    print(error)
print([len({r.headers.get("idempotency-key") for r in requests if r.url.path.endswith(name)}) for name in ("delete_loans", "create_loan")],
      [r.headers.get("idempotency-key") for r in requests][0])
"""
    printed = monolith(CLIENT + code, **REMOTE)
    assert printed == "loans.create_loan: no (status 503)\n[1, 1] None\n"


def test_silence_is_an_error_that_names_the_operation(monolith: Run) -> None:
    code = """
replies += [httpx.ReadTimeout("slow")] * 3
try:
    count()
except runtime.BoundaryUnavailable as error:
    print(error)
"""
    assert monolith(CLIENT + code, **REMOTE) == "loans.count_loans: ReadTimeout after 3 tries\n"


def test_an_open_circuit_sends_nothing_until_a_probe_may_pass(monolith: Run) -> None:
    code = """
now = [1000.0]
time.monotonic = lambda: now[0]
def outcome():
    before = len(requests)
    try:
        count()
        return "answered", len(requests) - before
    except runtime.BoundaryUnavailable as error:
        return "open" if "circuit" in str(error) else "down", len(requests) - before
replies += [httpx.ConnectError("down")] * 5
print(outcome(), outcome(), outcome())
now[0] += 11
replies += [httpx.ConnectError("down")]
print(outcome())
now[0] += 11
print(outcome(), outcome())
"""
    printed = monolith(CLIENT + code, **REMOTE)
    assert printed == "('down', 3) ('down', 2) ('open', 0)\n('down', 1)\n('answered', 1) ('answered', 1)\n"


def test_all_tries_together_have_one_time_limit_and_a_slow_service_is_not_asked_again(monolith: Run) -> None:
    code = """
now = [1000.0]
time.monotonic = lambda: now[0]
time.sleep = lambda seconds: now.__setitem__(0, now[0] + seconds)
random.uniform = lambda low, high: high
def slowly(request):
    requests.append((request.extensions["timeout"]["read"], request.headers["boundary-time"]))
    now[0] += spent.pop(0)
    raise httpx.ReadTimeout("slow")
def tries(*seconds):
    global spent
    spent = [*seconds]
    requests.clear()
    client._clients[(__import__("os").getpid(), "loans", "http://loans")] = client.ServiceClient(boundary, "http://loans", httpx.MockTransport(slowly))
    try:
        count()
    except runtime.BoundaryUnavailable as error:
        print(error, [(round(limit, 1), header) for limit, header in requests])
tries(0.5, 0.5, 0.5)
tries(2.1)
"""
    assert monolith(CLIENT + code, **REMOTE).splitlines() == [
        "loans.count_loans: ReadTimeout after 3 tries [(2.0, '2000'), (1.4, '1400'), (0.7, '700')]",
        "loans.count_loans: ReadTimeout after 1 try [(2.0, '2000')]",
    ]


def test_many_failures_end_the_repetitions(monolith: Run) -> None:
    code = """
from django.test.utils import override_settings
with override_settings(BOUNDARIES={"loans": {"mode": "remote", "url": "http://loans", "breaker_failures": 1000}}):
    client._clients[(__import__("os").getpid(), "loans", "http://loans")] = client.ServiceClient(boundary, "http://loans", httpx.MockTransport(answer))
    replies += [httpx.ConnectError("down")] * 100
    sent = []
    for _ in range(6):
        before = len(requests)
        try:
            count()
        except runtime.BoundaryUnavailable:
            sent.append(len(requests) - before)
    print(sent)
"""
    assert monolith(CLIENT + code, **REMOTE) == "[3, 2, 1, 1, 1, 1]\n"


def test_a_service_that_asks_for_a_pause_gets_it_or_is_left_alone(monolith: Run) -> None:
    code = """
def busy(request):
    requests.append(request)
    return httpx.Response(200, content=b'{"result": 7}') if len(requests) == 2 else httpx.Response(503, headers={"retry-after": wanted})
for wanted in ("1", "60"):
    requests.clear(), slept.clear()
    client._clients[(__import__("os").getpid(), "loans", "http://loans")] = client.ServiceClient(boundary, "http://loans", httpx.MockTransport(busy))
    try:
        print(count(), slept)
    except runtime.BoundaryUnavailable as error:
        print(error, slept)
"""
    assert monolith(CLIENT + code, **REMOTE) == "7 [1.0]\nloans.count_loans: no problem document (status 503) []\n"


def test_an_operation_that_fails_leaves_the_circuit_closed_for_the_others(monolith: Run) -> None:
    code = """
replies += [500] * 20
for _ in range(20):
    try:
        count()
    except runtime.BoundaryFailure:
        pass
print(count())
"""
    assert monolith(CLIENT + code, **REMOTE) == "7\n"


def test_calls_that_lead_to_one_another_share_their_time_and_end(monolith: Run) -> None:
    code = """
from library.boundaries import passage
with passage.arrived({"traceparent": "00-" + "c" * 32 + "-" + "d" * 16 + "-01", "boundary-time": "300", "boundary-depth": "2"}):
    count()
headers = requests[0].headers
print(headers["boundary-depth"], 0 < int(headers["boundary-time"]) <= 300, headers["traceparent"][3:6])
for headers in ({"boundary-depth": "5"}, {"boundary-time": "0", "boundary-depth": "1"}):
    with passage.arrived(headers):
        try:
            count()
        except runtime.BoundaryError as error:
            print(error)
print(len(requests), passage.depth(), passage.remaining())
"""
    assert monolith(CLIENT + code, **REMOTE).splitlines() == [
        "3 True ccc",
        "loans.count_loans: 5 calls led to this one: they go in a circle",
        "loans.count_loans: no time is left",
        "1 0 None",
    ]


@pytest.mark.parametrize("body", ["<html>", "[]", '{"result": "seven"}', ""])
def test_an_answer_against_the_contract_is_a_failure_of_the_service(monolith: Run, body: str) -> None:
    code = f"""
client._clients[(__import__("os").getpid(), "loans", "http://loans")] = client.ServiceClient(
    boundary, "http://loans", httpx.MockTransport(lambda request: httpx.Response(200, content={body!r}.encode())))
try:
    count()
except runtime.BoundaryFailure as error:
    print(error)
"""
    assert monolith(CLIENT + code, **REMOTE) == "loans.count_loans: the answer is against the contract\n"


@pytest.mark.parametrize(
    ("status", "error"), [(401, "BoundaryRejected"), (404, "BoundaryRejected"), (422, "BoundaryRejected"), (500, "BoundaryFailure")]
)
def test_a_refusal_is_no_value(monolith: Run, status: int, error: str) -> None:
    code = f"""
replies += [{status}]
try:
    count()
except runtime.BoundaryError as raised:
    print(type(raised).__name__, len(requests))
"""
    assert monolith(CLIENT + code, **REMOTE) == f"{error} 1\n"


def test_without_an_address_the_variable_is_named(monolith: Run) -> None:
    code = """
try:
    loans.summary(1)
except runtime.BoundaryError as error:
    print(error)
"""
    assert monolith(code, LOANS_MODE="remote") == "loans: mode remote wants LOANS_URL\n"


@pytest.mark.parametrize(
    "change",
    [
        'tokens.verify(token, "other", [key])',
        'tokens.verify(token, "loans", ["y" * 32])',
        'tokens.verify(token, "loans", [key], now=1000 + 66)',
        'tokens.verify(token, "loans", [key], now=1000 - 6)',
        'tokens.verify(token[:-2] + "AA", "loans", [key], now=1000)',
        'tokens.verify(".".join([tokens._encode({"alg": "none"}), *token.split(".")[1:]]), "loans", [key], now=1000)',
        'tokens.verify("a.b.c", "loans", [key])',
    ],
)
def test_a_token_that_proves_nothing_is_invalid(monolith: Run, change: str) -> None:
    code = f"""
from library.boundaries import tokens
key = "x" * 32
token = tokens.sign("1", "monolith", "loans", key, now=1000)
print(tokens.verify(token, "loans", ["old" * 11, key], now=1060)["sub"])
try:
    {change}
except tokens.InvalidToken:
    print("invalid")
"""
    assert monolith(code) == "1\ninvalid\n"


def test_a_key_that_can_be_guessed_is_refused(monolith: Run) -> None:
    code = """
from library.boundaries import tokens
try:
    tokens.signing_key()
except RuntimeError as error:
    print(error)
"""
    assert monolith(code, BOUNDARY_TOKEN_KEY="short") == "BOUNDARY_TOKEN_KEY must have at least 32 bytes\n"


def test_any_value_comes_back_from_tagged_json(monolith: Run) -> None:
    code = """
import json, uuid
from types import SimpleNamespace
from hypothesis import given, settings, strategies as st
from library.boundaries import wire
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.floats(allow_nan=False), st.decimals(allow_nan=False),
                    st.datetimes(), st.dates(), st.times(), st.timedeltas(), st.uuids(), st.binary())
hashable = st.one_of(st.text(), st.integers(), st.dates(), st.just("$decimal"))
values = st.recursive(scalars, lambda inner: st.one_of(
    st.lists(inner), st.tuples(inner, inner), st.dictionaries(hashable, inner), st.frozensets(hashable)), max_leaves=20)
contract, operation = loans._boundary.contract, SimpleNamespace(name="any")
@settings(max_examples=100, database=None, derandomize=True)
@given(values)
def law(value):
    text = json.dumps(wire.tag(value, contract, operation), allow_nan=False)
    assert wire.untag(json.loads(text), contract) == value
law()
print("holds")
"""
    assert monolith(code) == "holds\n"
