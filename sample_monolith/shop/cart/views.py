from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from shop.cart.forms import AddToCartForm, CouponForm
from shop.cart.services import add_item, apply_coupon, cart_for_request, cart_quote, set_quantity
from shop.catalog.models import Product
from shop.core.exceptions import ShopError


def detail(request):
    cart = cart_for_request(request, create=False)
    context = {"cart": cart, "coupon_form": CouponForm()}
    if cart is not None:
        try:
            context["quote"] = cart_quote(cart, user=request.user)
        except ShopError as error:
            messages.warning(request, error.message)
            cart.coupon = None
            cart.save(update_fields=["coupon"])
            context["quote"] = cart_quote(cart, user=request.user)
        context["items"] = cart.items.select_related("product", "cart__user")
    return render(request, "cart/detail.html", context)


@require_POST
def add(request, product_id):
    product = get_object_or_404(Product.objects.active(), pk=product_id)
    form = AddToCartForm(request.POST)
    if not form.is_valid():
        messages.error(request, "That is not a quantity.")
        return redirect(product.get_absolute_url())
    try:
        cart = cart_for_request(request)
        if not request.user.is_authenticated:
            request.session["guest_key"] = request.session.session_key
        add_item(cart, product, form.cleaned_data["quantity"])
    except ShopError as error:
        messages.error(request, error.message)
        return redirect(product.get_absolute_url())
    return redirect("cart:detail")


@require_POST
def update(request, product_id):
    try:
        quantity = int(request.POST.get("quantity", "0"))
        set_quantity(cart_for_request(request), product_id, quantity)
    except ValueError:
        messages.error(request, "That is not a quantity.")
    except ShopError as error:
        messages.error(request, error.message)
    return redirect("cart:detail")


@require_POST
def coupon(request):
    form = CouponForm(request.POST)
    if form.is_valid():
        try:
            apply_coupon(cart_for_request(request), form.cleaned_data["code"], request.user)
            messages.success(request, "Coupon applied.")
        except ShopError as error:
            messages.error(request, error.message)
    return redirect("cart:detail")
