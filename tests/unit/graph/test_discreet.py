"""Secrets in code and settings end at the graph: no later stage sees them."""

from __future__ import annotations

import pytest

from decompose.model.credentials import CONCEALED, concealed


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("SECRET_KEY", "'live-123'"),
        ("SECRET_KEY_FALLBACKS", "['old-1', 'old-2']"),
        ("STRIPE_API_KEY", "'live-123'"),
        ("WEBHOOK", "'https://me:live-123@example.com/x'"),
        ("CERTIFICATE", "'-----BEGIN RSA PRIVATE KEY-----live-123'"),
        ("SERVICE", "'sk_live_live12345678'"),
        ("MAIL_PASSWORD", "f'live-123{x}'"),
    ],
)
def test_a_secret_value_is_not_kept(name: str, source: str) -> None:
    assert concealed(name, source) == CONCEALED


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("{'default': {'USER': 'u', 'PASSWORD': 'live-123'}}", "{'default': {'USER': 'u', 'PASSWORD': ''}}"),
        ("{'url': 'redis://:live-123@cache/0', 'retries': 3}", "{'url': '', 'retries': 3}"),
        ("connect(host='h', password='live-123')", "connect(host='h', password='')"),
        ("{'token': os.environ.get('MAIL_TOKEN', 'live-123')}", "{'token': os.environ.get('MAIL_TOKEN', '')}"),
    ],
)
def test_the_rest_of_a_larger_value_is_kept(source: str, left: str) -> None:
    assert concealed("SERVICES", source) == left


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("PASSWORD_HASHERS", "['django.contrib.auth.hashers.Argon2PasswordHasher']"),
        ("PASSWORD_RESET_TIMEOUT", "3600"),
        ("TOKEN_HEADER", "'X-Token'"),
        ("SECRET_KEY", "''"),
        ("HOME_URL", "'https://example.com:8443/a@b'"),
        ("DATABASES", "{'default': {'ENGINE': 'django.db.backends.sqlite3', 'PASSWORD': ''}}"),
        ("CACHE_KEY_PREFIX", "'shop'"),
        ("BROKEN", "a b"),
    ],
)
def test_what_is_no_secret_stays_as_it_is(name: str, source: str) -> None:
    assert concealed(name, source) == source


def test_the_default_of_a_variable_is_as_secret_as_the_variable() -> None:
    assert concealed("BROKER_URL", "'redis://:live-123@cache/0'", variable=True) == CONCEALED
    assert concealed("BROKER_URL", "'redis://cache/0'", variable=True) == "'redis://cache/0'"
    assert concealed("PAYMENT_TOKEN", "get('x') or 'live-123'", variable=True) == CONCEALED
    assert concealed("PAGE_SIZE", "'50'", variable=True) == "'50'"
    assert concealed("RETRY_TOKENS", "3", variable=True) == "3"
