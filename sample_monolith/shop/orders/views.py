from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST
from django.views.generic import DetailView, FormView, ListView

from shop.cart.services import cart_quote, get_open_cart
from shop.core.exceptions import ShopError
from shop.core.mixins import OwnedByUserMixin
from shop.orders.forms import CheckoutForm
from shop.orders.models import Order
from shop.orders.services import cancel_order, order_timeline, place_order


class CheckoutView(LoginRequiredMixin, FormView):
    form_class = CheckoutForm
    template_name = "orders/checkout.html"

    def dispatch(self, request, *args, **kwargs):
        if request.user.is_authenticated:
            self.cart = get_open_cart(user=request.user)
            if not self.cart.items.exists():
                messages.info(request, "Your cart is empty.")
                return redirect("cart:detail")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"user": self.request.user}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            quote=cart_quote(self.cart, user=self.request.user), **kwargs
        )

    def form_valid(self, form):
        try:
            order = place_order(cart=self.cart, user=self.request.user, **form.cleaned_data)
        except ShopError as error:
            form.add_error(None, error.message)
            return self.form_invalid(form)
        return redirect(order)


class OrderListView(OwnedByUserMixin, ListView):
    model = Order
    template_name = "orders/order_list.html"
    context_object_name = "orders"
    paginate_by = 20

    def get_queryset(self):
        orders = super().get_queryset().with_item_count().with_latest_invoice()
        return orders.order_by("-placed_at", "-pk")


class OrderDetailView(OwnedByUserMixin, DetailView):
    model = Order
    slug_field = "number"
    slug_url_kwarg = "number"
    template_name = "orders/order_detail.html"

    def get_queryset(self):
        return super().get_queryset().for_detail()

    def get_context_data(self, **kwargs):
        return super().get_context_data(timeline=order_timeline(self.object), **kwargs)


@login_required
@require_POST
def cancel(request, number):
    order = get_object_or_404(request.user.orders, number=number)
    try:
        cancel_order(order, actor=request.user, reason="by the customer")
        messages.success(request, "The order was cancelled.")
    except ShopError as error:
        messages.error(request, error.message)
    return redirect(order)
