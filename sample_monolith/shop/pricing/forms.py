from django import forms

from shop.pricing.models import Coupon


class CouponAdminForm(forms.ModelForm):
    class Meta:
        model = Coupon
        fields = [
            "code",
            "kind",
            "value",
            "minimum_total",
            "is_active",
            "starts_at",
            "ends_at",
            "max_uses",
            "per_customer",
        ]

    def clean_code(self):
        return self.cleaned_data["code"].strip().upper()

    def clean(self):
        data = super().clean()
        if data.get("kind") == Coupon.PERCENT and (data.get("value") or 0) > 100:
            self.add_error("value", "A percentage cannot be over 100.")
        return data
