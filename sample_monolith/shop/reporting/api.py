from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.core.permissions import IsStaff
from shop.reporting.forms import PeriodForm
from shop.reporting.services import product_report, sales_summary


class ReportView(APIView):
    permission_classes: list[type[BasePermission]] = [IsStaff]

    def period(self):
        form = PeriodForm(self.request.query_params)
        if not form.is_valid():
            raise ValidationError(form.errors)
        return form.period()


class SalesSummaryView(ReportView):
    def get(self, request):
        return Response(sales_summary(*self.period()))


class TopProductsView(ReportView):
    def get(self, request):
        return Response(product_report(*self.period()))
