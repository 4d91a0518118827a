from datetime import timedelta

from django import forms
from django.utils import timezone


class PeriodForm(forms.Form):
    start = forms.DateField(required=False)
    end = forms.DateField(required=False)

    def period(self):
        data = self.cleaned_data if self.is_valid() else {}
        end = data.get("end") or timezone.localdate()
        start = data.get("start") or end - timedelta(days=6)
        return (end, end) if start > end else (start, end)
