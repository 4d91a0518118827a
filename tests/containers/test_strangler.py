"""The way into production, step by step: the generated listener rules in front of the monolith and the service, both real."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest
from balancer import Balancer, listening, rules
from fargate import Task
from faults import Way
from identity import bearer
from shop_cloud import KEY, Cloud, Monolith

from decompose.generate.crosscheck import load_yaml

pytestmark = pytest.mark.containers

SERVICE, MONOLITH = "TargetGroup", "MonolithTargetGroupArn"
USERS = 240
LIMIT = 10.0 + 1
"""Seconds in which every page must be answered, whatever happens to the service: the declared limit of a moved route, and a moment."""

PEOPLE = f"""
import json
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from shop.accounts.models import User
from shop.boundaries import reviews
from shop.core.testing import make_delivered_order, make_product, make_user
sessions = import_module(settings.SESSION_ENGINE)
product, author = make_product(), make_user()
make_delivered_order(author, (product, 1))
found = []
for number in range({USERS}):
    user = User.objects.create(email=f"voter{{number}}@example.org", username=f"voter{{number}}")
    session = sessions.SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(user.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    found.append((user.pk, session.session_key))
review = reviews.submit_review(author, product, 5, "As good as they say")
print(json.dumps({{"review": review.pk, "slug": product.slug, "product": product.pk, "users": found}}))
"""
PUBLISH = "from shop.reviews.services import publish_review\nfrom shop.reviews.models import Review\npublish_review(Review.objects.get(), None)"


class Shop(NamedTuple):
    balancer: Balancer
    template: Any
    review: int
    product: int
    slug: str
    users: list[tuple[int, str]]

    def moved(self, percent: int, testers: str = "") -> None:
        """Moves traffic, as the template's parameters do."""
        self.balancer.rules = rules(self.template, TrafficPercent=str(percent), TesterHeader=testers)


@pytest.fixture(scope="module")
def front(cloud: Cloud, service: Task, monolith: Monolith) -> Iterator[Shop]:
    template = load_yaml((cloud.folder / "deploy/template.yaml").read_bytes())
    people = json.loads(monolith.run(PEOPLE).splitlines()[-1])
    service.run("python", "-c", f"import django; django.setup()\n{PUBLISH}")
    with listening(Balancer(MONOLITH, {MONOLITH: f"http://127.0.0.1:{monolith.port}", SERVICE: service.url("")})) as balancer:
        yield Shop(balancer, template, people["review"], people["product"], people["slug"], people["users"])


class Answer(NamedTuple):
    status: int
    body: bytes
    seconds: float


def ask(front: Shop, path: str, number: int = 0, *, method: str = "GET", headers: dict[str, str] | None = None, name: str = "") -> Answer:
    """A request of one of the users, with what either side wants to know of them."""
    key, session = front.users[number]
    csrf = "c" * 32
    every = {
        "Authorization": bearer(str(key), "reviews", KEY), "Cookie": f"sessionid={session}; csrftoken={csrf}", "X-CSRFToken": csrf,
        "Referer": "https://" + front.balancer.url.partition("//")[2] + "/", "X-Request-Id": name, "Content-Type": "application/json", **(headers or {}),
    }  # fmt: skip
    request = urllib.request.Request(front.balancer.url + path, method=method, headers=every, data=b"{}" if method == "POST" else None)
    started = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return Answer(reply.status, reply.read(), time.monotonic() - started)
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read(), time.monotonic() - started)


def share(front: Shop, percent: int, requests: int = 200) -> Counter[str]:
    """Who got how many of that many requests for a moved route; all must be answered."""
    front.moved(percent)
    front.balancer.sent.clear()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: ask(front, f"/api/v1/reviews/summary/{front.product}/", number % USERS), range(requests)))
    assert {answer.status for answer in answers} == {200}
    assert {json.loads(answer.body)["count"] for answer in answers} == {1}
    return Counter(group for _, group in front.balancer.sent)


def test_weights_send_the_share_that_they_say(front: Shop) -> None:
    assert share(front, 0) == {MONOLITH: 200}
    assert 0 < share(front, 1, 600)[SERVICE] < 30
    assert 60 < share(front, 50)[SERVICE] < 140
    assert share(front, 100) == {SERVICE: 200}
    assert share(front, 0) == {MONOLITH: 200}, "the way back"


def test_testers_are_sent_to_the_service_before_anybody_else(front: Shop) -> None:
    front.moved(0, testers="let-me")
    front.balancer.sent.clear()
    assert ask(front, "/api/v1/reviews/", headers={"X-Service-Preview": "let-me"}, name="tester").status == 200
    assert ask(front, "/api/v1/reviews/", headers={"X-Service-Preview": "guess"}, name="other").status == 200
    assert front.balancer.sent == [("tester", SERVICE), ("other", MONOLITH)]


def test_nothing_but_the_routes_of_the_context_moves(front: Shop) -> None:
    front.moved(100)
    front.balancer.sent.clear()
    for path in ("/", f"/reviews/{front.slug}/", "/api/v1/products/", "/accounts/login/", "/healthz"):
        assert ask(front, path, name=path).status == 200, path
    assert {group for _, group in front.balancer.sent} == {MONOLITH}


def test_no_request_is_lost_misrouted_or_doubled_while_weights_move_up_and_back(front: Shop, service: Task) -> None:
    """Each user votes once, under load, while the share goes up to all and back to none."""
    front.moved(0)
    front.balancer.sent.clear()
    before = len(votes_in(service.logs()))

    def vote(number: int) -> Answer:
        return ask(front, f"/api/v1/reviews/{front.review}/vote/", number, method="POST", name=f"vote-{number}")

    def read(number: int) -> Answer:
        return ask(front, f"/api/v1/reviews/{front.review}/", number, name=f"read-{number}")

    moving = threading.Event()

    def move() -> None:
        for percent in (1, 10, 50, 100, 50, 10, 1, 0):
            time.sleep(0.7)
            front.moved(percent)
        moving.set()

    mover = threading.Thread(target=move)
    mover.start()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: (vote(number), read(number)), range(USERS)))
        extra = 0
        while not moving.is_set():  # the load lasts as long as the weights move
            assert read(extra % USERS).status == 200
            extra += 1
    mover.join()
    went = dict(front.balancer.sent)
    refused = [(number, went[f"vote-{number}"], first, second) for number, (first, second) in enumerate(answers) if (first.status, second.status) != (200, 200)]
    assert not refused, refused[:3]
    assert Counter(name for name, _ in front.balancer.sent if name.startswith("vote")).most_common(1)[0][1] == 1
    assert {group for _, group in front.balancer.sent} == {SERVICE, MONOLITH}
    counted = json.loads(ask(front, f"/api/v1/reviews/{front.review}/vote/", 0, method="POST").body)
    assert counted == {"helpful": USERS}
    # Directly or through the monolith, each vote came to the service once (and the one that was just asked for).
    assert len(votes_in(service.logs())) - before == USERS + 1


def votes_in(logs: str) -> list[str]:
    return re.findall(r'"POST /api/v1/reviews/\d+/vote/ HTTP', logs)


@pytest.fixture
def direct(front: Shop) -> Shop:
    """The first part of the way: the monolith in front of all, the service behind it."""
    front.moved(0)
    return front


PAGES = ("/", "/healthz", "/api/v1/products/")


def degraded(front: Shop) -> dict[str, int]:
    """The statuses of pages without the service, each answered within the limit, and by a worker that is free again."""
    page, route = f"/reviews/{front.slug}/", f"/api/v1/reviews/{front.review}/"
    with ThreadPoolExecutor(8) as pool:
        asked = [page, route, *PAGES] * 4
        answers = list(pool.map(lambda path: ask(front, path), asked))
    slow = {path: answer.seconds for path, answer in zip(asked, answers, strict=True) if answer.seconds > LIMIT}
    assert not slow, slow
    # Once the circuit is open nobody waits: 503. Who waited in vain first has 504.
    found = {path: answer.status for path, answer in zip(asked[:5], answers[:5], strict=True)}
    assert {found[path] for path in PAGES} == {200}
    return {"page": found[page], "route": found[route]}


def recovered(front: Shop) -> bool:
    return ask(front, f"/api/v1/reviews/{front.review}/").status == 200 and b"As good as" in ask(front, f"/reviews/{front.slug}/").body


def until(condition: Callable[[], bool], limit: float = 60) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.5)


WAITED = ({"page": 200, "route": 504}, {"page": 200, "route": 503})
"""The first to ask wait as long as is declared; of two web processes one may still have its circuit open from the fault before."""


def test_a_killed_service_takes_nothing_else_with_it_and_is_found_again(direct: Shop, service: Task) -> None:
    assert recovered(direct)
    service.signal("kill")
    try:
        assert degraded(direct) == {"page": 200, "route": 503}
        assert b"As good as" not in ask(direct, f"/reviews/{direct.slug}/").body
    finally:
        service.signal("start")
    until(lambda: recovered(direct))


def test_a_service_that_hangs_holds_no_worker_for_longer_than_declared(direct: Shop, service: Task) -> None:
    service.signal("pause")
    try:
        assert degraded(direct) in WAITED
    finally:
        service.signal("unpause")
    until(lambda: recovered(direct))


def test_a_service_without_its_database_is_taken_out_and_comes_back(direct: Shop, service: Task, cloud: Cloud) -> None:
    with cloud.without_database():
        assert degraded(direct)["page"] == 200
    until(lambda: recovered(direct))


def test_a_service_that_answers_after_ten_seconds_holds_no_worker_for_longer_than_declared(direct: Shop, way: Way) -> None:
    way.delay = 10
    try:
        assert degraded(direct) in WAITED
    finally:
        way.delay = 0
    until(lambda: recovered(direct))


def test_a_service_that_fails_breaks_what_needs_it_and_nothing_else(direct: Shop, way: Way, monolith: Monolith) -> None:
    way.broken = 500
    try:
        # Its failure is one of the page that asked, as when its code ran in the monolith; a circuit that has opened since gives the declared answer.
        found = degraded(direct)
        assert found["route"] in (500, 503) and found["page"] in (500, 200)
        monolith.run(RENAME.format(5, direct.product))
        waiting = monolith.run("", "manage.py", "dispatch_events", "--once")
        assert not waiting.endswith(", 0 waiting, 0 parked"), waiting
    finally:
        way.broken = 0
    until(lambda: recovered(direct))
    until(lambda: monolith.run("", "manage.py", "dispatch_events", "--once").endswith(", 0 waiting, 0 parked"))


RENAME = "from shop.catalog.models import Product\nfor number in range({0}):\n    product = Product.objects.get(pk={1})\n    product.name = f'Name {{number}}'\n    product.save()"


def test_no_event_is_lost_while_the_service_is_away(direct: Shop, service: Task, monolith: Monolith) -> None:
    service.signal("kill")
    try:
        monolith.run(RENAME.format(20, direct.product))
        waiting = monolith.run("", "manage.py", "dispatch_events", "--once")
        assert not waiting.endswith(", 0 waiting, 0 parked"), waiting
    finally:
        service.signal("start")
    until(lambda: recovered(direct))
    until(lambda: monolith.run("", "manage.py", "dispatch_events", "--once").endswith(", 0 waiting, 0 parked"))
    name = service.run("python", "-c", f"import django; django.setup()\nfrom shop.catalog.models import Product\nprint(Product.objects.get(pk={direct.product}).name)")
    assert name.strip() == "Name 19"
