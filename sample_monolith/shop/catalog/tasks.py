from celery import shared_task
from django.core.cache import cache

from shop.catalog.models import Product
from shop.core.utils import chunked


@shared_task
def warm_product_cache(limit=50):
    from shop.pricing.services import price_for
    from shop.reviews.services import rating_summary

    products = Product.objects.active().order_by("-rating_count")[:limit]
    for product in products:
        price_for(product)
        rating_summary(product.pk)
    return len(products)


@shared_task(name="catalog.reindex")
def reindex(product_ids=None):
    """Write the search words of products to the cache, a hundred at a time."""
    products = Product.objects.active().select_related("brand", "category")
    if product_ids:
        products = products.filter(pk__in=product_ids)
    done = 0
    for batch in chunked(products, 100):
        words = {
            f"search:{product.pk}": f"{product.name} {product.brand or ''} {product.category}"
            for product in batch
        }
        cache.set_many(words, None)
        done += len(batch)
    return done
