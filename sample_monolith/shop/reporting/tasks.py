from datetime import date, timedelta

from celery import shared_task
from django.utils import timezone

from shop.reporting.models import DailySales
from shop.reporting.services import build_day


@shared_task
def build_daily_sales():
    build_day(timezone.localdate() - timedelta(days=1))
    days = list(DailySales.objects.stale().values_list("day", flat=True))
    for day in days:
        build_day(day)
    return len(days) + 1


@shared_task
def refresh_day(day):
    return str(build_day(date.fromisoformat(day)).revenue)
