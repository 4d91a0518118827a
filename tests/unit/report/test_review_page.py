"""The review page: its model, its figures, its policy; and edits that come back from it."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from projects import Monolith

from decompose.cut.edited import Edited
from decompose.errors import UsageError
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap
from decompose.model.edits import Accept, Edit, Library, Merge, Move, Own, Pin, Rename, Split, Waive
from decompose.model.lock import PlanLock
from decompose.model.settings import Config
from decompose.planning.signing import accept
from decompose.report.markdown import plan_markdown
from decompose.report.review import page_model, review_page
from decompose.report.text import context_rows
from decompose.resources import templates

NODE = shutil.which("node")
SHOP = """
# shop/customers/models.py
from django.db import models

class Customer(models.Model):
    name = models.CharField(max_length=50)

class Note(models.Model):
    customer = models.OneToOneField(Customer, on_delete=models.CASCADE)

# shop/orders/models.py
from django.db import models
from shop.customers.models import Customer

class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE)
    tags = models.ManyToManyField("orders.Tag")

class Tag(models.Model):
    title = models.CharField(max_length=9)

# shop/orders/services.py
from django.db import transaction
from shop.billing.models import Invoice
from shop.customers.models import Customer
from shop.orders.models import Order, Tag

def place(name):
    with transaction.atomic():
        customer = Customer.objects.create(name=name)
        order = Order.objects.create(customer=customer)
        Invoice.objects.create(order=order)
    return order

def tag(title):
    return Tag.objects.create(title=title)

# shop/billing/models.py
from django.db import models
from shop.orders.models import Order

class Invoice(models.Model):
    order = models.ForeignKey(Order, on_delete=models.PROTECT)

# shop/billing/services.py
from shop.billing.models import Invoice
from shop.orders.models import Tag
from shop.orders.services import tag

def pay(pk):
    Tag.objects.filter(pk=pk).update(title="paid")
    tag("paid")
    return Invoice.objects.filter(pk=pk).delete()

# shop/billing/views.py
from shop.billing import services
from shop.customers.models import Note

def paid(request, pk):
    Note.objects.filter(pk=pk).delete()
    services.pay(pk)
"""


@pytest.fixture(scope="module")
def shop() -> Monolith:
    return Monolith(SHOP)


def walk(graph: CodeGraph, config: Config, context_map: ContextMap, count: int, seed: int) -> Iterator[tuple[Edit, Edited]]:
    """A person who edits at random: each edit that is possible, with the map after it."""
    chance = random.Random(seed)
    done: list[Edit] = []
    modules = sorted(Edited(graph, context_map, config).place)
    while len(done) < count:
        edited = Edited(graph, context_map, config)
        for edit in done:
            edited.apply(edit)
        contexts = [name for name in edited.contexts if name != "shared"]
        module, table, context = chance.choice(modules), chance.choice(graph.tables), chance.choice(contexts)
        edit = chance.choice(
            [
                Move((module,), context), Move((f"{module.rpartition('.')[0] or module}.**",), context), Own(table.id, context), Library((module,)), Pin((module,)),
                Rename(context, f"name-{len(done)}"), Split(edited.place[module] or "none", (module,), f"part-{len(done)}"), Merge(context, chance.choice(contexts)), Move((table.model or module,), context),
            ]
        )  # fmt: skip
        if isinstance(edit, Merge) and (edit.context == edit.to or len(contexts) < 3):
            continue
        try:
            edited.apply(edit)
        except UsageError:
            continue
        done.append(edit)
        yield edit, edited


COUNTED = SHOP + """
# shop/urls.py
from django.contrib import admin
from django.urls import path
from shop.billing import views

urlpatterns = [path("admin/", admin.site.urls), path("paid/<int:pk>/", views.paid)]

# shop/billing/migrations/0001_initial.py
from django.db import migrations

# shop/billing/tests/test_services.py
def test_pay():
    pass
"""


def test_page_and_document_say_how_their_counts_come_to_those_of_the_analysis() -> None:
    counted = Monolith(COUNTED)
    model, graph = page_model(counted.plan(), counted.graph, counted.config), counted.graph
    beside = model["beside"]
    assert beside == {"tests": 2, "migrations": 2, "admin": 1}  # with their packages
    assert len(model["modules"]["id"]) + beside["tests"] + beside["migrations"] == len(graph.modules)
    assert len(model["routes"]) + beside["admin"] == len(graph.routes)
    analysed = {row[0]: row[3] for row in context_rows(graph, counted.map)}
    listed = dict(re.findall(r"^\| `([\w-]+)` \| [\w-]+ \| [^|]* \| (\d+)[^|]* / \d+", plan_markdown(counted.plan()), re.M))
    assert listed and listed.items() <= analysed.items()
    assert sum(len(context.modules) for context in counted.map.contexts) > len(model["modules"]["id"])


@pytest.mark.skipif(NODE is None, reason="the script of the page is run by node, which is not installed")
@pytest.mark.parametrize("seed", range(4))
def test_the_page_scores_as_we_do(shop: Monolith, seed: int, tmp_path: Path) -> None:
    graph, config = shop.graph, shop.config
    context_map = shop.map
    edits, wanted = [], []
    for edit, edited in walk(graph, config, context_map, 25, seed):
        edits.append(msgspec.to_builtins(edit))
        wanted.append([msgspec.to_builtins(edited.scores()), {entry.table: entry.owner for entry in edited.ownership()}, edited.place])
    (tmp_path / "model.js").write_text(templates()["review/model.js"])
    (tmp_path / "case.json").write_text(json.dumps({"model": page_model(shop.plan(), graph, config), "edits": edits}))
    (tmp_path / "run.js").write_text("""
const Model = require("./model.js"), { model, edits } = JSON.parse(require("fs").readFileSync("case.json"));
const m = Model.read(model), name = (s, c) => (c < 0 ? "" : s.names[c]);
let state = m.start;
console.log(JSON.stringify([Model.score(m, state).scores, edits.map((edit) => {
  state = Model.apply(m, state, edit);
  const found = Model.score(m, state);
  return [found.scores, Object.fromEntries(m.tables.id.map((id, t) => [id, name(state, found.owner[t])])), Object.fromEntries(m.ids.map((id, n) => [id, name(state, state.place[n])]))];
})]));
""")
    run = subprocess.run([str(NODE), "run.js"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    first, found = json.loads(run.stdout)
    assert first == pytest.approx(msgspec.to_builtins(context_map.scores), abs=1e-4)
    for edit, (scores, owners, place), (own, own_owners, own_place) in zip(edits, found, wanted, strict=True):
        assert scores == pytest.approx(own, abs=1.01e-4), edit
        assert owners == own_owners and place == own_place, edit


def test_no_edit_no_difference(shop: Monolith) -> None:
    edited = Edited(shop.graph, shop.map, shop.config)
    assert edited.scores() == shop.map.scores
    assert {e.table: e.owner for e in edited.ownership()} == {e.table: e.owner for e in shop.map.ownership}


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (Move(("shop.nowhere",), "orders"), "no module and no top-level definition fits"),
        (Merge("orders", "nothing"), "no context is called 'nothing'"),
        (Rename("orders", "billing"), "there is such a context already"),
        (Split("orders", ("shop.orders.services",), "billing"), "there is such a context already"),
        (Own("nothing", "orders"), "no table is called"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_an_edit_that_does_not_fit_says_why(shop: Monolith, edit: Edit, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Edited(shop.graph, shop.map, shop.config).apply(edit)


def test_accepting_moves_nothing(shop: Monolith) -> None:
    edited = Edited(shop.graph, shop.map, shop.config)
    edited.apply(Accept("FK-001", "replica"))
    edited.apply(Waive("FK-001", "rare"))
    assert edited.scores() == shop.map.scores


# --- the page -----------------------------------------------------------------------------------


def page(monolith: Monolith, token: str = "") -> str:
    return review_page(monolith.plan(), monolith.graph, monolith.config, templates(), token=token)


def test_the_policy_allows_the_script_and_the_style_of_the_page_and_nothing_else(shop: Monolith) -> None:
    text = page(shop)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy and "default-src 'none'" in policy[1] and "connect-src 'none'" in policy[1] and "unsafe" not in policy[1]
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        found = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert found
        digest = base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy[1]
    assert not re.search(r"""(src|href)=["'](https?:)?//""", text) and "connect-src 'self'" in page(shop, "word")


def test_the_page_is_the_same_twice(shop: Monolith) -> None:
    assert page(shop) == page(shop)


def test_names_of_the_target_are_no_markup() -> None:
    hostile = Monolith('# shop/a/models.py\nfrom django.db import models\n\nclass A(models.Model):\n    class Meta:\n        db_table = "</script><script>alert(1)</script>{{model}}"\n')
    text = page(hostile)
    found: dict[str, Any] = json.loads(re.search(r'id="model">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    assert found["tables"]["id"] == ["</script><script>alert(1)</script>{{model}}"] and text.count("<script") == 2


# --- what people said about a plan -----------------------------------------------------------------


def signed(shop: Monolith, lock: PlanLock | None) -> dict[str, list[Any]]:
    return {part[0]: part[3:] for part in page_model(shop.plan(), shop.graph, shop.config, lock)["signed"]}


def test_the_page_tells_who_signed_what(shop: Monolith) -> None:
    lock = accept(shop.plan(), None, ["map", "FK-001"], by="Ann", on="2026-11-27", known=())
    found = signed(shop, lock)
    assert found["map"] == found["FK-001"] == ["signed", "Ann", "2026-11-27", ""]
    assert {state for id, (state, *_) in found.items() if id not in ("map", "FK-001")} <= {"unsigned", "waits"}


def test_the_page_tells_what_is_not_what_was_signed(shop: Monolith) -> None:
    lock = accept(shop.plan(), None, ["FK-001"], by="Ann", on="2026-11-27", known=())
    before = msgspec.structs.replace(lock, accepted=tuple(msgspec.structs.replace(each, hash="another", choice="reference-data") for each in lock.accepted))
    assert signed(shop, before)["FK-001"] == ["drifted", "Ann", "2026-11-27", "reference-data"]


def test_unsigned_is_said_where_there_is_no_lock(shop: Monolith) -> None:
    model = page_model(shop.plan(), shop.graph, shop.config)
    assert not model["lock"] and {part[3] for part in model["signed"]} <= {"unsigned", "waits"}


def test_a_use_that_waits_brings_what_it_can_become(shop: Monolith) -> None:
    plan = shop.plan()
    edges = {edge.id: edge for context in plan.contexts for edge in context.edges if edge.disposition == "decide"}
    waiting = page_model(plan, shop.graph, shop.config)["waiting"]
    assert waiting and {row[0] for row in waiting} == set(edges)
    assert all(set(row[9]) == set(edges[row[0]].alternatives) - {"decide"} for row in waiting)


def test_where_the_source_is_linked_to_is_a_setting(shop: Monolith) -> None:
    link = "https://example.org/team/project/blob/main/{path}#L{line}"
    model = page_model(shop.plan(), shop.graph, msgspec.structs.replace(shop.config, source_link=link))
    assert (model["link"], model["root"]) == (link, "")
