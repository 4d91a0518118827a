from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password

from shop.accounts.models import Address, CustomerProfile


class RegistrationForm(forms.Form):
    email = forms.EmailField()
    first_name = forms.CharField(max_length=150, required=False)
    password = forms.CharField(widget=forms.PasswordInput)
    password_again = forms.CharField(widget=forms.PasswordInput)
    accepts_marketing = forms.BooleanField(required=False)

    def clean_email(self):
        email = self.cleaned_data["email"].lower()
        if get_user_model().objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("There is an account with this address already.")
        return email

    def clean(self):
        data = super().clean()
        if data.get("password") != data.get("password_again"):
            self.add_error("password_again", "The passwords differ.")
        elif data.get("password"):
            validate_password(data["password"])
        return data


class AddressForm(forms.ModelForm):
    class Meta:
        model = Address
        fields = ["full_name", "line1", "line2", "city", "postcode", "country", "is_default"]

    def clean_country(self):
        return self.cleaned_data["country"].upper()


class ProfileForm(forms.ModelForm):
    class Meta:
        model = CustomerProfile
        fields = ["company", "vat_number", "date_of_birth", "favourite_categories"]
