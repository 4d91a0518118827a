from decimal import Decimal

from django.conf import settings
from django.contrib.contenttypes.fields import GenericRelation
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse

from shop.catalog.managers import CategoryQuerySet, ProductManager, ProductQuerySet
from shop.core.constants import ReviewStatus, TaxClass
from shop.core.models import SoftDeleteModel, TimeStampedModel
from shop.core.utils import to_money, unique_slug


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

    def ancestors(self):
        chain, node = [], self.parent
        while node is not None:
            chain.append(node)
            node = node.parent
        return list(reversed(chain))

    def tree_ids(self) -> list[int]:
        found, level = [self.pk], [self.pk]
        while level:
            level = list(Category.objects.filter(parent_id__in=level).values_list("pk", flat=True))
            found.extend(level)
        return found


class Brand(models.Model):
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=90, unique=True)
    website = models.URLField(blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=40, unique=True)

    def __str__(self):
        return self.name


class Product(SoftDeleteModel, TimeStampedModel):
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="products")
    brand = models.ForeignKey(
        Brand, on_delete=models.SET_NULL, null=True, blank=True, related_name="products"
    )
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
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="created_products",
    )
    # Written by the reviews app so that lists need no join.
    rating_average = models.DecimalField(max_digits=3, decimal_places=2, default=0)
    rating_count = models.PositiveIntegerField(default=0)
    audit_entries = GenericRelation("core.AuditLog")

    objects = ProductManager()
    all_objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(base_price__gte=0), name="catalog_price_not_negative"
            )
        ]

    def __str__(self):
        return f"{self.name} ({self.sku})"

    def save(self, *args, **kwargs):
        if not self.slug:
            self.slug = unique_slug(Product, self.name)
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("catalog:product-detail", args=[self.slug])

    @property
    def is_bundle(self):
        return Bundle.objects.filter(pk=self.pk).exists()

    def price_for(self, user=None, quantity=1) -> Decimal:
        from shop.pricing.services import price_for

        return price_for(self, user=user, quantity=quantity)

    def available(self) -> int:
        from shop.inventory.services import available_quantity

        return available_quantity(self)

    def published_reviews(self):
        return self.reviews.filter(status=ReviewStatus.PUBLISHED).select_related("author")


class Bundle(Product):
    """Several products sold as one; a product itself, so that a cart can hold it."""

    discount_percent = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        default=10,
        validators=[MinValueValidator(0), MaxValueValidator(90)],
    )
    components = models.ManyToManyField(
        Product,
        through="BundleComponent",
        through_fields=("bundle", "product"),
        related_name="part_of",
    )

    def component_total(self) -> Decimal:
        rows = self.component_rows.select_related("product")
        return to_money(sum(row.product.base_price * row.quantity for row in rows))


class BundleComponent(models.Model):
    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="component_rows")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="bundle_rows")
    quantity = models.PositiveIntegerField(default=1)

    class Meta:
        unique_together = [("bundle", "product")]

    def __str__(self):
        return f"{self.quantity} x {self.product_id} in {self.bundle_id}"


class ProductImage(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="images")
    file = models.FileField(upload_to="products/")
    alt_text = models.CharField(max_length=120, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self):
        return self.alt_text or self.file.name
