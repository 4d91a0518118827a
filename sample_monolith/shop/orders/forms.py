from django import forms

from shop.accounts.models import Address
from shop.shipping.models import ShippingMethod


class CheckoutForm(forms.Form):
    shipping_address = forms.ModelChoiceField(Address.objects.none())
    billing_address = forms.ModelChoiceField(Address.objects.none(), required=False)
    shipping_method = forms.ModelChoiceField(ShippingMethod.objects.active())
    points = forms.IntegerField(min_value=0, required=False)
    payment_token = forms.CharField(max_length=64, required=False)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        addresses = Address.objects.filter(user=user)
        self.fields["shipping_address"].queryset = addresses
        self.fields["billing_address"].queryset = addresses
        self.fields["shipping_address"].initial = user.default_address()

    def clean_points(self):
        points = self.cleaned_data["points"] or 0
        if points > self.user.loyalty_points:
            raise forms.ValidationError("You do not have that many points.")
        return points
