from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass
class GatewayResult:
    ok: bool
    transaction_id: str = ""
    message: str = ""


class BaseGateway:
    name = "base"

    def charge(self, amount: Decimal, token: str, reference: str) -> GatewayResult:
        raise NotImplementedError

    def refund(self, transaction_id: str, amount: Decimal) -> GatewayResult:
        raise NotImplementedError


class DummyGateway(BaseGateway):
    """Accepts everything but tokens that begin with "bad"."""

    name = "dummy"

    def charge(self, amount, token, reference):
        if not token or token.startswith("bad"):
            return GatewayResult(ok=False, message="card declined")
        return GatewayResult(ok=True, transaction_id=f"dummy-{reference}")

    def refund(self, transaction_id, amount):
        return GatewayResult(ok=True, transaction_id=f"re-{transaction_id}")


@lru_cache(maxsize=4)
def _load(path):
    return import_string(path)


def get_gateway() -> BaseGateway:
    return _load(settings.PAYMENT_BACKEND)()
