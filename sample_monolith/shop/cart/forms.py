from django import forms

from shop.core.constants import MAX_LINE_QUANTITY


class AddToCartForm(forms.Form):
    quantity = forms.IntegerField(min_value=1, max_value=MAX_LINE_QUANTITY, initial=1)


class CouponForm(forms.Form):
    code = forms.CharField(max_length=24)
