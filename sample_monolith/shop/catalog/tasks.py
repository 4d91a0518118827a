from celery import shared_task

from shop.catalog.models import Product


@shared_task
def warm_product_cache(limit=50):
    from shop.pricing.services import price_for
    from shop.reviews.services import rating_summary

    products = Product.objects.active().order_by("-rating_count")[:limit]
    for product in products:
        price_for(product)
        rating_summary(product.pk)
    return len(products)
