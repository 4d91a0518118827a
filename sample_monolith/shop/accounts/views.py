from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from shop.accounts.forms import AddressForm, ProfileForm, RegistrationForm
from shop.accounts.models import Address, CustomerProfile
from shop.accounts.services import points_value, register_customer, set_default_address
from shop.catalog.models import Product
from shop.core.mixins import OwnedByUserMixin
from shop.notifications.models import Notification


def register(request):
    form = RegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        user = register_customer(
            email=data["email"],
            password=data["password"],
            first_name=data["first_name"],
            accepts_marketing=data["accepts_marketing"],
        )
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        messages.success(request, "Welcome!")
        return redirect("accounts:dashboard")
    return render(request, "accounts/register.html", {"form": form})


@login_required
def dashboard(request):
    user = request.user
    unread = Notification.objects.filter(recipient=user, read_at__isnull=True)
    return render(
        request,
        "accounts/dashboard.html",
        {
            "orders": user.recent_orders(),
            "unread": unread.order_by("-created_at")[:5],
            "unread_total": unread.count(),
            "points_value": points_value(user.loyalty_points),
            "balance": user.outstanding_balance(),
            "reviews": user.reviews.select_related("product")[:3],
        },
    )


class AddressListView(OwnedByUserMixin, ListView):
    model = Address
    template_name = "accounts/address_list.html"
    context_object_name = "addresses"


class AddressCreateView(LoginRequiredMixin, CreateView):
    model = Address
    form_class = AddressForm
    template_name = "accounts/address_form.html"
    success_url = reverse_lazy("accounts:address-list")

    def form_valid(self, form):
        form.instance.user = self.request.user
        response = super().form_valid(form)
        if self.object.is_default:
            set_default_address(self.request.user, self.object)
        return response


class AddressUpdateView(OwnedByUserMixin, UpdateView):
    model = Address
    form_class = AddressForm
    template_name = "accounts/address_form.html"
    success_url = reverse_lazy("accounts:address-list")


class ProfileView(LoginRequiredMixin, UpdateView):
    model = CustomerProfile
    form_class = ProfileForm
    template_name = "accounts/profile.html"
    success_url = reverse_lazy("accounts:dashboard")

    def get_object(self, queryset=None):
        return self.request.user.profile


@login_required
def wishlist(request):
    products = request.user.wishlist.select_related("brand").with_stock()
    return render(request, "accounts/wishlist.html", {"products": products})


@login_required
@require_POST
def toggle_wishlist(request, product_id):
    product = get_object_or_404(Product, pk=product_id)
    if request.user.wishlist.filter(pk=product.pk).exists():
        request.user.wishlist.remove(product)
    else:
        request.user.wishlist.add(product)
    return redirect(product.get_absolute_url())
