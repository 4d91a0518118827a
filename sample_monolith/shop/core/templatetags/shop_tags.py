from django import template
from django.conf import settings
from django.utils.html import format_html

from shop.core.utils import to_money

register = template.Library()


@register.filter
def money(value):
    if value in (None, ""):
        return ""
    return f"{to_money(value)} {settings.SHOP_CURRENCY}"


@register.filter
def stars(value):
    full = round(float(value or 0))
    return "★" * full + "☆" * (5 - full)


@register.simple_tag
def status_badge(obj):
    return format_html(
        '<span class="badge badge-{}">{}</span>', obj.status, obj.get_status_display()
    )


@register.simple_tag
def unread_badge(count):
    if not count:
        return ""
    return format_html('<b class="unread">{}</b>', count)
