from django.contrib.auth.mixins import LoginRequiredMixin


class OwnedByUserMixin(LoginRequiredMixin):
    """Limit a class-based view's queryset to the rows of the logged-in user."""

    owner_field = "user"

    def get_queryset(self):
        return super().get_queryset().filter(**{self.owner_field: self.request.user})
