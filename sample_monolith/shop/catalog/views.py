import io

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.generic import DetailView, ListView

from shop.catalog.forms import ProductFilterForm, ProductImportForm
from shop.catalog.models import Category, Product
from shop.catalog.services import category_menu, import_products, product_page_context


class ProductListView(ListView):
    template_name = "catalog/product_list.html"
    context_object_name = "products"
    paginate_by = 24

    def get_queryset(self):
        self.form = ProductFilterForm(self.request.GET)
        return self.form.apply(Product.objects.for_cards())

    def get_context_data(self, **kwargs):
        return super().get_context_data(form=self.form, menu=category_menu(), **kwargs)


class CategoryView(ProductListView):
    def get_queryset(self):
        self.category = get_object_or_404(Category.objects.visible(), slug=self.kwargs["slug"])
        return super().get_queryset().in_category_tree(self.category)

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            category=self.category, ancestors=self.category.ancestors(), **kwargs
        )


class ProductDetailView(DetailView):
    template_name = "catalog/product_detail.html"

    def get_queryset(self):
        return Product.objects.active().select_related("brand", "category")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context.update(product_page_context(self.object, self.request.user))
        return context


@staff_member_required(login_url="accounts:login")
def product_import(request):
    form = ProductImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        text = io.TextIOWrapper(form.cleaned_data["file"], encoding="utf-8")
        created, updated, errors = import_products(text, actor=request.user)
        messages.info(request, f"{created} created, {updated} updated")
        for error in errors:
            messages.warning(request, error)
        return redirect("catalog:product-list")
    return render(request, "catalog/import.html", {"form": form})
