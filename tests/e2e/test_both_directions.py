"""The sample and its extracted reviews as two processes: calls in both directions, and events."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_sample import copied, decompose

from decompose.verification import processes

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e-directions")]

KEY = "a key for tests that is long enough"
GUNICORN = f"{sys.executable} -m gunicorn --bind 127.0.0.1:{{port}} --threads 8 "


class Pair:
    """The shop and the service; code runs beside their web processes, on their databases."""

    def __init__(self, shop: Path, monolith: dict[str, str], service: dict[str, str]) -> None:
        self.shop, self._monolith, self._service = shop, monolith, service

    def monolith(self, *words: str) -> str:
        return self._run(words, self.shop, self._monolith)

    def service(self, *words: str) -> str:
        return self._run(words, self.shop / "services/reviews", self._service)

    def _run(self, words: tuple[str, ...], folder: Path, variables: dict[str, str]) -> str:
        command = [sys.executable, *(("-c", f"import django; django.setup()\n{words[0]}") if len(words) == 1 else words)]
        done = processes.run(command, cwd=folder, env=variables, timeout=120)
        assert done.ok, done.tail(40)
        return done.output.strip()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    scratch = tmp_path_factory.mktemp("pair")
    shop = copied(scratch / "shop")
    decompose(shop, "extract", "reviews", "--replan", "--allow-dirty")
    as_the_runbook_says(shop)
    common = {"PATH": os.environ["PATH"], "BOUNDARY_TOKEN_KEY": KEY, "SECRET_KEY": "x", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    ports = [processes.free_port() for _ in range(2)]
    monolith = common | {
        "DJANGO_SETTINGS_MODULE": "shop.settings.dev", "SHOP_DB_NAME": str(scratch / "shop.sqlite3"),
        "REVIEWS_MODE": "remote", "REVIEWS_URL": f"http://127.0.0.1:{ports[1]}", "REVIEWS_EVENTS": "on", "REVIEWS_TIMEOUT_FACTOR": "10",
    }  # fmt: skip
    service = common | {
        "DJANGO_SETTINGS_MODULE": "reviews_service.settings", "DATABASE_URL": f"sqlite:///{scratch}/reviews.sqlite3",
        "MONOLITH_URL": f"http://127.0.0.1:{ports[0]}", "REVIEWS_TIMEOUT_FACTOR": "10",
    }  # fmt: skip
    found = Pair(shop, monolith, service)
    found.monolith("manage.py", "migrate", "-v0")
    found.service("manage.py", "migrate", "-v0")
    sides = ((shop, "shop.wsgi", monolith, ports[0]), (shop / "services/reviews", "reviews_service.wsgi", service, ports[1]))
    with contextlib.ExitStack() as stack:
        for folder, module, variables, port in sides:
            command = GUNICORN.replace("{port}", str(port)) + f"{module}:application"
            log = scratch / f"{module}.log"
            stack.enter_context(serving(command, folder, variables, log, port))
        yield found


@contextlib.contextmanager
def serving(command: str, folder: Path, variables: dict[str, str], log: Path, port: int) -> Iterator[None]:
    with processes.server(command, cwd=folder, env=variables, log=log, ready="/healthz", port=port) as (server, booted):
        assert booted is not None, server.tail()
        yield


def as_the_runbook_says(shop: Path) -> None:
    """The two lines that a monolith with callbacks or events needs."""
    settings, urls = shop / "shop/settings/base.py", shop / "shop/urls.py"
    text = settings.read_text()
    settings.write_text(text.replace("\n]\n", '\n    "shop.boundaries.exchange",\n]\n', 1))
    assert '"shop.boundaries.exchange",' in settings.read_text()[settings.read_text().index("INSTALLED_APPS") :].partition("]")[0]
    urls.write_text(urls.read_text().replace("urlpatterns = [", 'urlpatterns = [\n    path("", include("shop.boundaries.exchange.urls")),', 1))


BUY = """
from shop.accounts.models import User
from shop.core.testing import make_delivered_order, make_product, make_user
user, product = make_user(), make_product()
make_delivered_order(user, (product, 1))
print(user.pk, product.pk)
"""

SUBMIT = """
from shop.accounts.models import User
from shop.boundaries import reviews
from shop.catalog.models import Product
from shop.core.exceptions import ReviewNotAllowed
from shop.reviews.models import Review
user, product = User.objects.latest("pk"), Product.objects.latest("pk")
for body in ("Great", "Changed my mind"):
    try:
        review = reviews.submit_review(user, product, 5, body)
        print(type(review).__name__, review.verified_purchase, review.status, Review.objects.count())
    except ReviewNotAllowed as error:
        print(type(error).__name__)
stranger = User.objects.create(email="s@example.org", username="s")
try:
    reviews.submit_review(stranger, product, 5, "Never had it")
except ReviewNotAllowed as error:
    print(type(error).__name__)
print(reviews.vote(stranger, review))
"""


def test_an_operation_of_the_service_asks_the_monolith_which_asks_the_service(pair: Pair) -> None:
    pair.monolith(BUY)
    assert pair.monolith(SUBMIT).splitlines() == ["Review True pending 0", "ReviewNotAllowed", "ReviewNotAllowed", "1"]


def test_what_moved_code_does_in_the_monolith_is_done_there(pair: Pair) -> None:
    moderate = "from shop.reviews.models import Review\nfrom shop.reviews.tasks import moderate_review\nprint(moderate_review(Review.objects.get().pk), Review.objects.get().status)"
    assert pair.service(moderate) == "True published"
    shown = """
from shop.core.models import AuditLog
from shop.notifications.models import Notification
print([(each.template, each.target is None, each.content_type.model) for each in Notification.objects.filter(template__startswith="review")])
print([each.action for each in AuditLog.objects.filter(action__startswith="review")])
"""
    assert pair.monolith(shown).splitlines() == ["[('review_published', True, 'review')]", "['review.published']"]


def test_changes_and_deletions_in_the_monolith_reach_the_service(pair: Pair) -> None:
    change = """
from shop.accounts.models import User
from shop.catalog.models import Product
product = Product.objects.latest("pk")
product.name = "Renamed"
product.save()
User.objects.get(username="s").delete()
"""
    pair.monolith(change)
    assert pair.monolith("manage.py", "dispatch_events", "--once").endswith("0 waiting, 0 parked")
    shown = "from shop.catalog.models import Product\nfrom shop.reviews.models import Review, ReviewVote\nprint(Product.objects.latest('pk').name, Review.objects.count(), ReviewVote.objects.count())"
    assert pair.service(shown) == "Renamed 1 0"
