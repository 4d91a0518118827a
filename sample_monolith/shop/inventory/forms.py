from django import forms

from shop.catalog.models import Product
from shop.inventory.models import Warehouse


class ReceiveForm(forms.Form):
    product = forms.ModelChoiceField(Product.objects.active())
    warehouse = forms.ModelChoiceField(Warehouse.objects.filter(is_active=True))
    quantity = forms.IntegerField(min_value=1)
    note = forms.CharField(max_length=120, required=False)
