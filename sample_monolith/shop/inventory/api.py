from rest_framework.decorators import api_view
from rest_framework.response import Response

from shop.catalog.models import Product
from shop.inventory.services import available_quantity


@api_view(["GET"])
def availability(request):
    """?sku=A&sku=B -> how many of each can be sold now."""
    products = Product.objects.active().filter(sku__in=request.query_params.getlist("sku"))
    return Response({product.sku: available_quantity(product) for product in products})
