from __future__ import annotations

import pytest
from sources import detected, only

from decompose.detect.outside import aws, detect
from decompose.detect.outside.aws import action_of, prefix_of
from decompose.model.facts import External


def external(text: str) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in only(External, detected(detect, text))]


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


def test_a_project_that_touches_nothing_gives_nothing() -> None:
    assert external("import os\nimport django.db.models\ndef f(x):\n    return os.path.join(x, x.get('a'))\n") == []


def test_every_operation_of_every_service_has_the_name_that_iam_knows() -> None:
    """botocore's own models are the judge: its method names lead back to the operation, which IAM compares without looking at the case."""
    botocore = pytest.importorskip("botocore", reason="botocore is not installed")
    from botocore.loaders import Loader

    loader = Loader()
    for service in ("s3", "sqs", "sns", "dynamodb", "ses", "ec2", "iam", "kms", "secretsmanager", "lambda", "stepfunctions", "rds", "logs"):
        for operation in loader.load_service_model(service, "service-2")["operations"]:
            method = botocore.xform_name(operation)
            if f"{service}:{method}" not in aws._ACTIONS:
                assert action_of(service, method).lower() == operation.lower()


def test_prefixes_are_the_names_that_requests_are_signed_for() -> None:
    pytest.importorskip("botocore", reason="botocore is not installed")
    from botocore.loaders import Loader

    others = {"iot-data", "resourcegroupstaggingapi"}  # signed for another name than rights are given for
    for service in sorted({*aws._PREFIXES} - others):
        metadata = Loader().load_service_model(service, "service-2")["metadata"]
        assert prefix_of(service) == metadata.get("signingName", metadata["endpointPrefix"])
