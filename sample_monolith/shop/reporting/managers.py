from django.db import models


class DailySalesQuerySet(models.QuerySet):
    def stale(self):
        return self.filter(is_stale=True)

    def between(self, start, end):
        return self.filter(day__gte=start, day__lte=end).order_by("day")

    def mark_stale(self, day):
        return self.filter(day=day).update(is_stale=True)
