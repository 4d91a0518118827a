from django import forms

from shop.reviews.models import Review


class ReviewForm(forms.ModelForm):
    photo = forms.FileField(required=False)

    class Meta:
        model = Review
        fields = ["rating", "title", "body"]
        widgets = {"rating": forms.NumberInput(attrs={"min": 1, "max": 5})}

    def clean_body(self):
        body = self.cleaned_data["body"].strip()
        if len(body) < 10:
            raise forms.ValidationError("Tell us a little more.")
        return body
