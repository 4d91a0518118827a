from django.core.management import call_command
from django.core.management.base import BaseCommand

from shop.accounts.services import register_customer
from shop.cart.services import add_item, get_open_cart
from shop.catalog.models import Product
from shop.inventory.models import Warehouse
from shop.inventory.services import receive_stock
from shop.orders.services import place_order
from shop.shipping.models import ShippingMethod


class Command(BaseCommand):
    help = "Load the fixtures and place one order per demo customer."

    def add_arguments(self, parser):
        parser.add_argument("--customers", type=int, default=3)

    def handle(self, *args, customers, **options):
        call_command("loaddata", "catalog_base", "pricing_base", "shipping_methods", verbosity=0)
        warehouse, _ = Warehouse.objects.get_or_create(code="MAIN", defaults={"name": "Main"})
        product = Product.objects.active().order_by("pk").first()
        receive_stock(product, warehouse, 10 * customers, note="demo")
        for number in range(1, customers + 1):
            user = register_customer(
                email=f"demo{number}@example.com", password="demo-demo-demo", send_welcome=False
            )
            address = user.addresses.create(
                full_name=f"Demo {number}", line1="1 Demo Street", city="Berlin", postcode="10115"
            )
            cart = get_open_cart(user=user)
            add_item(cart, product)
            order = place_order(
                cart=cart,
                user=user,
                shipping_address=address,
                shipping_method=ShippingMethod.objects.active().first(),
            )
            self.stdout.write(f"placed {order.number} for {user.email}")
