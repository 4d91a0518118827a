from rest_framework import serializers

from shop.inventory.models import StockItem


class StockItemSerializer(serializers.ModelSerializer):
    sku = serializers.CharField(source="product.sku", read_only=True)
    warehouse = serializers.CharField(source="warehouse.code", read_only=True)
    free = serializers.IntegerField(read_only=True)

    class Meta:
        model = StockItem
        fields = ["id", "sku", "warehouse", "on_hand", "reserved", "free", "reorder_level"]
