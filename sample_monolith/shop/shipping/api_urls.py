from django.urls import include, path
from rest_framework.routers import SimpleRouter

from shop.shipping import api

app_name = "shipping-api"

router = SimpleRouter()
router.register("methods", api.ShippingMethodViewSet, basename="method")
router.register("shipments", api.ShipmentViewSet, basename="shipment")

urlpatterns = [
    path("options/", api.OptionsView.as_view(), name="options"),
    path("events/<str:tracking_number>/", api.carrier_event, name="carrier-event"),
    path("", include(router.urls)),
]
