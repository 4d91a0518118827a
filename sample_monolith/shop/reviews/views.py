from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST
from django.views.generic import FormView, ListView

from shop.catalog.models import Product
from shop.core.exceptions import ShopError
from shop.reviews.forms import ReviewForm
from shop.reviews.models import Review
from shop.reviews.services import rating_summary, submit_review, vote


class ProductReviewsView(ListView):
    template_name = "reviews/product.html"
    context_object_name = "reviews"
    paginate_by = 10

    def get_queryset(self):
        self.product = get_object_or_404(Product.objects.active(), slug=self.kwargs["slug"])
        return Review.objects.for_page().filter(product=self.product)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            product=self.product, summary=rating_summary(self.product.pk), **kwargs
        )


class WriteReviewView(LoginRequiredMixin, FormView):
    form_class = ReviewForm
    template_name = "reviews/write.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(product=self.get_product(), **kwargs)

    def get_product(self):
        return get_object_or_404(Product.objects.active(), slug=self.kwargs["slug"])

    def form_valid(self, form):
        data = form.cleaned_data
        photo = data.pop("photo", None)
        try:
            submit_review(
                self.request.user, self.get_product(), photos=[photo] if photo else [], **data
            )
        except ShopError as error:
            form.add_error(None, error.message)
            return self.form_invalid(form)
        messages.success(self.request, "Thank you for your review.")
        return redirect("reviews:product", self.kwargs["slug"])


@login_required
@require_POST
def vote_view(request, pk):
    review = get_object_or_404(Review.objects.published().select_related("product"), pk=pk)
    try:
        vote(request.user, review, request.POST.get("helpful") != "no")
    except ShopError as error:
        messages.error(request, error.message)
    return redirect(review)
