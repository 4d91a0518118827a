from __future__ import annotations

from decimal import Decimal

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count

from shop.catalog.models import Category, Product
from shop.core import audit
from shop.core.constants import SOLD_ORDER_STATUSES, ReviewStatus
from shop.core.utils import cache_key, to_money
from shop.reviews.models import Review

MENU_CACHE_KEY = "catalog:menu"


def category_menu() -> list[dict]:
    menu = cache.get(MENU_CACHE_KEY)
    if menu is None:
        roots = Category.objects.roots().visible().with_product_counts()
        menu = [
            {
                "name": root.name,
                "url": root.get_absolute_url(),
                "count": root.product_count,
            }
            for root in roots
        ]
        cache.set(MENU_CACHE_KEY, menu, 600)
    return menu


def product_page_context(product: Product, user=None) -> dict:
    # Pricing imports our models, so it can only be imported once they are loaded.
    from shop.inventory.services import available_quantity
    from shop.pricing.services import active_promotions, price_for

    reviews = Review.objects.filter(product=product, status=ReviewStatus.PUBLISHED)
    return {
        "product": product,
        "price": price_for(product),
        "available": available_quantity(product),
        "promotions": active_promotions(product),
        "reviews": reviews.select_related("author").order_by("-created_at")[:5],
        "review_total": reviews.count(),
        "also_bought": also_bought(product),
        "can_review": bool(user and user.is_authenticated and user.can_review(product)),
    }


def also_bought(product, limit=4):
    from shop.orders.models import OrderItem

    orders = OrderItem.objects.filter(
        product=product, order__status__in=SOLD_ORDER_STATUSES
    ).values("order_id")
    return list(
        Product.objects.active()
        .filter(order_items__order_id__in=orders)
        .exclude(pk=product.pk)
        .annotate(times=Count("order_items__order", distinct=True))
        .order_by("-times", "pk")[:limit]
    )


def change_base_price(product: Product, new_price: Decimal, actor=None) -> Product:
    from shop.pricing.services import forget_price

    old_price = product.base_price
    product.base_price = to_money(new_price)
    product.save(update_fields=["base_price", "updated_at"])
    audit.record(
        "product.price_changed",
        product,
        actor=actor,
        old=str(old_price),
        new=str(product.base_price),
    )
    forget_price(product)
    return product


def retire_product(product: Product, actor=None):
    """Take a product out of the shop and of every open cart."""
    from shop.cart.models import CartItem

    with transaction.atomic():
        removed, _ = CartItem.objects.filter(product=product, cart__is_open=True).delete()
        product.is_active = False
        product.save(update_fields=["is_active"])
        product.delete()
        audit.record("product.retired", product, actor=actor, carts=removed)
    cache.delete(cache_key("rating", product.pk))
    return removed
