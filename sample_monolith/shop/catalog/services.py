from __future__ import annotations

import csv
from decimal import Decimal, InvalidOperation
from typing import IO

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count

from shop.catalog.models import Brand, Category, Product
from shop.core import audit
from shop.core.constants import SOLD_ORDER_STATUSES, ReviewStatus
from shop.core.utils import cache_key, to_money, unique_slug
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
                "children": [
                    {"name": child.name, "url": child.get_absolute_url()}
                    for child in root.children.all()
                    if child.is_visible
                ],
            }
            for root in roots.prefetch_related("children")
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
        "price": price_for(product, user=user),
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
    from shop.pricing.services import forget_prices

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
    forget_prices(product)
    return product


@transaction.atomic
def import_products(handle: IO[str], actor=None) -> tuple[int, int, list[str]]:
    """Create or update products from a CSV file: sku, name, category, brand, price."""
    created, updated, errors = 0, 0, []
    for number, row in enumerate(csv.DictReader(handle), start=2):
        try:
            price = to_money(row["price"])
        except (InvalidOperation, KeyError, TypeError):
            errors.append(f"line {number}: bad price")
            continue
        category = Category.objects.filter(slug=row.get("category", "")).first()
        if category is None:
            errors.append(f"line {number}: unknown category {row.get('category')!r}")
            continue
        brand = None
        if row.get("brand"):
            brand, _ = Brand.objects.get_or_create(
                name=row["brand"], defaults={"slug": unique_slug(Brand, row["brand"])}
            )
        _, is_new = Product.all_objects.update_or_create(
            sku=row["sku"],
            defaults={
                "name": row["name"],
                "category": category,
                "brand": brand,
                "base_price": price,
                "deleted_at": None,
            },
            create_defaults={
                "name": row["name"],
                "category": category,
                "brand": brand,
                "base_price": price,
                "created_by": actor,
            },
        )
        created, updated = created + is_new, updated + (not is_new)
    cache.delete(MENU_CACHE_KEY)
    return created, updated, errors


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
