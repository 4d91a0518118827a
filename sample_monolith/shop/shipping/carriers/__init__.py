"""One module per carrier, each with a class ``Carrier``."""

import importlib

from django.conf import settings

from shop.core.exceptions import CarrierError


def get_carrier(name):
    if name not in settings.SHIPPING_CARRIERS:
        raise CarrierError(f"There is no carrier {name!r}.")
    module = importlib.import_module(f"shop.shipping.carriers.{name}")
    return module.Carrier()
