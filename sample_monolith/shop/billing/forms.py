from django import forms


class PayForm(forms.Form):
    token = forms.CharField(max_length=64)


class GiftCardForm(forms.Form):
    code = forms.CharField(max_length=24)
