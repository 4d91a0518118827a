from datetime import UTC, datetime

from shop.core.exceptions import CarrierError
from shop.shipping.carriers.base import BaseCarrier, CarrierEvent

CODES = {10: "picked_up", 20: "in_transit", 90: "delivered"}


class Carrier(BaseCarrier):
    name = "express"
    max_grams = 20000

    def book(self, shipment):
        if shipment.weight_grams > self.max_grams:
            raise CarrierError("express: the parcel is too heavy")
        answer = self._call("v2/bookings", {"ref": shipment.reference, "to": shipment.recipient})
        return f"EX{answer['id']}"

    def track(self, tracking_number):
        answer = self._call(f"v2/bookings/{tracking_number.removeprefix('EX')}")
        return [
            CarrierEvent(
                code=CODES.get(row["status"], "info"),
                description=row.get("label", ""),
                happened_at=datetime.fromtimestamp(row["ts"], tz=UTC),
            )
            for row in answer.get("history", [])
        ]
