from rest_framework import serializers

from shop.shipping.models import Shipment, ShippingMethod, TrackingEvent


class ShippingMethodSerializer(serializers.ModelSerializer):
    class Meta:
        model = ShippingMethod
        fields = ["id", "code", "name", "base_price", "free_from"]


class TrackingEventSerializer(serializers.ModelSerializer):
    class Meta:
        model = TrackingEvent
        fields = ["code", "description", "location", "happened_at"]


class ShipmentSerializer(serializers.ModelSerializer):
    events = TrackingEventSerializer(many=True, read_only=True)

    class Meta:
        model = Shipment
        fields = ["reference", "carrier", "tracking_number", "status", "dispatched_at", "events"]
