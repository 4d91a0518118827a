from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from shop.notifications.services import digest_for
from shop.notifications.tasks import send_digests


class Command(BaseCommand):
    help = "Send the digest to all who want it, or print that of one customer."

    def add_arguments(self, parser):
        parser.add_argument("--print", dest="email")

    def handle(self, *args, email, **options):
        if not email:
            self.stdout.write(f"{send_digests()} digests sent")
            return
        user = get_user_model().objects.filter(email=email).first()
        if user is None:
            raise CommandError(f"No customer {email}")
        self.stdout.write(digest_for(user) or "nothing to tell")
