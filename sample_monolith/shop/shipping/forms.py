from django import forms
from django.conf import settings

from shop.shipping.models import ShippingMethod


class ShippingMethodAdminForm(forms.ModelForm):
    class Meta:
        model = ShippingMethod
        fields = "__all__"

    def clean_carrier(self):
        carrier = self.cleaned_data["carrier"]
        if carrier not in settings.SHIPPING_CARRIERS:
            raise forms.ValidationError(f"Choose one of {', '.join(settings.SHIPPING_CARRIERS)}")
        return carrier
