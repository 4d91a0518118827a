from django import template

from shop.reviews.services import rating_summary

register = template.Library()


@register.inclusion_tag("reviews/_rating_box.html")
def rating_box(product):
    return {"product": product, "summary": rating_summary(product.pk)}
