from __future__ import annotations

from sources import detected, only

from decompose.detect.django import detect
from decompose.model.facts import (
    Access,
    ForeignKey,
    ModelUse,
    Route,
    Setting,
    StringReference,
    Subscription,
    Table,
    Transaction,
    Unresolved,
)

SETTINGS = 'INSTALLED_APPS = ["shop"]\nROOT_URLCONF = "shop.urls"\n'
MODELS = """
    from django.db import models

    class Customer(models.Model):
        name = models.CharField(max_length=9)

    class Order(models.Model):
        customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
        paid = models.BooleanField()
"""


def test_a_project_without_django_gives_nothing() -> None:
    assert detected(detect, "import os\nclass Model: ...\nclass Order(Model): objects = None\nOrder.objects.all()\n") == []


def test_the_same_program_gives_the_same_facts_in_the_same_order() -> None:
    def facts() -> list[object]:
        views = "from shop.models import Order\ndef go():\n    Order.objects.get(pk=1).customer.delete()\n"
        return list(detected(detect, settings=SETTINGS, shop__models=MODELS, shop__views=views))

    assert facts() == facts()


def test_a_class_named_model_that_is_not_djangos_is_no_table() -> None:
    facts = detected(detect, settings=SETTINGS, shop__models="import django\nfrom shop.base import Model\nclass Order(Model): ...\n", shop__base="class Model: ...\n")
    assert only(Table, facts) == []


def test_inheritance_that_goes_in_circles_ends() -> None:
    models = "from django.db import models\nclass A(B): ...\nclass B(A): ...\nclass C(models.Model): ...\n"
    assert [each.id for each in only(Table, detected(detect, settings=SETTINGS, shop__models=models))] == ["shop_c"]


def test_choices_default_and_length_stand_in_the_column() -> None:
    models = """
        from django.db import models
        class Order(models.Model):
            class Status(models.TextChoices):
                OPEN = "o", "Open"
                PAID = "p", "Paid"
            status = models.CharField(max_length=1, choices=Status.choices, default=Status.OPEN)
        """
    (table,) = only(Table, detected(detect, settings=SETTINGS, shop__models=models))
    status = table.columns[1]
    assert (status.choices, status.default, status.max_length, status.line) == (("o", "p"), "Status.OPEN", 1, 7)


def test_every_relation_knows_both_models() -> None:
    (key,) = only(ForeignKey, detected(detect, settings=SETTINGS, shop__models=MODELS))
    assert (key.model, key.target_model, key.at.path, key.at.line) == ("shop.models.Order", "shop.models.Customer", "shop/models.py", 8)


def test_a_computed_table_name_is_shown_as_unresolved() -> None:
    models = "from django.db import models\nPREFIX = f()\nclass Order(models.Model):\n    class Meta:\n        db_table = PREFIX + 'x'\n"
    facts = detected(detect, settings=SETTINGS, shop__models=models)
    assert [each.id for each in only(Table, facts)] == ["shop_order"]
    assert [each.kind for each in only(Unresolved, facts)] == ["table"]


def test_a_use_through_a_variable_begins_where_the_variable_was_bound() -> None:
    views = "from shop.models import Order\ndef go():\n    order = Order.objects.get(pk=1)\n    order.save()\n"
    uses = only(ModelUse, detected(detect, settings=SETTINGS, shop__models=MODELS, shop__views=views))
    last = next(each for each in uses if each.head == "continuation")
    assert (last.head_line, last.shape, last.mode, last.at.line) == (3, "save()", "write", 4)


def test_uses_in_loops_carry_the_line_of_the_loop() -> None:
    views = "from shop.models import Order\ndef go(keys):\n    for key in keys:\n        Order.objects.get(pk=key)\n"
    (use,) = [each for each in only(ModelUse, detected(detect, settings=SETTINGS, shop__models=MODELS, shop__views=views)) if each.shape]
    assert (use.loop, use.keywords) == (3, ("pk",))


def test_a_variable_with_two_possible_values_is_not_certain() -> None:
    views = """
        from shop.models import Customer, Order
        def go(flag):
            held = Order.objects.first()
            if flag:
                held = Customer.objects.first()
            held.delete()
        """
    found = [each for each in only(Access, detected(detect, settings=SETTINGS, shop__models=MODELS, shop__views=views)) if each.mode == "write"]
    assert {each.certain for each in found} == {False}


def test_a_query_set_that_grows_under_a_condition_stays_certain() -> None:
    views = """
        from shop.models import Order
        def go(flag):
            orders = Order.objects.all()
            if flag:
                orders = orders.filter(paid=True)
            orders.delete()
        """
    (written,) = [each for each in only(Access, detected(detect, settings=SETTINGS, shop__models=MODELS, shop__views=views)) if each.mode == "write"]
    assert written.certain


def test_storing_a_relation_does_not_read_it() -> None:
    views = "from shop.models import Order\ndef go(order: Order, who):\n    order.customer = who\n"
    assert only(Access, detected(detect, settings=SETTINGS, shop__models=MODELS, shop__views=views)) == []


def test_a_parameter_takes_its_type_from_all_its_callers() -> None:
    views = """
        from shop.models import Order
        def close(what):
            what.delete()
        def go():
            close(Order.objects.first())
        """
    written = [each for each in only(Access, detected(detect, settings=SETTINGS, shop__models=MODELS, shop__views=views)) if each.mode == "write"]
    assert [(each.definition, each.table, each.certain) for each in written] == [("shop.views.close", "shop_order", True)]


def test_callers_that_disagree_make_a_parameter_uncertain() -> None:
    views = """
        from shop.models import Customer, Order
        def close(what):
            what.delete()
        def go():
            close(Order.objects.first())
            close(Customer.objects.first())
        """
    written = [each for each in only(Access, detected(detect, settings=SETTINGS, shop__models=MODELS, shop__views=views)) if each.mode == "write"]
    assert sorted((each.table, each.certain) for each in written) == [("shop_customer", False), ("shop_order", False)]


def test_functions_that_call_one_another_are_followed_to_an_end() -> None:
    views = """
        from shop.models import Order
        def a(n):
            return b(n) if n else Order.objects.first()
        def b(n):
            return a(n - 1)
        def go():
            a(1).delete()
        """
    assert detected(detect, settings=SETTINGS, shop__models=MODELS, shop__views=views)


def test_url_configurations_that_include_one_another_end() -> None:
    urls = "from django.urls import include, path\nurlpatterns = [path('a/', include('shop.more'))]\n"
    more = "from django.urls import include, path\nurlpatterns = [path('b/', include('shop.urls'))]\n"
    assert only(Route, detected(detect, settings=SETTINGS, shop__urls=urls, shop__more=more)) == []


def test_the_mount_of_a_route_is_the_line_in_the_root_configuration() -> None:
    urls = "from django.urls import include, path\nurlpatterns = [\n    path('o/', include('shop.orders')),\n]\n"
    orders = "from django.urls import path\nfrom shop.views import one\nurlpatterns = [path('<int:pk>/', one)]\n"
    (route,) = only(Route, detected(detect, settings=SETTINGS, shop__urls=urls, shop__orders=orders, shop__views="def one(request, pk): ...\n"))
    assert route.mount is not None
    assert (str(route.mount), str(route.at), route.path, route.handler) == ("shop/urls.py:3", "shop/orders.py:3", "/o/<int:pk>/", "shop.views.one")


def test_nested_routers_repeat_the_parents_argument() -> None:
    urls = """
        from rest_framework_nested import routers
        from shop.api import Orders
        router = routers.SimpleRouter()
        router.register("customers", Orders, basename="customer")
        inner = routers.NestedSimpleRouter(router, "customers", lookup="customer")
        inner.register("orders", Orders, basename="order")
        urlpatterns = inner.urls
        """
    api = "from rest_framework import viewsets\nclass Orders(viewsets.ReadOnlyModelViewSet): ...\n"
    paths = [each.path for each in only(Route, detected(detect, settings=SETTINGS, shop__urls=urls, shop__api=api))]
    assert paths[0] == "/customers/(?P<customer_pk>[^/.]+)/orders/"


def test_on_several_settings_modules_the_entry_points_one_decides() -> None:
    facts = detected(
        detect,
        manage='import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "conf.live")\n',
        conf__base='INSTALLED_APPS = ["shop"]\nROOT_URLCONF = "shop.nothing"\nimport django\n',
        conf__live='from conf.base import *\nROOT_URLCONF = "shop.urls"\n',
        conf__test='from conf.base import *\nROOT_URLCONF = "shop.other"\n',
        shop__urls="from django.urls import path\nfrom shop.views import one\nurlpatterns = [path('live/', one)]\n",
        shop__other="from django.urls import path\nfrom shop.views import one\nurlpatterns = [path('test/', one)]\n",
        shop__views="def one(request): ...\n",
    )
    assert [each.path for each in only(Route, facts)] == ["/live/"]
    assert sorted(each.at.path for each in only(Setting, facts) if each.name == "ROOT_URLCONF") == ["conf/base.py", "conf/live.py", "conf/test.py"]


def test_a_sender_by_setting_is_the_user_model() -> None:
    signals = """
        from django.conf import settings
        from django.db.models.signals import post_save
        from django.dispatch import receiver
        @receiver(post_save, sender=settings.AUTH_USER_MODEL)
        def made(sender, instance, **kwargs): ...
        """
    settings = SETTINGS + 'AUTH_USER_MODEL = "shop.Customer"\n'
    (found,) = only(Subscription, detected(detect, settings=settings, shop__models=MODELS, shop__signals=signals))
    assert (found.sender, found.handler) == ("shop.models.Customer", "shop.signals.made")


def test_transactions_end_where_their_block_ends() -> None:
    views = "from django.db import transaction\ndef go():\n    with transaction.atomic():\n        a()\n        b()\n    c()\n"
    (found,) = only(Transaction, detected(detect, settings=SETTINGS, shop__views=views))
    assert (found.definition, found.at.line, found.end_line) == ("shop.views.go", 3, 5)


def test_patched_names_lead_to_what_they_stand_for() -> None:
    facts = detected(
        detect,
        settings=SETTINGS + "import django\n",
        shop__mail="def send(): ...\n",
        shop__views="from shop.mail import send\n",
        shop__tests="from unittest.mock import patch\n@patch('shop.views.send')\ndef test_it(send): ...\n",
    )
    assert [(each.kind, each.target) for each in only(StringReference, facts) if each.kind == "patch"] == [("patch", "shop.mail.send")]
