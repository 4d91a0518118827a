"""Calls of moved code to code that stays, as operations of the monolith."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest
from projects import Monolith

from decompose.model.migration import Operation

SHOP = """
# shop/settings.py
INSTALLED_APPS = ["django.contrib.auth", "shop.people", "shop.reviews"]
AUTH_USER_MODEL = "people.Person"

# shop/core/errors.py
class Refused(Exception):
    pass

# shop/people/models.py
from django.db import models

class Person(models.Model):
    name = models.CharField(max_length=50)

    def owes(self, item):
        return not self.entries.filter(text=item).exists()

    def spend(self, points: int) -> None:
        Entry.objects.create(person=self, text=str(points))

    @property
    def label(self):
        return self.name

class Entry(models.Model):
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="entries")
    text = models.CharField(max_length=50)

# shop/people/services.py
from shop.core.errors import Refused
from shop.people.models import Entry, Person

def note(person, text: str, about=None, **more):
    if not text:
        raise Refused(text)
    entry = Entry.objects.create(person=person, text=text)
    return entry

def entries(person: Person) -> int:
    return Entry.objects.filter(person=person).count()

def newest(person: Person) -> Entry:
    return Entry.objects.filter(person=person).latest()

def every(person: Person):
    yield from Entry.objects.filter(person=person)

# shop/reviews/models.py
from django.db import models

class Review(models.Model):
    author = models.ForeignKey("people.Person", on_delete=models.CASCADE)
    rating = models.IntegerField()

# shop/reviews/tasks.py
from celery import shared_task
from django.db import transaction
from shop.core.errors import Refused
from shop.people.models import Person
from shop.people import services
from shop.people.services import entries, every, newest, note
from shop.reviews.models import Review

class Other:
    pass

@shared_task
def run(pk: int):
    review = Review.objects.get(pk=pk)
"""


def shop(code: str) -> Monolith:
    return Monolith(SHOP + indent(dedent(code), "    "))


def written(operation: Operation) -> str:
    parameters = ", ".join(f"{each.name}: {each.type}{'' if each.required else ' = ' + each.default}" for each in operation.parameters)
    return f"{operation.kind} {operation.name}({parameters}) -> {operation.returns}"


def callbacks(code: str) -> list[str]:
    return [written(each) for each in shop(code).boundary("reviews").callbacks]


def reason(code: str) -> str:
    found = [edge for edge in shop(code).edges("reviews", direction="out", disposition="decide") if edge.kind in ("call", "construction")]
    return found[0].reason.rpartition("for it: ")[2]


@pytest.mark.parametrize(
    ("code", "operation"),
    [
        ("note(review.author, 'x')", "command note(person: key:shop.people.models.Person, text: string) -> none"),
        ("note(review.author, text='x', about=review)", "command note(person: key:shop.people.models.Person, text: string, about: replica:shop.reviews.models.Review = None) -> none"),
        ("note(review.author, 'x', rating=3)", "command note(person: key:shop.people.models.Person, text: string, rating: integer = UNSET) -> none"),
        ("services.note(review.author, 'x')", "command note(person: key:shop.people.models.Person, text: string) -> none"),
        ("return entries(review.author)", "query entries(person: key:shop.people.models.Person) -> integer"),
    ],
)
def test_only_what_is_given_and_taken_travels(code: str, operation: str) -> None:
    assert callbacks(code) == [operation]


def test_rows_of_several_models_are_told_apart() -> None:
    code = "note(review.author, 'x', about=review)\nnote(review.author, 'y', review.author)"
    assert callbacks(code) == [
        "command note(person: key:shop.people.models.Person, text: string, about: row:shop.people.models.Person|shop.reviews.models.Review = None) -> none"
    ]


def test_an_optional_parameter_that_not_every_call_gives_may_be_left_out() -> None:
    code = "note(review.author, 'x', rating=1)\nnote(review.author, 'x')"
    assert callbacks(code) == ["command note(person: key:shop.people.models.Person, text: string, rating: integer = UNSET) -> none"]


@pytest.mark.parametrize(
    ("code", "operation"),
    [
        ("person: Person = review.author\nreturn person.owes('book')", "query owes_of_person(person: key:shop.people.models.Person, item: string) -> boolean"),
        ("person: Person = review.author\nperson.spend(3)", "command spend_of_person(person: key:shop.people.models.Person, points: integer) -> none"),
        ("review.author.spend(3)", "command spend_of_person(person: key:shop.people.models.Person, points: integer) -> none"),
        ("Person.objects.get(pk=1).spend(3)", "command spend_of_person(person: key:shop.people.models.Person, points: integer) -> none"),
        ("for each in Person.objects.all():\n    each.spend(pk)", "command spend_of_person(person: key:shop.people.models.Person, points: integer) -> none"),
    ],
)
def test_a_method_of_a_row_of_the_monolith_runs_there(code: str, operation: str) -> None:
    assert callbacks(code) == [operation]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("entry = note(review.author, 'x')\nreturn entry", "it returns a row"),
        ("return newest(review.author).text", "it returns a row"),
        ("for each in every(review.author):\n    pass", "a generator or coroutine"),
        ("return map(entries, [review.author])", "the function itself is passed on"),
        ("note(review.author, 'x', Other())", "the type of 'about' is not known"),
        ("note(*[review.author, 'x'])", "a call unpacks its arguments"),
        ("note(review.author, 'x', **{'a': 1})", "a call unpacks its arguments"),
    ],
)
def test_what_cannot_be_described_is_for_a_person(code: str, why: str) -> None:
    assert why in reason(code)


def test_the_edge_says_where_the_code_runs_and_what_a_rollback_leaves() -> None:
    plain = shop("note(review.author, 'x')").edges("reviews", direction="out", kind="call")[0]
    assert (plain.disposition, plain.operation, plain.alternatives, plain.blocks) == ("operation", "note", ("stay",), "")
    assert "rolled back" not in plain.reason
    code = "with transaction.atomic():\n    review.save()\n    note(review.author, 'x')"
    assert "what it did stays when that is rolled back" in shop(code).edges("reviews", direction="out", kind="call")[0].reason


def test_errors_that_the_service_knows_cross_by_name() -> None:
    code = "try:\n    note(review.author, 'x')\nexcept Refused:\n    pass"
    assert shop(code).boundary("reviews").callbacks[0].errors == ("shop.core.errors.Refused",)
    assert shop("note(review.author, 'x')").boundary("reviews").callbacks[0].errors in ((), ("shop.core.errors.Refused",))


VIEW = """
# shop/people/views.py
from shop.reviews.services import publish

def page(request, pk: int):
    publish(pk)

# shop/reviews/services.py
from shop.reviews.models import Review
from shop.people.services import entries, every

def publish(pk: int) -> None:
    review = Review.objects.get(pk=pk)
    {call}(review.author)
    review.save()
"""


@pytest.mark.parametrize(("call", "blocked"), [("entries", 0), ("every", 1)])
def test_an_operation_is_blocked_only_by_calls_that_the_monolith_does_not_serve(call: str, blocked: int) -> None:
    found = Monolith(SHOP + "    return review", VIEW.replace("{call}", call)).operation("reviews", "publish")
    assert len(found.blocked_by) == blocked
