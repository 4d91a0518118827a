from django import forms

from shop.catalog.models import Brand, Product

SORT_FIELDS = {
    "name": "name",
    "price": "base_price",
    "-price": "-base_price",
    "rating": "-rating_average",
    "newest": "-created_at",
}


class ProductFilterForm(forms.Form):
    q = forms.CharField(required=False)
    brand = forms.ModelChoiceField(Brand.objects.all(), required=False, to_field_name="slug")
    min_price = forms.DecimalField(required=False, min_value=0)
    max_price = forms.DecimalField(required=False, min_value=0)
    in_stock = forms.BooleanField(required=False)
    sort = forms.ChoiceField(choices=[(key, key) for key in SORT_FIELDS], required=False)

    def apply(self, products):
        if not self.is_valid():
            return products
        data = self.cleaned_data
        if data["q"]:
            products = products.search(data["q"])
        if data["brand"]:
            products = products.filter(brand=data["brand"])
        if data["min_price"] is not None:
            products = products.filter(base_price__gte=data["min_price"])
        if data["max_price"] is not None:
            products = products.filter(base_price__lte=data["max_price"])
        if data["in_stock"]:
            products = products.with_stock().filter(stock_free__gt=0)
        return products.order_by(SORT_FIELDS.get(data["sort"] or "name"), "pk")


class ProductImportForm(forms.Form):
    file = forms.FileField()


class ProductAdminForm(forms.ModelForm):
    class Meta:
        model = Product
        fields = "__all__"

    def clean_sku(self):
        return self.cleaned_data["sku"].upper()
