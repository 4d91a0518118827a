"""The service loans as a process: who gets in, what it says of itself, how it refuses.

Run from the service's folder: ``DJANGO_SETTINGS_MODULE=loans_service.settings python -m pytest -p no:django tests``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client, utils

from library.boundaries import tokens

AUDIENCE = "loans"
OPERATION = "count_loans"
KEY = "k" * 32


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[None]:
    held_key, settings.BOUNDARY_TOKEN_KEY = settings.BOUNDARY_TOKEN_KEY, KEY
    held = utils.setup_databases(verbosity=0, interactive=False)
    yield
    utils.teardown_databases(held, verbosity=0)
    settings.BOUNDARY_TOKEN_KEY = held_key


@pytest.fixture(autouse=True)
def clean(database: None) -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def post(operation: str, body: Any, token: str | None = None, **headers: str) -> Any:
    token = tokens.sign("", "monolith", AUDIENCE, KEY) if token is None else token
    sent = {"authorization": f"Bearer {token}", **headers}
    return Client(raise_request_exception=False).post(
        f"/boundary/v1/{operation}", body, content_type="application/json", headers=sent
    )


def test_the_process_is_alive_and_ready() -> None:
    assert Client().get("/healthz").status_code == 200
    assert Client().get("/readyz").status_code == 200


def test_the_description_is_the_one_that_was_agreed() -> None:
    agreed = json.loads((Path(__file__).parents[1] / "openapi.json").read_text())
    assert Client().get("/openapi.json").json() == agreed


@pytest.mark.parametrize(
    "token",
    [
        "",
        "nonsense",
        tokens.sign("1", "monolith", AUDIENCE, "x" * 32),
        tokens.sign("1", "monolith", "another-service", KEY),
        tokens.sign("1", "monolith", AUDIENCE, KEY, now=0),
    ],
    ids=["none", "nonsense", "other key", "other audience", "expired"],
)
def test_without_a_valid_token_nothing_is_answered(token: str) -> None:
    reply = post(OPERATION, "{}", token)
    assert reply.status_code == 401
    assert reply["content-type"] == "application/problem+json"


def test_an_unknown_operation_is_not_found() -> None:
    assert post("no_such_operation", "{}").status_code == 404


@pytest.mark.parametrize("body", ["", "[]", "{", '{"no such argument": 1}'])
def test_a_request_against_the_contract_is_refused_and_its_values_are_not_repeated(
    body: str,
) -> None:
    reply = post(OPERATION, body)
    if body == "" and reply.status_code != 422:
        pytest.skip(f"{OPERATION} wants no arguments")
    assert reply.status_code == 422
    assert "input" not in reply.json()


def test_a_repeated_command_is_answered_from_memory() -> None:
    from loans_service.boundary_views import Answer, once

    calls = []
    key = str(uuid.uuid4())

    def serve() -> Answer:
        calls.append(1)
        return Answer(200, b"{}")

    assert once(key, "command", serve) == once(key, "command", serve)
    assert len(calls) == 1
