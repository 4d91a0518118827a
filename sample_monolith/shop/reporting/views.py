from django.contrib.admin.views.decorators import staff_member_required
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.generic import CreateView, ListView

from shop.accounts.services import best_customers
from shop.core.mixins import StaffRequiredMixin
from shop.inventory.models import StockItem
from shop.notifications.models import EmailLog
from shop.reporting.forms import PeriodForm, SavedReportForm
from shop.reporting.models import SavedReport
from shop.reporting.services import (
    badly_rated_products,
    category_revenue,
    product_report,
    sales_summary,
    write_csv,
)


@staff_member_required(login_url="accounts:login")
def dashboard(request):
    start, end = PeriodForm(request.GET).period()
    return render(
        request,
        "reporting/dashboard.html",
        {
            "start": start,
            "end": end,
            "summary": sales_summary(start, end),
            "categories": category_revenue(start, end),
            "customers": best_customers(5),
            "low_stock": StockItem.objects.low().select_related("product")[:10],
            "bad_ratings": badly_rated_products(),
            "failed_mail": EmailLog.objects.filter(status=EmailLog.FAILED).count(),
        },
    )


@staff_member_required(login_url="accounts:login")
def products_csv(request):
    start, end = PeriodForm(request.GET).period()
    response = HttpResponse(content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="products-{start}-{end}.csv"'
    write_csv(product_report(start, end, limit=1000), response)
    return response


class SavedReportListView(StaffRequiredMixin, ListView):
    template_name = "reporting/saved.html"
    context_object_name = "reports"

    def get_queryset(self):
        mine = Q(owner=self.request.user) | Q(shared_with=self.request.user.pk)
        return SavedReport.objects.filter(mine).select_related("owner").distinct().order_by("name")


class SavedReportCreateView(StaffRequiredMixin, CreateView):
    form_class = SavedReportForm
    template_name = "reporting/saved_form.html"
    success_url = reverse_lazy("reporting:saved")

    def form_valid(self, form):
        form.instance.owner = self.request.user
        return super().form_valid(form)
