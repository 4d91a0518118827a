from django.urls import path, re_path

from shop.billing import views

app_name = "billing"

urlpatterns = [
    re_path(r"^(?P<number>INV-[A-Z0-9]+)/$", views.InvoiceView.as_view(), name="invoice"),
    path("<str:number>/pay/", views.pay, name="pay"),
]
