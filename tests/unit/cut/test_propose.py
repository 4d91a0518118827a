from __future__ import annotations

import random

import msgspec
import pytest
from drawing import draw

from decompose.cut.propose import propose
from decompose.errors import ConfigError
from decompose.model.codegraph import CodeGraph
from decompose.model.contexts import ContextMap
from decompose.model.settings import Config, ContextSettings


def application(name: str, *uses: str) -> str:
    """A small Django-like application with a table, a transaction over what it uses, a page, a test and a migration."""
    imports = "".join(f", shop.{other}.services" for other in uses)
    calls = "".join(f"; calls shop.{other}.services.commit" for other in uses)
    return f"""
        shop.{name}.models: app; imports shop.core.tools; table {name}_item
        shop.{name}.services: imports shop.{name}.models, shop.core.tools{imports}; atomic writes {name}_item{calls}
        shop.{name}.views: imports shop.{name}.services, shop.{name}.models, shop.core.pages; route /{name}/
        shop.{name}.tests.test_views [test]: imports shop.{name}.services
        shop.{name}.migrations.first [migration]:
    """


SHOP = (
    "shop: lines 1\nshop.settings [settings]:\nshop.urls: imports shop.orders.views, shop.stock.views, shop.billing.views, shop.people.views\n"
    "shop.core.tools: lines 90\nshop.core.pages: imports shop.core.tools\n"
    + application("orders", "stock", "billing")
    + application("stock")
    + application("billing")
    + application("people")
)


def layered(*names: str) -> str:
    """An application in layers: every domain word has a model, a service, an endpoint and a schema."""
    return "app.main: imports " + ", ".join(f"app.api.{name}" for name in names) + "\n" + "".join(
        f"""
        app.models.{name}: imports app.models.base; table {name}
        app.services.{name}_service: imports app.models.{name}, app.db; def create_{name} writes {name}
        app.api.{name}: imports app.services.{name}_service, app.schemas.{name}; route /v1/{name}/
        app.schemas.{name}: class {name.title()}Out
        """
        for name in names
    ) + "app.models.base: imports app.db\napp.db:\n"


def places(found: ContextMap) -> dict[str, str]:
    return {membership.module: membership.context for membership in found.memberships}


def proposed(text: str = SHOP, config: Config | None = None) -> ContextMap:
    return propose(draw(text), config or Config())


def test_applications_become_contexts() -> None:
    assert [context.name for context in proposed().contexts] == ["billing", "orders", "people", "shared", "stock"]


def test_tests_and_migrations_follow_their_code() -> None:
    place = places(proposed())
    assert place["shop.orders.tests.test_views"] == place["shop.orders.migrations.first"] == "orders"


def test_what_everybody_uses_is_shared() -> None:
    place = places(proposed())
    assert {place[module] for module in ("shop.core.tools", "shop.core.pages", "shop.urls", "shop.settings")} == {"shared"}


def test_every_module_has_a_context() -> None:
    found = proposed()
    assert (found.unassigned, found.scores.coverage) == ((), 1.0)


def test_a_transaction_over_three_contexts_is_counted_as_cut() -> None:
    assert proposed().scores.cut_transactions == 1


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_a_project_in_layers_is_cut_through_the_layers(weight: float) -> None:
    place = places(proposed(layered("order", "user", "product"), Config(weights=(("package", weight),))))
    for name in ("order", "user", "product"):
        assert len({place[f"app.{part}"] for part in (f"models.{name}", f"services.{name}_service", f"api.{name}", f"schemas.{name}")}) == 1


def test_one_file_with_all_models_is_split_by_use() -> None:
    names = ("order", "user", "product")
    text = "app.models: " + "; ".join(f"table {name}" for name in names) + "\n" + "".join(
        f"app.{name}_views: imports app.models, app.{name}_forms; def create_{name} writes {name}; route /{name}/\n"
        f"app.{name}_jobs: imports app.models, app.{name}_views; def clean_{name} writes {name}\napp.{name}_forms: class {name.title()}Form\n"
        for name in names
    )
    found = proposed(text)
    owners = {entry.table: entry.owner for entry in found.ownership}
    place = places(found)
    assert all(owners[name] == place[f"app.{name}_views"] for name in names)
    assert len(set(owners.values())) == 3


def test_a_module_that_nothing_speaks_for_is_unassigned() -> None:
    assert proposed(SHOP + "\nodds.ends:").unassigned == ("odds.ends",)


def test_the_order_of_the_input_does_not_matter() -> None:
    graph = draw(SHOP)
    shuffle = random.Random(5)

    def mixed(name: str) -> tuple[object, ...]:
        values = list(getattr(graph, name))
        shuffle.shuffle(values)
        return tuple(values)

    parts = ("edges", "accesses", "definitions", "tables", "transactions", "routes")
    other: CodeGraph = msgspec.structs.replace(graph, **{name: mixed(name) for name in parts})
    assert propose(other, Config()) == propose(graph, Config())


def test_an_empty_project_has_no_contexts() -> None:
    found = proposed("")
    assert (found.contexts, found.scores.contexts) == ((), 0)
    assert "no context was found" in found.advice and "decompose.toml" in found.advice


def test_a_single_context_is_counted_in_words() -> None:
    found = proposed("a.models: table t; writes t\na.views: imports a.models; writes t")
    assert found.scores.contexts == 1 and "only one context was found" in found.advice


def test_a_weak_cut_is_advised_against() -> None:
    assert proposed("\n".join(f"m{i}: imports m{(i + 1) % 6}, m{(i + 2) % 6}, m{(i + 3) % 6}" for i in range(6))).advice.startswith("Stay")


def test_what_most_contexts_refer_to_is_a_hub() -> None:
    keys = SHOP
    for name in ("orders", "stock", "billing"):
        keys = keys.replace(f"table {name}_item", f"table {name}_item; key owner_id -> people_item CASCADE")
    assert {context.name: context.role for context in proposed(keys).contexts}["people"] == "hub"


# --- what a person decided ---------------------------------------------------------------------


def test_a_pin_is_obeyed() -> None:
    found = proposed(config=Config(contexts=(ContextSettings("stock", modules=("shop.billing.views",)),)))
    membership = next(m for m in found.memberships if m.module == "shop.billing.views")
    assert (membership.context, membership.pinned) == ("stock", True)


def test_a_pin_changes_no_context_it_does_not_touch() -> None:
    before = places(proposed())
    after = places(proposed(config=Config(contexts=(ContextSettings("stock", modules=("shop.billing.views",)),))))
    assert {module for module in before if before[module] != after[module]} <= {m for m in before if before[m] == "billing"}


def test_a_new_context_is_made_from_pins() -> None:
    found = proposed(config=Config(contexts=(ContextSettings("invoicing", modules=("shop.billing.**",), team="@money"),)))
    context = next(context for context in found.contexts if context.name == "invoicing")
    assert (context.team, "shop.billing.models" in context.modules, context.tables) == ("@money", True, ("billing_item",))


def test_a_context_whose_modules_are_all_pinned_elsewhere_is_gone() -> None:
    found = proposed(config=Config(contexts=(ContextSettings("invoicing", modules=("shop.billing.**",)),)))
    assert [context.name for context in found.contexts] == ["invoicing", "orders", "people", "shared", "stock"]


def test_at_most_as_many_contexts_as_asked_for() -> None:
    assert proposed(config=Config(contexts_max=2)).scores.contexts == 2


def test_more_contexts_than_the_evidence_gives_are_refused_in_words() -> None:
    assert "no finer cut" in proposed(config=Config(contexts_min=40)).advice


def test_the_more_specific_pin_wins() -> None:
    settings = (ContextSettings("stock", modules=("shop.billing.**",)), ContextSettings("orders", modules=("shop.billing.models",)))
    assert places(proposed(config=Config(contexts=settings)))["shop.billing.models"] == "orders"


def test_merged_contexts_are_one() -> None:
    found = proposed(config=Config(contexts=(ContextSettings("sales", merge=("orders", "billing")),)))
    assert [context.name for context in found.contexts] == ["people", "sales", "shared", "stock"]


def test_a_merge_mends_the_transactions_between_its_parts() -> None:
    found = proposed(config=Config(contexts=(ContextSettings("sales", merge=("orders", "billing", "stock")),)))
    assert found.scores.cut_transactions == 0


def test_a_renamed_context_keeps_its_modules() -> None:
    found = proposed(config=Config(contexts=(ContextSettings("warehouse", was="stock"),)))
    assert places(found)["shop.stock.models"] == "warehouse"


def test_shared_modules_are_a_persons_word() -> None:
    found = proposed(config=Config(shared_modules=("shop.people.**",)))
    assert places(found)["shop.people.views"] == "shared"


@pytest.mark.parametrize(
    "settings",
    [
        (ContextSettings("sales", merge=("ordres",)),),
        (ContextSettings("sales", was="ordres"),),
        (ContextSettings("sales", modules=("shop.ordres.**",)),),
        (ContextSettings("sales"),),
        (ContextSettings("a", modules=("shop.orders.*",)), ContextSettings("b", modules=("shop.orders.*",))),
    ],
)
def test_a_decision_that_cannot_be_carried_out_is_an_error(settings: tuple[ContextSettings, ...]) -> None:
    with pytest.raises(ConfigError):
        proposed(config=Config(contexts=settings))
