from django import forms
from django.conf import settings

from shop.accounts.models import Address
from shop.shipping.models import ShippingMethod


class CheckoutForm(forms.Form):
    shipping_address = forms.ModelChoiceField(Address.objects.none())
    billing_address = forms.ModelChoiceField(Address.objects.none(), required=False)
    shipping_method = forms.ModelChoiceField(ShippingMethod.objects.active())
    points = forms.IntegerField(min_value=0, required=False)
    use_store_credit = forms.BooleanField(required=False)
    payment_token = forms.CharField(max_length=64, required=False)
    note = forms.CharField(widget=forms.Textarea, required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        addresses = Address.objects.filter(user=user)
        self.fields["shipping_address"].queryset = addresses
        self.fields["billing_address"].queryset = addresses
        self.fields["shipping_address"].initial = user.default_address()
        self.fields["points"].help_text = f"Each is worth {settings.LOYALTY_POINT_VALUE}"

    def clean_points(self):
        points = self.cleaned_data["points"] or 0
        if points > self.user.loyalty_points:
            raise forms.ValidationError("You do not have that many points.")
        return points


class ReturnForm(forms.Form):
    reason = forms.CharField(widget=forms.Textarea)

    def __init__(self, *args, order, **kwargs):
        super().__init__(*args, **kwargs)
        self.order = order
        for item in order.items.all():
            self.fields[f"item_{item.pk}"] = forms.IntegerField(
                label=item.name, min_value=0, max_value=item.quantity, required=False
            )

    def quantities(self):
        return {
            item.pk: self.cleaned_data.get(f"item_{item.pk}") or 0
            for item in self.order.items.all()
        }
