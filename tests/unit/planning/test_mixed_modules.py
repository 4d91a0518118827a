"""Modules that belong to several contexts: planning asks definitions, not files, whose they are."""

from __future__ import annotations

import ast

from projects import Monolith

from decompose.generate import replicas as standins
from decompose.generate.render import make_render
from decompose.model.migration import ContextPlan, Placement
from decompose.model.settings import Config, ContextSettings, EdgeDecision
from decompose.planning.placement import placements
from decompose.report.markdown import plan_markdown
from decompose.resources import templates

FLASK = """
# store/models.py
from enum import Enum

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import relationship

db = SQLAlchemy()

class State(Enum):
    OPEN = "open"
    PAID = "paid"

STATES = [state.value for state in State]

class Product(db.Model):
    __tablename__ = "product"
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(50))

class Invoice(db.Model):
    __tablename__ = "invoice"
    id = db.Column(db.Integer, primary_key=True)
    state = db.Column(db.String(10), default=STATES[0])
    product_id = db.Column(db.Integer, db.ForeignKey("product.id"))

# store/views.py
from flask import Blueprint, jsonify, redirect, render_template
from store.models import Invoice, Product, db

shop = Blueprint("shop", __name__)
LIMIT = 20

def amount(number):
    return max(0, number)

def settle(invoice_id: int) -> int:
    found = Invoice.query.filter_by(id=invoice_id).count()
    db.session.commit()
    return amount(found)

@shop.route("/products")
def products():
    return render_template("products.html", products=Product.query.limit(LIMIT).all())

@shop.route("/pay/<int:number>", methods=["POST"])
def pay(number):
    db.session.add(Invoice(product_id=number))
    db.session.commit()
    return redirect("/paid")

@shop.route("/buy/<int:number>", methods=["POST"])
def buy(number):
    db.session.add(Product(name=str(number)))
    db.session.commit()
    return jsonify(left=settle(number))

# store/tasks.py
from celery import Celery
from store.models import Invoice, Product

worker = Celery("store")

@worker.task
def remind():
    return Invoice.query.filter_by(state="open").count()

@worker.task
def restock():
    return Product.query.count()
"""

BILLING = ("store.models.Invoice", "store.views.pay", "store.views.settle", "store.tasks.remind")


def flask(*decisions: EdgeDecision, billing: tuple[str, ...] = BILLING) -> Monolith:
    contexts = (ContextSettings("catalog", modules=("store.**",)), ContextSettings("billing", modules=billing))
    return Monolith(FLASK, settings=Config(contexts=contexts, decisions=decisions), decisions=decisions)


def going(project: Monolith, context: str) -> dict[str, tuple[str, set[str]]]:
    """The action for each module and the definitions that go, by name; no names for a whole module."""
    found = placements(project.sight, project.cut(context))
    return {each.module: (each.action, {name.rpartition(".")[2] for name in each.definitions}) for each in found}


def plan_of(project: Monolith, context: str) -> ContextPlan:
    return next(each for each in project.plan().contexts if each.name == context)


def placement(project: Monolith, context: str, module: str) -> Placement:
    (found,) = (each for each in placements(project.sight, project.cut(context)) if each.module == module)
    return found


def test_a_model_goes_with_its_context_though_its_module_belongs_to_another() -> None:
    assert going(flask(), "billing")["store.models"] == ("move", {"Invoice", "State"})


def test_the_owner_of_the_module_keeps_the_rest() -> None:
    assert going(flask(), "catalog")["store.models"] == ("move", {"Product"})


def test_a_task_of_a_mixed_module_goes_with_its_context() -> None:
    assert (going(flask(), "billing")["store.tasks"], going(flask(), "catalog")["store.tasks"]) == (("move", {"remind"}), ("move", {"restock"}))


def test_a_function_that_the_rest_of_its_module_calls_goes_with_what_it_needs() -> None:
    assert going(flask(), "billing")["store.views"] == ("move", {"settle", "amount"})


def test_a_module_of_which_nothing_goes_stays() -> None:
    project = flask(billing=("store.models.Invoice", "store.views.pay"))
    assert placement(project, "billing", "store.views").action == "stay"


def test_each_module_is_placed_once() -> None:
    for context in ("billing", "catalog"):
        modules = [each.module for each in placements(flask().sight, flask().cut(context))]
        assert len(modules) == len(set(modules))


def test_the_reason_names_the_other_context() -> None:
    assert placement(flask(), "billing", "store.tasks").reason == "split: 1 of 2 definitions stay in the monolith, 1 of them is code of catalog"


def test_a_call_within_the_module_crosses_the_boundary() -> None:
    (call,) = flask().edges("billing", kind="call", direction="in")
    assert (call.source, call.target, call.disposition) == ("store.views.buy", "store.views.settle", "operation")


def test_a_name_of_the_module_that_both_use_is_no_edge() -> None:
    assert flask().edges("catalog", text="db", source="store.models.Invoice") == []
    assert flask().edges("billing", text="db", direction="in") == []


def test_an_attribute_of_a_model_belongs_to_the_model_not_to_its_module() -> None:
    more = "# store/reports.py\nfrom store.models import Invoice\n\ndef late():\n    return Invoice.query.order_by(Invoice.state).all()\n"
    contexts = (ContextSettings("catalog", modules=("store.**",)), ContextSettings("billing", modules=BILLING))
    assert Monolith(FLASK, more, settings=Config(contexts=contexts)).edges("catalog", source="store.reports.late") == []


def test_a_context_of_definitions_only_is_worth_extracting() -> None:
    plan = plan_of(flask(), "billing")
    assert (plan.rank > 0, [table.id for table in plan.tables], [task.name for task in plan.tasks]) == (True, ["invoice"], ["store.tasks.remind"])


def test_routes_and_tasks_count_for_the_context_of_their_definition() -> None:
    assert any(reason.startswith("2 routes and tasks") for reason in plan_of(flask(), "billing").reasons)


def test_rows_that_a_service_keeps_are_as_fresh_as_their_last_copy_where_nothing_tells_of_changes() -> None:
    reading = FLASK.replace("return amount(found)", "return len(Product.query.filter_by(id=found).first().name)")
    contexts = (ContextSettings("catalog", modules=("store.**",)), ContextSettings("billing", modules=BILLING))
    (read,) = Monolith(reading, settings=Config(contexts=contexts)).edges("billing", kind="orm", disposition="replica")
    assert read.reason.endswith("as fresh as the last copy")


def test_what_a_context_holds_is_counted_by_definitions() -> None:
    held = {context.name: context.description for context in flask().map.contexts}
    assert held == {"billing": "Invoice; 1 route, 1 task", "catalog": "Product; 2 routes, 1 task"}


def test_the_plan_says_how_many_definitions_a_context_has_in_modules_of_others() -> None:
    (row,) = (line for line in plan_markdown(flask().plan()).splitlines() if line.startswith("| `billing` | domain"))
    assert "| 0 / 0 and 4 definitions |" in row


def test_the_plan_shows_who_uses_whom_by_definitions() -> None:
    assert any(line.startswith("| `catalog` | `billing` |") for line in plan_markdown(flask().plan()).splitlines())
    assert not any(line.startswith("| `billing` | `billing` |") for line in plan_markdown(flask().plan()).splitlines())


def test_a_table_that_another_context_owns_takes_its_class_along() -> None:
    contexts = (ContextSettings("catalog", modules=("store.**",)), ContextSettings("billing", owns=("invoice",), modules=("store.tasks.remind",)))
    project = Monolith(FLASK, settings=Config(contexts=contexts))
    assert "Invoice" in going(project, "billing")["store.models"][1]
    assert "Invoice" not in going(project, "catalog")["store.models"][1]


def test_the_key_between_two_models_of_one_module_is_cut() -> None:
    (key,) = flask().edges("billing", kind="foreign-key", direction="out")
    assert (key.target, key.disposition) == ("product", "replica")


DJANGO = """
# shop/settings.py
INSTALLED_APPS = ["shop.store"]

# shop/store/models.py
from django.contrib import admin
from django.db import models

class InvoiceQuerySet(models.QuerySet):
    def open(self):
        return self.filter(paid=False)

class Product(models.Model):
    name = models.CharField(max_length=50)

class Invoice(models.Model):
    product = models.ForeignKey(Product, on_delete=models.CASCADE)
    paid = models.BooleanField(default=False)
    objects = InvoiceQuerySet.as_manager()

admin.site.register(Product)
admin.site.register(Invoice)

# shop/store/services.py
from shop.store.models import Invoice, Product

def charge(product_id: int) -> int:
    return Invoice.objects.create(product_id=product_id).pk

def sell(name: str) -> int:
    product = Product.objects.create(name=name)
    return charge(product.pk)

# shop/store/views.py
from django.http import HttpResponse
from shop.store.services import sell

def page(request):
    return HttpResponse(str(sell("x")))
"""


def django(*decisions: EdgeDecision, files: str = "") -> Monolith:
    contexts = (
        ContextSettings("catalog", modules=("shop.store.**",)),
        ContextSettings("billing", modules=("shop.store.models.Invoice", "shop.store.services.charge")),
    )
    return Monolith(DJANGO, files, settings=Config(contexts=contexts, decisions=decisions), decisions=decisions)


def test_what_serves_only_a_model_of_the_context_follows_it() -> None:
    assert going(django(), "billing")["shop.store.models"] == ("move", {"Invoice", "InvoiceQuerySet"})


def test_what_others_use_as_well_does_not_follow() -> None:
    more = "# shop/store/models.py\n" + DJANGO.split("# shop/store/models.py\n")[1].split("# shop/store/services.py")[0].replace(
        'name = models.CharField(max_length=50)\n', 'name = models.CharField(max_length=50)\n    objects = InvoiceQuerySet.as_manager()\n'
    )
    project = django(files=more)
    assert project.cut("billing").moved & {"shop.store.models.InvoiceQuerySet"} == set()


def test_statements_around_the_definitions_are_no_edges() -> None:
    assert django().edges("billing", source="shop.store.models", direction="in") == []


def test_the_service_has_a_shadow_before_the_class_that_names_it() -> None:
    service = django().service("billing")
    files = {artifact.path: artifact.content.decode() for artifact in standins.generate(service, make_render(templates()))}
    tree = ast.parse(files["services/billing/shop/store/models.py"])
    assert [node.name for node in tree.body if isinstance(node, ast.ClassDef)] == ["InvoiceQuerySet", "Product", "Invoice"]
    assert [alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names].count("models") == 1


def test_the_other_service_has_none_of_it() -> None:
    text = django().service("catalog").sources["shop/store/models.py"].decode()
    assert "Invoice" not in text and "admin.site.register(Product)" in text


def test_the_caller_in_the_same_file_asks_the_boundary() -> None:
    text = django().text("shop/store/services.py", "billing")
    assert "from shop.boundaries import billing\n" in text
    assert "return billing.charge(product.pk)" in text
