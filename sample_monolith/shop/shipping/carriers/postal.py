from datetime import datetime

from shop.shipping.carriers.base import BaseCarrier, CarrierEvent


class Carrier(BaseCarrier):
    name = "postal"

    def book(self, shipment):
        answer = self._call(
            "parcels",
            {
                "reference": shipment.reference,
                "recipient": shipment.recipient,
                "grams": shipment.weight_grams,
            },
        )
        return answer["tracking_number"]

    def track(self, tracking_number):
        answer = self._call("events", number=tracking_number)
        return [
            CarrierEvent(
                code=row["code"],
                description=row["text"],
                happened_at=datetime.fromisoformat(row["at"]),
                location=row.get("place", ""),
            )
            for row in answer["events"]
        ]

    def tracking_url(self, tracking_number):
        return f"https://post.example.com/track/{tracking_number}"
