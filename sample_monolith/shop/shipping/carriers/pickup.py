from shop.shipping.carriers.base import BaseCarrier


class Carrier(BaseCarrier):
    """The customer comes to the shop; nobody has to be called."""

    name = "pickup"

    def book(self, shipment):
        return f"PICKUP-{shipment.reference}"
