from __future__ import annotations

import msgspec
from drawing import draw

from decompose.cut.ownership import foreign_keys, ownership
from decompose.cut.transactions import units_of_work
from decompose.model.contexts import Ownership
from decompose.model.facts import ForeignKey
from decompose.model.location import Location
from decompose.model.settings import Config, ContextSettings


def owned(text: str, roles: dict[str, str] | None = None, config: Config | None = None) -> dict[str, Ownership]:
    """Ownership where every module's first part is its context."""
    graph = draw(text)
    place = {module.id: module.id.partition(".")[0] for module in graph.modules}
    home = {table.id: table.model.partition(".")[0] for table in graph.tables}
    names = dict.fromkeys(place.values(), "domain") | (roles or {})
    return {entry.table: entry for entry in ownership(graph, place, home, names, units_of_work(graph), config or Config())}


def test_a_table_that_others_only_read_stays_where_it_is_declared() -> None:
    found = owned("orders.models: table order\nreports.views: reads order; reads order; reads order")
    assert (found["order"].owner, found["order"].contested) == ("orders", False)


def test_two_writing_contexts_contest_a_table() -> None:
    found = owned("orders.models: table order; writes order\nbilling.views: writes order")
    assert (found["order"].owner, found["order"].contested) == ("orders", True)


def test_every_writers_places_are_listed() -> None:
    found = owned("orders.models: table order; writes order\nbilling.views: writes order; writes order")
    assert [(name, len(places)) for name, places in found["order"].writers] == [("billing", 2), ("orders", 1)]


def test_a_context_that_writes_far_more_takes_the_table() -> None:
    found = owned("models.all: table order\nbilling.views: " + "writes order; " * 4)
    assert found["order"].owner == "billing"


def test_a_write_in_a_transaction_counts_twice() -> None:
    found = owned("models.all: table order\nbilling.views: atomic writes order; writes order")
    assert found["order"].owner == "billing"


def test_shared_code_does_not_contest() -> None:
    found = owned("orders.models: table order; writes order\ncore.seed: writes order", roles={"core": "shared"})
    assert found["order"].contested is False


def test_a_table_declared_in_shared_code_belongs_to_its_writer() -> None:
    found = owned("core.models: table audit\norders.views: writes audit", roles={"core": "shared"})
    assert found["audit"].owner == "orders"


def test_tests_claim_nothing() -> None:
    found = owned("orders.models: table order; writes order\nbilling.tests [test]: writes order; writes order; writes order")
    assert (found["order"].owner, found["order"].contested) == ("orders", False)


def test_a_person_decides_the_owner() -> None:
    config = Config(contexts=(ContextSettings("billing", owns=("ord*",)),))
    assert owned("orders.models: table order; writes order", config=config)["order"].owner == "billing"


def test_a_reference_table_is_not_contested() -> None:
    found = owned("geo.models: table country; writes country\nbilling.views: writes country", config=Config(reference_tables=("country",)))
    assert (found["country"].contested, found["country"].reason.startswith("reference table")) == (False, True)


def test_foreign_keys_are_numbered_by_table_and_column() -> None:
    graph = draw("b: table t; key z_id -> u; key a_id -> u\na: table u")
    found = foreign_keys(graph, {"t": "left", "u": "right"})
    assert [(key.id, key.src, key.cut) for key in found] == [("FK-001", "t.a_id", True), ("FK-002", "t.z_id", True)]


def test_a_key_to_a_table_without_owner_is_not_cut() -> None:
    (key,) = foreign_keys(draw("a: table t; key user_id -> auth_user"), {"t": "left"})
    assert key.cut is False


def test_a_key_to_a_table_that_every_service_has_is_not_cut() -> None:
    (key,) = foreign_keys(draw("a: table t; key type_id -> kind"), {"t": "left", "kind": "shared"}, {"shared"})
    assert key.cut is False


def test_a_relation_through_a_model_counts_as_the_keys_of_that_model() -> None:
    graph = draw("a: table post; table tag; table mark; key post_id -> post; key tag_id -> tag")
    through = ForeignKey("post", "tags", "tags", "tag", "many-to-many", Location("a.py", 1), through="mark")
    joined = ForeignKey("post", "words", "words", "tag", "many-to-many", Location("a.py", 2), through="post_words")
    found = foreign_keys(msgspec.structs.replace(graph, foreign_keys=(*graph.foreign_keys, through, joined)), {})
    assert [key.src for key in found] == ["mark.post_id", "mark.tag_id", "post.words"]


def test_an_uncertain_use_claims_half() -> None:
    text = "orders.models: table order; writes order\nbilling.views: " + "; ".join(["writes order"] * 9)
    graph = draw(text)
    place = {module.id: module.id.partition(".")[0] for module in graph.modules}

    def owner(certain: bool) -> str:
        accesses = tuple(
            msgspec.structs.replace(access, certain=certain) if access.definition.startswith("billing") else access for access in graph.accesses
        )
        drawn = msgspec.structs.replace(graph, accesses=accesses)
        return ownership(drawn, place, {"order": "orders"}, {"orders": "domain", "billing": "domain"}, (), Config())[0].owner

    assert (owner(True), owner(False)) == ("billing", "orders")
