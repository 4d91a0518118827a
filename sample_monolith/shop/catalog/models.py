from decimal import Decimal

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models
from django.urls import reverse

from shop.catalog.managers import CategoryQuerySet, ProductManager, ProductQuerySet
from shop.core.constants import ReviewStatus, TaxClass
from shop.core.models import SoftDeleteModel, TimeStampedModel
from shop.core.utils import unique_slug


class Category(TimeStampedModel):
    parent = models.ForeignKey(
        "self", on_delete=models.CASCADE, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=90, unique=True)
    position = models.PositiveIntegerField(default=0)
    is_visible = models.BooleanField(default=True)

    objects = CategoryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "name"]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("catalog:category", args=[self.slug])

    def tree_ids(self) -> list[int]:
        found, level = [self.pk], [self.pk]
        while level:
            level = list(Category.objects.filter(parent_id__in=level).values_list("pk", flat=True))
            found.extend(level)
        return found


class Tag(models.Model):
    name = models.CharField(max_length=40, unique=True)

    def __str__(self):
        return self.name


class Product(SoftDeleteModel, TimeStampedModel):
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    sku = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=140, unique=True, blank=True)
    description = models.TextField(blank=True)
    base_price = models.DecimalField(max_digits=10, decimal_places=2)
    tax_class = models.CharField(max_length=12, choices=TaxClass.choices, default=TaxClass.STANDARD)
    weight_grams = models.PositiveIntegerField(default=500)
    is_active = models.BooleanField(default=True)
    tags = models.ManyToManyField(Tag, related_name="products", blank=True)
    related = models.ManyToManyField("self", blank=True)
    # Written by the reviews app so that lists need no join.
    rating_average = models.DecimalField(max_digits=3, decimal_places=2, default=0)
    rating_count = models.PositiveIntegerField(default=0)
    audit_entries = GenericRelation("core.AuditLog")

    objects = ProductManager()
    all_objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self):
        return f"{self.name} ({self.sku})"

    def save(self, *args, **kwargs):
        if not self.slug:
            self.slug = unique_slug(Product, self.name)
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("catalog:product-detail", args=[self.slug])

    def current_price(self) -> Decimal:
        from shop.pricing.services import price_for

        return price_for(self)

    def available(self) -> int:
        from shop.inventory.services import available_quantity

        return available_quantity(self)

    def published_reviews(self):
        return self.reviews.filter(status=ReviewStatus.PUBLISHED).select_related("author")


class LimitedProduct(Product):
    """A product of which nobody may put more than a few in the cart."""

    per_customer = models.PositiveIntegerField(default=1)
