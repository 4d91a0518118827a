"""The code of today against what was signed."""

from __future__ import annotations

import pytest

from decompose.model.findings import Checked, EditedFile, Ignore
from decompose.model.location import Location
from decompose.model.settings import Config, ContextSettings, Waiver
from decompose.planning.accepted import accepted_map
from decompose.planning.checking import checked, edited, ignore, over
from decompose.planning.crossings import crossings
from decompose.planning.signing import accept
from tests.unit.planning.test_crossings import MODELS
from tests.unit.projects import Monolith

BEFORE = "# shop/orders/views.py\nfrom shop.billing.services import charge\n\n\ndef place():\n    charge(3)\n"


def check(after: str, *comments: str, before: str = BEFORE, config: Config | None = None, sealed: dict[str, str] | None = None) -> Checked:
    """What is found in ``after`` when ``before`` was signed; ``comments`` are those of ``shop/orders/views.py`` as ``line:comment``."""
    signed = Monolith(MODELS, before).plan()
    lock = accept(signed, None, (), by="Ann", on="2026-11-27", known={each.key for each in signed.crossings})
    graph = Monolith(MODELS, after).graph
    ignores = [found for text in comments if (found := ignore(text.split(":", 1)[1], Location("shop/orders/views.py", int(text.split(":", 1)[0]))))]
    return checked(crossings(graph, accepted_map(graph, lock.map, config or Config())), lock, ignores, sealed or {})


def codes(found: Checked) -> list[tuple[str, int]]:
    return [(each.code, each.at.line) for each in found.findings]


def test_what_was_signed_is_known() -> None:
    found = check(BEFORE)
    assert (codes(found), found.known, found.fixed, found.failed) == ([], 3, (), False)


def test_a_new_import_is_found_with_chain_and_next_step_and_its_calls_are_not_told_again() -> None:
    found = check(BEFORE, before="# shop/orders/views.py\nX = 1\n")
    (only,) = found.findings
    assert (only.code, only.at.line, found.failed) == ("D201", 1, True)
    assert [(link.source, link.target) for link in only.chain] == [("shop.orders.views", "shop.billing.services")]
    assert "decompose plan --accept map" in only.next


def test_a_context_with_a_boundary_is_to_be_used_through_it() -> None:
    found = check(BEFORE + "\n\ndef again():\n    charge(4)\n", sealed={"billing": "shop.boundaries.billing"})
    assert [(each.code, each.next) for each in found.findings] == [("D207", found.findings[0].next)]
    assert found.findings[0].next.startswith("use shop.boundaries.billing instead")


def test_what_is_gone_is_told_and_fails_nothing() -> None:
    found = check("# shop/orders/views.py\nX = 1\n")
    assert not found.failed and found.fixed == (
        "D201 shop.orders.views -> shop.billing.services", "D207 shop.orders.views.place -> shop.billing.services.charge",
    )  # fmt: skip


def test_a_comment_with_a_reason_lets_one_place_pass_and_not_the_next() -> None:
    after = BEFORE + "\n\ndef late():\n    from shop.billing import models\n\n    return models\n\n\ndef later():\n    from shop.billing import models\n\n    return models\n"
    found = check(after, "9:# decompose: ignore[D201] goes away with the report")
    assert codes(found) == [("D201", 15)] and found.ignored == 1
    assert codes(check(after, "9:# decompose: ignore[D201] a", "15:# decompose: ignore[d201] b")) == []


def test_a_comment_without_reason_or_code_does_nothing_and_is_told() -> None:
    after = BEFORE + "\n\ndef late():\n    from shop.billing import models\n\n    return models\n"
    assert codes(check(after, "9:# decompose: ignore[D201]")) == [("D201", 9), ("D208", 9)]
    assert codes(check(after, "9:# decompose: ignore because")) == [("D201", 9), ("D208", 9)]


def test_a_comment_that_ignores_nothing_is_a_warning() -> None:
    found = check(BEFORE, "4:# decompose: ignore[D203] was a report")
    assert codes(found) == [("D209", 4)] and not found.failed


@pytest.mark.parametrize("comment", ["# noqa", "# decompose: ignored[D201] x", "# recompose: ignore[D201] x"])
def test_other_comments_are_not_ours(comment: str) -> None:
    assert ignore(comment, Location("a.py", 1)) is None


def test_a_comment_may_name_several_codes() -> None:
    assert ignore("x  # noqa  # decompose: ignore[D201, D207]: why", Location("a.py", 1)) == Ignore(Location("a.py", 1), ("D201", "D207"), "why")


def test_a_new_module_joins_the_package_that_is_all_of_one_context() -> None:
    assert codes(check(f"{BEFORE}\n# shop/orders/reports/daily.py\nX = 1\n")) == []


def test_a_new_package_belongs_to_nobody_until_somebody_says() -> None:
    after = f"{BEFORE}\n# shop/loyalty/points.py\nX = 1\n"
    found = check(after)
    assert [(each.code, each.key) for each in found.findings] == [("D206", "D206 shop.loyalty"), ("D206", "D206 shop.loyalty.points")]
    config = Config(contexts=(ContextSettings("orders", modules=("shop.loyalty.**",)),))
    assert codes(check(after, config=config)) == []


def test_a_new_table_belongs_to_the_context_of_its_model() -> None:
    after = BEFORE + """
# shop/billing/refunds.py
from django.db import models


class Refund(models.Model):
    total = models.IntegerField()

# shop/orders/refunds.py
from shop.billing.refunds import Refund


def refunds():
    return Refund.objects.count()
"""
    assert ("D203", "D203 shop.orders.refunds.refunds -> billing_refund") in [(each.code, each.key) for each in check(after).findings]


def test_an_edited_generated_file_says_whose_it_is() -> None:
    (found,) = edited([EditedFile("services/reviews/app.py", ("reviews",))])
    assert found.code == "D403" and "decompose extract reviews" in found.next


def test_a_waiver_is_over_after_its_day() -> None:
    waivers = [Waiver("FK-001", "ok", "2027-03-01"), Waiver("FK-002", "ok")]
    assert list(over(waivers, "2027-03-01", "decompose.toml")) == []
    assert [each.key for each in over(waivers, "2027-03-02", "decompose.toml")] == ["D311 FK-001"]
