"""The plan as a whole."""

from __future__ import annotations

from projects import Monolith
from reviews_shop import MODELS, SHOP, shop

from decompose.model.migration import ContextPlan
from decompose.model.settings import EdgeDecision

OPEN = f"{MODELS}\ndef page():\n    return page(Review)\n"


def reviews(project: Monolith) -> ContextPlan:
    return next(each for each in project.plan().contexts if each.name == "reviews")


def test_a_context_with_an_open_question_waits_for_decisions() -> None:
    assert reviews(shop(OPEN)).readiness == "decisions"


def test_a_context_without_open_questions_is_ready() -> None:
    assert reviews(shop(OPEN, decisions=[EdgeDecision("reviews:*", "stay")])).readiness == "ready"


def test_readiness_is_the_same_in_the_map_and_in_the_plan() -> None:
    plan = shop(OPEN).plan()
    known = {context.name: context.readiness for context in plan.context_map.contexts}
    assert {context.name: context.readiness for context in plan.contexts} == {name: known[name] for name in known if name in {c.name for c in plan.contexts}}


def test_open_questions_are_among_the_decisions_with_their_state() -> None:
    def states(*decisions: EdgeDecision) -> list[str]:
        return [each.state for each in shop(OPEN, decisions=decisions).plan().decisions if each.kind == "edge"]

    assert states() == ["open"]
    assert states(EdgeDecision("reviews:*", "stay")) == ["accepted"]


def test_the_same_project_gives_the_same_plan() -> None:
    assert shop(OPEN).plan() == shop(OPEN).plan()


def test_a_service_gets_the_settings_that_its_code_reads() -> None:
    settings = '# shop/settings.py\nINSTALLED_APPS = ["shop.catalog", "shop.reviews"]\nHIGHEST = 5\nOTHER = 6\nUSE_TZ = True\n'
    task = "# shop/reviews/tasks.py\nfrom celery import shared_task\nfrom django.conf import settings\n\n@shared_task\ndef remind():\n    return settings.HIGHEST\n"
    assert {each.name for each in reviews(Monolith(SHOP, settings, task)).settings} == {"HIGHEST", "USE_TZ"}


def test_a_service_requires_what_its_code_imports() -> None:
    task = "# shop/reviews/tasks.py\nimport requests\nfrom celery import shared_task\n\n@shared_task\ndef remind():\n    return requests.get('https://x')\n"
    assert set(reviews(Monolith(SHOP, task)).requirements) == {"celery", "django", "requests"}
