from __future__ import annotations

import pytest
from sources import detected, only

from decompose.detect.environment import action_of, detect
from decompose.model.facts import EnvironmentRead, External, Unresolved


def reads(*texts: str, **files: str) -> list[tuple[str, str, str]]:
    return [(each.definition, each.name, each.default) for each in only(EnvironmentRead, detected(detect, *texts, **files))]


def external(text: str) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in only(External, detected(detect, text))]


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("import os\nX = os.environ['KEY']\n", ""),
        ("import os\nX = os.environ.get('KEY', 'a')\n", "'a'"),
        ("from os import getenv as g\nX = g('KEY')\n", ""),
        ("from decouple import config\nX = config('KEY', default=True, cast=bool)\n", "True"),
        ("import environ\nenv = environ.Env()\nX = env.str('KEY', default='b')\n", "'b'"),
        ("import os\nNAME = 'KEY'\nX = os.environ[NAME]\n", ""),
    ],
)
def test_a_variable_read(text: str, default: str) -> None:
    assert reads(text) == [("app", "KEY", default)]


def test_writing_a_variable_is_no_read() -> None:
    assert reads("import os\nos.environ['KEY'] = '1'\n") == []


def test_a_helper_that_reads_is_followed_to_its_callers() -> None:
    text = "import os\ndef env_bool(name, default):\n    return os.getenv(name, default) == 'True'\nDEBUG = env_bool('DEBUG', 'False')\n"
    assert reads(text) == [("app", "DEBUG", "'False'")]


def test_fields_of_a_settings_class_are_variables() -> None:
    text = """
    from pydantic import Field
    from pydantic_settings import BaseSettings, SettingsConfigDict
    class Settings(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="APP_")
        debug: bool = False
        url: str = Field("x", validation_alias="DATABASE_URL")
    """
    assert reads(text) == [("app.Settings", "APP_DEBUG", "False"), ("app.Settings", "DATABASE_URL", "'x'")]


def test_a_computed_name_is_reported() -> None:
    facts = detected(detect, "import os\nfor n in names():\n    os.getenv('A' + n)\n")
    assert [each.reason for each in only(Unresolved, facts)] == ["the variable's name is computed"]


@pytest.mark.parametrize(
    ("service", "method", "action"),
    [("s3", "put_object", "PutObject"), ("s3", "head_object", "GetObject"), ("sqs", "send_message", "SendMessage"), ("s3", "upload_file", "PutObject")],
)
def test_actions_of_aws_methods(service: str, method: str, action: str) -> None:
    assert action_of(service, method) == action


def test_aws_clients_and_their_actions() -> None:
    text = "import boto3\ns3 = boto3.client('s3')\ndef f():\n    s3.put_object(Bucket='b')\n    boto3.resource('dynamodb').Table('t').put_item(Item={})\n"
    assert ("aws", "s3:PutObject") in external(text)
    assert ("aws", "dynamodb:PutItem") in external(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import requests\ndef f():\n    requests.post('https://x.test/a', json={})\n", ("http", "POST https://x.test/a")),
        ("import httpx\ndef f():\n    with httpx.Client() as c:\n        c.get('https://x.test')\n", ("http", "GET https://x.test")),
        ("from django.core.mail import send_mail\ndef f():\n    send_mail('a', 'b', 'c', [])\n", ("mail", "send_mail")),
        ("from django.core.cache import cache\ndef f():\n    cache.get('key')\n", ("cache", "get key")),
        ("import redis\nr = redis.Redis()\ndef f():\n    r.incr('n')\n", ("redis", "incr n")),
        ("def f():\n    with open('a.txt') as h:\n        h.read()\n", ("file", "a.txt")),
        ("from pathlib import Path\ndef f():\n    Path('a.txt').write_text('x')\n", ("file", "a.txt")),
    ],
)
def test_what_is_touched_outside_the_process(text: str, expected: tuple[str, str]) -> None:
    assert expected in external(text)
