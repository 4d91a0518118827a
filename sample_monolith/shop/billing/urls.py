from django.urls import path, re_path

from shop.billing import views

app_name = "billing"

urlpatterns = [
    path("gift-card/", views.gift_card, name="gift-card"),
    re_path(r"^(?P<number>INV-[A-Z0-9]+)/$", views.InvoiceView.as_view(), name="invoice"),
    path("<str:number>/pay/", views.pay, name="pay"),
]
