from django.core.cache import cache
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from shop.catalog.models import Category, Product
from shop.catalog.services import MENU_CACHE_KEY


@receiver([post_save, post_delete], sender=Category)
def forget_menu(sender, **kwargs):
    cache.delete(MENU_CACHE_KEY)


@receiver(post_save, sender=Product)
def open_stock(sender, instance, created, raw=False, **kwargs):
    from shop.inventory.models import StockItem, Warehouse

    if not created or raw:
        return
    warehouse = Warehouse.objects.filter(is_active=True).order_by("pk").first()
    if warehouse:
        StockItem.objects.get_or_create(product=instance, warehouse=warehouse)
