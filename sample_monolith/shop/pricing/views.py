from django.shortcuts import render
from django.views.generic import ListView

from shop.catalog.models import Product
from shop.pricing.models import Promotion
from shop.pricing.services import price_for


class PromotionListView(ListView):
    template_name = "pricing/promotion_list.html"
    context_object_name = "promotions"

    def get_queryset(self):
        return Promotion.objects.live().prefetch_related("products", "categories")


def sale(request):
    """The products of running promotions with their old and new price."""
    products = Product.objects.active().filter(promotions__in=Promotion.objects.live()).distinct()
    rows = [(product, price_for(product, request.user)) for product in products]
    return render(request, "pricing/sale.html", {"rows": rows})
