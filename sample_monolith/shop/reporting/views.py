from django.contrib.admin.views.decorators import staff_member_required
from django.shortcuts import render

from shop.accounts.services import best_customers
from shop.inventory.models import StockItem
from shop.notifications.models import EmailLog
from shop.reporting.forms import PeriodForm
from shop.reporting.services import badly_rated_products, category_revenue, sales_summary


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
