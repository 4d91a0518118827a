from django.core.management.base import BaseCommand

from shop.reviews.models import Review
from shop.reviews.services import objection_to, publish_review, reject_review


class Command(BaseCommand):
    help = "Go through the pending reviews."

    def add_arguments(self, parser):
        parser.add_argument("--reject", action="store_true", help="Reject what the filter catches.")

    def handle(self, *args, reject, **options):
        published = rejected = 0
        for review in Review.objects.pending().select_related("author", "product"):
            objection = objection_to(review)
            if not objection:
                publish_review(review)
                published += 1
            elif reject:
                reject_review(review, objection)
                rejected += 1
        self.stdout.write(f"{published} published, {rejected} rejected")
