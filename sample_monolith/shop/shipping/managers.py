from django.db import models
from django.db.models import Q

from shop.core.constants import ShipmentStatus


class ShippingMethodQuerySet(models.QuerySet):
    def active(self):
        return self.filter(is_active=True)

    def for_parcel(self, country, weight):
        return self.active().filter(
            Q(countries="") | Q(countries__contains=country), max_weight__gte=weight
        )


class ShipmentQuerySet(models.QuerySet):
    def under_way(self):
        return self.filter(status__in=[ShipmentStatus.DISPATCHED, ShipmentStatus.IN_TRANSIT])

    def unbooked(self):
        return self.filter(status=ShipmentStatus.READY, tracking_number="")

    def of_user(self, user):
        return self.filter(order__user=user)
