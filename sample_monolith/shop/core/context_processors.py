from django.conf import settings
from django.db.models import Sum


def shop_context(request):
    return {
        "shop_name": settings.SHOP_NAME,
        "currency": settings.SHOP_CURRENCY,
        "cart_count": _cart_count(request),
    }


def _cart_count(request):
    from shop.cart.models import CartItem

    items = CartItem.objects.filter(cart__is_open=True)
    if getattr(request, "user", None) and request.user.is_authenticated:
        items = items.filter(cart__user=request.user)
    elif getattr(request, "session", None) and request.session.session_key:
        items = items.filter(cart__session_key=request.session.session_key)
    else:
        return 0
    return items.aggregate(total=Sum("quantity"))["total"] or 0
