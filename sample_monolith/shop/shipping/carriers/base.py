import json
from dataclasses import dataclass
from datetime import datetime
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from django.conf import settings

from shop.core.exceptions import CarrierError


@dataclass
class CarrierEvent:
    code: str
    description: str
    happened_at: datetime
    location: str = ""


class BaseCarrier:
    name = "base"

    def book(self, shipment) -> str:
        """Register the parcel and return its tracking number."""
        raise NotImplementedError

    def track(self, tracking_number) -> list[CarrierEvent]:
        return []

    def tracking_url(self, tracking_number):
        return ""

    def _call(self, path, data=None, **query):
        url = f"{settings.SHIPPING_API_BASE}/{self.name}/{path}"
        if query:
            url = f"{url}?{urlencode(query)}"
        body = json.dumps(data).encode() if data is not None else None
        request = Request(url, data=body, headers={"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=settings.SHIPPING_API_TIMEOUT) as response:
                return json.loads(response.read().decode())
        except (URLError, TimeoutError, ValueError) as error:
            raise CarrierError(f"{self.name}: {error}") from error
