"""What a signature covers, and what it says about a plan made later."""

from __future__ import annotations

import json

import msgspec
import pytest

from decompose.errors import FileError, RefusedInput, UsageError
from decompose.model.lock import PlanLock, SignedContext, SignedMap
from decompose.model.migration import MigrationPlan
from decompose.model.settings import Config, ContextSettings, EdgeDecision, Waiver
from decompose.planning.signing import accept, cut_changes, parts, read_lock, unsigned, with_states, write_lock
from tests.unit.planning.test_crossings import MODELS
from tests.unit.projects import Monolith

VIEWS = "# shop/orders/views.py\nfrom shop.billing.services import charge\n\n\ndef place():\n    charge(3)\n"


def plan(views: str = VIEWS, *, owns: str = "", choice: str = "") -> MigrationPlan:
    contexts = (ContextSettings("billing", modules=("shop.billing.**",)), ContextSettings("orders", modules=("shop.orders.**",), owns=(owns,) if owns else ()))
    decided = (EdgeDecision("FK-001", choice),) if choice else ()
    return Monolith(MODELS, views, settings=Config(contexts=contexts, decisions=decided)).plan()


def signed(migration: MigrationPlan, *ids: str, before: PlanLock | None = None, by: str = "Ann", on: str = "2026-11-27") -> PlanLock:
    return accept(migration, before, ids, by=by, on=on, known={each.key for each in migration.crossings})


def test_a_plan_that_is_signed_whole_has_nothing_unsigned() -> None:
    assert list(unsigned(plan(), signed(plan()))) == []


def test_a_line_that_moved_needs_no_new_signature() -> None:
    assert list(unsigned(plan(VIEWS.replace("\n\n\ndef", "\n\nX = 1\n\n\ndef")), signed(plan()))) == []


def test_another_treatment_is_unsigned_and_says_who_signed_what() -> None:
    (missing,) = unsigned(plan(choice="replica"), signed(plan()))
    assert missing.startswith("FK-001 is replica now") and "Ann accepted" in missing


def test_another_owner_is_another_cut() -> None:
    lock = signed(plan())
    (cut,) = (each for each in unsigned(plan(owns="billing_*"), lock) if each.startswith("the cut"))
    assert cut.startswith("the cut is not the one that Ann accepted: ")


def test_a_new_use_of_a_context_is_unsigned_for_that_context_alone() -> None:
    now = plan(VIEWS.replace("charge(3)\n", "charge(3)\n\n\ndef again():\n    return charge(4).total\n"))
    assert any("billing" in each for each in unsigned(now, signed(plan()), "billing"))


def test_single_parts_are_signed_one_after_the_other_and_keep_who_signed_first() -> None:
    first = signed(plan(), "map", by="Ann")
    second = signed(plan(), "FK-*", before=first, by="Bob", on="2026-11-28")
    assert [(each.id, each.by) for each in second.accepted] == [("map", "Ann"), ("FK-001", "Bob")]
    third = signed(plan(), before=second, by="Cid")
    assert {each.id: each.by for each in third.accepted} == {"map": "Ann", "FK-001": "Bob", "billing": "Cid", "orders": "Cid"}


def test_signing_twice_writes_the_same_bytes() -> None:
    once = signed(plan())
    assert write_lock(signed(plan(), before=once, by="Bob", on="2027-01-01")) == write_lock(once)


def test_an_id_that_names_nothing_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        signed(plan(), "FK-002")
    assert "FK-001" in caught.value.hint


def test_decisions_say_who_accepted_them_and_until_when_they_are_waived() -> None:
    decisions = with_states(plan().decisions, signed(plan()), ())
    assert [(each.state, each.by) for each in decisions if each.id == "FK-001"] == [("accepted", "Ann, 2026-11-27")]
    (waived,) = (each for each in with_states(plan().decisions, None, [Waiver("FK-*", "replica ok", "2027-03-01", "Bob")]) if each.id == "FK-001")
    assert (waived.state, waived.by, waived.until, waived.reason) == ("waived", "Bob", "2027-03-01", "replica ok")


def test_a_waiver_stands_for_a_signature_to_the_end_of_its_day() -> None:
    lock = signed(plan(), "map", "billing", "orders")
    waived = msgspec.structs.replace(plan(), decisions=with_states(plan().decisions, lock, [Waiver("FK-001", "ok", "2027-03-01")]))
    assert list(unsigned(waived, lock, today="2027-03-01")) == []
    assert list(unsigned(waived, lock, today="2027-03-02")) == ["FK-001 was waived until 2027-03-01"]


def test_a_lock_is_read_back_as_it_was_and_one_with_another_map_is_refused() -> None:
    lock = signed(plan())
    assert read_lock(write_lock(lock), "plan.lock") == lock
    forged = json.loads(write_lock(lock))
    forged["map"]["contexts"]["orders"]["modules"].append("shop.billing.services")
    with pytest.raises(RefusedInput):
        read_lock(json.dumps(forged).encode(), "plan.lock")
    with pytest.raises(FileError):
        read_lock(b"{", "plan.lock")


def test_every_part_has_an_id_of_its_own() -> None:
    found = [part.id for part in parts(plan())]
    assert found == ["map", "FK-001", "billing", "orders"]


def test_what_changed_of_a_cut_is_told_by_context() -> None:
    before = SignedMap({"a": SignedContext("domain", ("m.x", "m.y"), ("t",)), "b": SignedContext("domain", ("n.x",)), "c": SignedContext("domain", ())}, {"m.x.F": "b"})
    now = SignedMap({"a": SignedContext("hub", ("m.x",), team="core"), "b": SignedContext("domain", ("m.y", "n.z"), ("t",)), "d": SignedContext("domain", ())})
    assert list(cut_changes(before, now)) == [
        "the context c is gone",
        "the context d is new",
        "1 module is in b and no longer in a: m.y",
        "1 module is gone from b: n.x",
        "1 module is new in b: n.z",
        "1 table is in b and no longer in a: t",
        "1 definition is gone from b: m.x.F",
        "a is hub now, was domain",
        "the team of a is core now, was not named",
    ]
    assert list(cut_changes(now, now)) == []
