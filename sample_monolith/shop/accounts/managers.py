from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models import Count, DecimalField, Q, Sum, Value
from django.db.models.functions import Coalesce

from shop.core.constants import SOLD_ORDER_STATUSES


class UserQuerySet(models.QuerySet):
    def customers(self):
        return self.filter(is_staff=False, is_active=True)

    def staff(self):
        return self.filter(is_staff=True)

    def with_order_totals(self):
        sold = Q(orders__status__in=SOLD_ORDER_STATUSES)
        return self.annotate(
            order_count=Count("orders", filter=sold),
            spent=Coalesce(
                Sum("orders__grand_total", filter=sold),
                Value(0),
                output_field=DecimalField(max_digits=12, decimal_places=2),
            ),
        )


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):
    def create_customer(self, email, password=None, **extra):
        return self.create_user(username=email, email=email, password=password, **extra)


class StaffManager(UserManager):
    def get_queryset(self):
        return super().get_queryset().filter(is_staff=True)
