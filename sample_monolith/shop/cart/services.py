from __future__ import annotations

from django.db import transaction

from shop.cart.models import Cart, CartItem
from shop.catalog.models import LimitedProduct, Product
from shop.core.constants import MAX_LINE_QUANTITY
from shop.core.exceptions import ShopError
from shop.inventory.services import check_available
from shop.pricing.services import Quote, find_coupon, quote_cart


def get_open_cart(user=None, session_key: str = "", create: bool = True) -> Cart | None:
    if user is not None and user.is_authenticated:
        owner = {"user": user}
    else:
        owner = {"user": None, "session_key": session_key}
    cart = Cart.objects.open().filter(**owner).order_by("-pk").first()
    if cart is None and create:
        cart = Cart.objects.create(**owner)
    return cart


def cart_for_request(request, create=True):
    if request.user.is_authenticated:
        return get_open_cart(user=request.user, create=create)
    if not request.session.session_key:
        if not create:
            return None
        request.session.create()
    return get_open_cart(session_key=request.session.session_key, create=create)


def limit_of(product) -> int:
    limited = LimitedProduct.objects.filter(product_ptr_id=product.pk).first()
    return limited.per_customer if limited else MAX_LINE_QUANTITY


@transaction.atomic
def add_item(cart: Cart, product: Product, quantity: int = 1) -> CartItem:
    if not product.is_active or product.deleted_at:
        raise ShopError("This product is no longer sold.")
    if quantity < 1:
        raise ShopError("The quantity has to be positive.")
    item = cart.items.select_for_update().filter(product=product).first()
    wanted = quantity + (item.quantity if item else 0)
    if wanted > limit_of(product):
        raise ShopError(f"No more than {limit_of(product)} of this product.")
    check_available(product, wanted)
    if item is None:
        item = cart.items.create(product=product, quantity=wanted)
    else:
        item.quantity = wanted
        item.save(update_fields=["quantity", "updated_at"])
    cart.save(update_fields=["updated_at"])
    return item


def set_quantity(cart, product_id, quantity):
    item = cart.items.select_related("product").filter(product_id=product_id).first()
    if item is None:
        raise ShopError("That product is not in the cart.")
    if quantity <= 0:
        item.delete()
        return None
    check_available(item.product, quantity)
    item.quantity = min(quantity, limit_of(item.product))
    item.save(update_fields=["quantity", "updated_at"])
    return item


def apply_coupon(cart: Cart, code: str, user=None) -> Quote:
    quote = quote_cart(cart, user=user)
    cart.coupon = find_coupon(code, user, quote.subtotal)
    cart.save(update_fields=["coupon", "updated_at"])
    return cart_quote(cart, user=user)


def cart_quote(cart, user=None, shipping_method=None, country=None):
    code = cart.coupon.code if cart.coupon_id else ""
    return quote_cart(
        cart, user=user, coupon_code=code, shipping_method=shipping_method, country=country
    )


@transaction.atomic
def merge_carts(session_key, user):
    """Called at login: the guest's cart goes into the customer's."""
    guest = get_open_cart(session_key=session_key, create=False)
    if guest is None:
        return None
    target = get_open_cart(user=user)
    for item in guest.items.select_related("product"):
        mine = target.items.filter(product=item.product).first()
        if mine is None:
            item.cart = target
            item.save(update_fields=["cart"])
        else:
            mine.quantity = min(mine.quantity + item.quantity, limit_of(item.product))
            mine.save(update_fields=["quantity"])
    if guest.coupon_id and not target.coupon_id:
        target.coupon_id = guest.coupon_id
        target.save(update_fields=["coupon"])
    guest.delete()
    return target


def close_cart(cart: Cart, order) -> None:
    cart.is_open = False
    cart.order = order
    cart.save(update_fields=["is_open", "order", "updated_at"])
