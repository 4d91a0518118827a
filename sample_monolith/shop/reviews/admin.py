from django.contrib import admin

from shop.reviews.models import Review, ReviewPhoto
from shop.reviews.services import publish_review, reject_review


class PhotoInline(admin.TabularInline):
    model = ReviewPhoto
    extra = 0


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):
    list_display = ["product", "author", "rating", "status", "verified_purchase", "created_at"]
    list_filter = ["status", "rating"]
    list_select_related = ["product", "author"]
    search_fields = ["product__name", "author__email", "body"]
    autocomplete_fields = ["product", "author"]
    inlines = [PhotoInline]
    actions = ["publish", "reject"]

    @admin.action(description="Publish")
    def publish(self, request, queryset):
        for review in queryset:
            publish_review(review, moderator=request.user)

    @admin.action(description="Reject")
    def reject(self, request, queryset):
        for review in queryset:
            reject_review(review, "not in line with our rules", moderator=request.user)
