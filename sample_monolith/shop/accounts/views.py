from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.generic import CreateView

from shop.accounts.forms import AddressForm, RegistrationForm
from shop.accounts.services import points_value, register_customer, set_default_address
from shop.notifications.models import Notification


def register(request):
    form = RegistrationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = register_customer(**form.cleaned_data)
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


class AddressCreateView(LoginRequiredMixin, CreateView):
    form_class = AddressForm
    template_name = "accounts/address_form.html"
    success_url = reverse_lazy("accounts:dashboard")

    def form_valid(self, form):
        form.instance.user = self.request.user
        response = super().form_valid(form)
        if self.object.is_default:
            set_default_address(self.request.user, self.object)
        return response
