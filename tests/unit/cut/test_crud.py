"""Who creates, reads, updates and deletes which rows, and where a cut key is gone through."""

from __future__ import annotations

import pytest
from drawing import draw
from projects import Monolith

from decompose.cut.crud import own_tables
from decompose.cut.propose import propose
from decompose.model.contexts import Crud
from decompose.model.settings import Config, ContextSettings

MODELS = """
# shop/settings.py
INSTALLED_APPS = ["shop.people", "shop.orders"]

# shop/people/models.py
from django.db import models

class Person(models.Model):
    name = models.TextField()

# shop/orders/models.py
from django.db import models
from shop.people.models import Person

class Order(models.Model):
    total = models.IntegerField()
    person = models.ForeignKey(Person, models.CASCADE, related_name="orders")

# shop/people/views.py
from shop.people.models import Person

def people(request):
    return Person.objects.all()

# shop/orders/views.py
from django.db import connection
from shop.orders.models import Order

def page(order: Order, pk):
"""


def project(*body: str) -> Monolith:
    return Monolith(MODELS + "".join(f"    {line}\n" for line in body))


def cell(*body: str) -> Crud:
    return next(c for c in project(*body).map.crud if (c.context, c.table) == ("orders", "orders_order"))


@pytest.mark.parametrize(
    ("body", "verb"),
    [
        (["Order.objects.create(total=1)"], "create"),
        (["Order.objects.bulk_create([])"], "create"),
        (["Order.objects.get_or_create(total=1)"], "create"),
        (["new = Order(total=1)", "new.save()"], "create"),
        (["found = Order.objects.get(pk=pk)", "found.total = 2", "found.save()"], "update"),
        (["Order.objects.filter(pk=pk).update(total=2)"], "update"),
        (["Order.objects.filter(pk=pk).delete()"], "delete"),
        (["order.delete()"], "delete"),
        (["order.save()"], "write"),
        (["Order.objects.update_or_create(pk=pk)"], "write"),
        (['connection.cursor().execute("INSERT INTO orders_order (total) VALUES (1)")'], "create"),
        (['connection.cursor().execute("UPDATE orders_order SET total = 1")'], "update"),
        (['connection.cursor().execute("DELETE FROM orders_order")'], "delete"),
        (['connection.cursor().execute("INSERT INTO orders_order (total) VALUES (1) ON CONFLICT DO UPDATE SET total = 1")'], "write"),
    ],
)
def test_what_a_place_does_to_a_table(body: list[str], verb: str) -> None:
    found = cell(*body)
    assert {name: getattr(found, name) for name in ("create", "update", "delete", "write")} == {
        name: int(name == verb) for name in ("create", "update", "delete", "write")
    }


@pytest.mark.parametrize(
    ("line", "how"),
    [
        ('Order.objects.filter(person__name="x").count()', "lookup"),
        ('Order.objects.select_related("person").get(pk=pk)', "preload"),
        ("order.person.name", "traversal"),
        ('connection.cursor().execute("SELECT 1 FROM orders_order o JOIN people_person p ON p.id = o.person_id")', "join"),
    ],
)
def test_where_a_cut_key_is_gone_through(line: str, how: str) -> None:
    (key,) = [key for key in project(line).map.foreign_keys if key.cut]
    assert [(site.how, site.at.path, site.context) for site in key.joins] == [(how, "shop/orders/views.py", "orders")]


@pytest.mark.parametrize("line", ["order.person_id", "order.total", "Order.objects.filter(person=pk).exists()", "Order.objects.filter(person__id=pk).exists()"])
def test_a_key_alone_is_no_join(line: str) -> None:
    (key,) = [key for key in project(line).map.foreign_keys if key.cut]
    assert key.joins == ()


def test_the_other_side_goes_through_the_key_by_its_accessor() -> None:
    text = MODELS + "    pass\n\n# shop/people/services.py\nfrom shop.people.models import Person\n\ndef last(person: Person):\n    return person.orders.last()\n"
    (key,) = [key for key in Monolith(text).map.foreign_keys if key.cut]
    assert [(site.how, site.at.path, site.context) for site in key.joins] == [("accessor", "shop/people/services.py", "people")]


def test_own_data_and_exclusivity_are_shares_of_accesses() -> None:
    matrix = [Crud("a", "t", read=3, update=1), Crud("a", "u", read=4), Crud("b", "t", write=4), Crud("b", "u", create=1)]
    own_data, exclusivity = own_tables(matrix, {"t": "a", "u": "b"})
    assert own_data == {"a": 0.5, "b": 0.2}
    assert exclusivity == {"a": 0.5, "b": 0.2}


def test_tests_do_not_count() -> None:
    text = "shop.orders.models: table orders_item\nshop.orders.tests [test]: writes orders_item; imports shop.orders.models\n"
    assert propose(draw(text), Config(contexts=(ContextSettings("orders", modules=("shop.orders.**",)),))).crud == ()


FLASK = """
# shop/people/models.py
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()

class Person(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String)

# shop/orders/models.py
from shop.people.models import Person, db

class Order(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    person_id = db.Column(db.ForeignKey("person.id"))
    person = db.relationship(Person)

# shop/orders/views.py
from shop.orders.models import Order

def page(order: Order):
    LINE
"""


@pytest.mark.parametrize(("line", "found"), [("return order.person.name", ["traversal"]), ("return order.person_id", [])])
def test_a_relationship_is_known_by_its_column(line: str, found: list[str]) -> None:
    (key,) = [key for key in Monolith(FLASK.replace("LINE", line)).map.foreign_keys if key.cut]
    assert [site.how for site in key.joins] == found


@pytest.mark.parametrize(("tables", "found"), [(1, ["join"]), (6, [])])
def test_code_for_any_table_goes_through_no_key_in_particular(tables: int, found: list[str]) -> None:
    others = ", ".join(f"orders_t{n}" for n in range(tables))
    text = f"""
        shop.people.models: table people_person
        shop.orders.models: table orders_order; key person_id -> people_person
        shop.orders.views: reads orders_order, people_person, {others}
    """
    pins = tuple(ContextSettings(name, modules=(f"shop.{name}.**",)) for name in ("people", "orders"))
    (key,) = propose(draw(text), Config(contexts=pins)).foreign_keys
    assert [site.how for site in key.joins] == found
