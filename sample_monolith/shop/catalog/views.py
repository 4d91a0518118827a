from django.shortcuts import get_object_or_404
from django.views.generic import DetailView, ListView

from shop.catalog.models import Category, Product
from shop.catalog.services import category_menu, product_page_context


class ProductListView(ListView):
    template_name = "catalog/product_list.html"
    context_object_name = "products"
    paginate_by = 24

    def get_queryset(self):
        products = Product.objects.for_cards()
        if term := self.request.GET.get("q"):
            products = products.search(term)
        if self.request.GET.get("in_stock"):
            products = products.with_stock().filter(stock_free__gt=0).order_by("name", "pk")
        return products

    def get_context_data(self, **kwargs):
        return super().get_context_data(menu=category_menu(), **kwargs)


class CategoryView(ProductListView):
    def get_queryset(self):
        category = get_object_or_404(Category.objects.visible(), slug=self.kwargs["slug"])
        return super().get_queryset().in_category_tree(category)


class ProductDetailView(DetailView):
    template_name = "catalog/product_detail.html"

    def get_queryset(self):
        return Product.objects.active().select_related("category")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context.update(product_page_context(self.object, self.request.user))
        return context
