from rest_framework import serializers


class SummarySerializer(serializers.Serializer):
    orders = serializers.IntegerField()
    items = serializers.IntegerField()
    customers = serializers.IntegerField()
    revenue = serializers.DecimalField(max_digits=12, decimal_places=2)
    refunds = serializers.DecimalField(max_digits=12, decimal_places=2)
    net = serializers.DecimalField(max_digits=12, decimal_places=2)


class ProductRowSerializer(serializers.Serializer):
    sku = serializers.CharField()
    name = serializers.CharField()
    category = serializers.CharField()
    sold = serializers.IntegerField()
    revenue = serializers.DecimalField(max_digits=12, decimal_places=2)
    customers = serializers.IntegerField()
    free_stock = serializers.IntegerField()
    rating = serializers.FloatField(allow_null=True)
