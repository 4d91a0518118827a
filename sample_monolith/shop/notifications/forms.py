from django import forms

from shop.notifications.models import Preference


class PreferenceForm(forms.ModelForm):
    class Meta:
        model = Preference
        fields = ["order_email", "account_email", "marketing_email", "weekly_digest"]
