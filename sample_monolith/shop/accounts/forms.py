from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password

from shop.accounts.models import Address


class RegistrationForm(forms.Form):
    email = forms.EmailField()
    first_name = forms.CharField(max_length=150, required=False)
    password = forms.CharField(widget=forms.PasswordInput, validators=[validate_password])
    accepts_marketing = forms.BooleanField(required=False)

    def clean_email(self):
        email = self.cleaned_data["email"].lower()
        if get_user_model().objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("There is an account with this address already.")
        return email


class AddressForm(forms.ModelForm):
    class Meta:
        model = Address
        fields = ["full_name", "line1", "line2", "city", "postcode", "country", "is_default"]

    def clean_country(self):
        return self.cleaned_data["country"].upper()
