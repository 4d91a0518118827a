"""Peewee, Tortoise and Pony as judges: the tables, columns and keys that they make in a database are those that the detectors read from the text."""

from __future__ import annotations

from pathlib import Path

from judges import found, judged, needs

from decompose.detect import peewee, pony, tortoise
from decompose.model.facts import Fact, ForeignKey, Table


def tables(facts: list[Fact]) -> dict[str, list[str]]:
    return {fact.id: sorted(column.name for column in fact.columns) for fact in facts if isinstance(fact, Table)}


def keys(facts: list[Fact]) -> list[list[str]]:
    return sorted([fact.table, fact.column, fact.target, fact.on_delete] for fact in facts if isinstance(fact, ForeignKey) and fact.column)


PEEWEE = {
    "shop/__init__.py": "",
    "shop/base.py": """
from peewee import *
from peewee import make_snake_case

database = SqliteDatabase(None)


class BaseModel(Model):
    class Meta:
        database = database


def named(model):
    return "t_" + model.__name__.lower()


def snake(model):
    return make_snake_case(model.__name__)


class Stamped(BaseModel):
    created = DateTimeField(null=True)


class SnakeModel(BaseModel):
    class Meta:
        legacy_table_names = False


class MadeModel(BaseModel):
    class Meta:
        table_function = snake
""",
    "shop/models.py": """
import peewee as pw
from peewee import CharField, CompositeKey, DeferredForeignKey, DeferredThroughModel, ForeignKeyField, ManyToManyField, TextField
from shop.base import BaseModel, MadeModel, SnakeModel, Stamped


class PriceField(pw.DecimalField):
    pass


class Customer(BaseModel):
    name = CharField(max_length=40)
    favourite = DeferredForeignKey("Product", null=True, backref="fans")


class Tag(BaseModel):
    word = CharField(primary_key=True)


class Product(Stamped):
    title = TextField(column_name="caption")
    price = PriceField()
    tags = ManyToManyField(Tag, backref="products")
    parent = ForeignKeyField("self", null=True, backref="parts", on_delete="SET NULL")

    class Meta:
        table_name = "wares"


class OrderLine(SnakeModel):
    customer = ForeignKeyField(Customer, backref="lines", on_delete="CASCADE")
    product_id = ForeignKeyField(Product, column_name="ware")
    at = pw.DateTimeField()


class PriceList(MadeModel):
    product = ForeignKeyField(Product, unique=True)


class Special(OrderLine):
    reason = TextField()


Deferred = DeferredThroughModel()


class Student(BaseModel):
    courses = None


class Course(BaseModel):
    students = ManyToManyField(Student, backref="courses_taken", through_model=Deferred)


class Enrolment(BaseModel):
    student = ForeignKeyField(Student)
    course = ForeignKeyField(Course)

    class Meta:
        primary_key = CompositeKey("student", "course")


Deferred.set_model(Enrolment)


def lines():
    return OrderLine.select()
""",
}
"""The class that only carries the database, and the bases of options, are left out by the judge as well as by the detector."""


@needs("peewee")
def test_the_tables_and_keys_of_peewee_are_those_that_it_makes(tmp_path: Path) -> None:
    judge = judged("peewee_registry.py", tmp_path, PEEWEE, "{}", "shop.models")
    facts = found(peewee.detect, PEEWEE)
    bases = {"basemodel", "stamped", "snake_model", "made_model", "snakemodel", "mademodel"}
    assert tables(facts) == {name: columns for name, columns in judge["tables"].items() if name not in bases}
    assert keys(facts) == [key for key in judge["foreign_keys"] if key[0] not in bases]


@needs("peewee")
def test_the_reverse_accessors_of_peewee_are_those_that_it_makes(tmp_path: Path) -> None:
    judge = judged("peewee_registry.py", tmp_path, PEEWEE, "{}", "shop.models")
    ours = {(fact.table, fact.field, fact.accessor) for fact in found(peewee.detect, PEEWEE) if isinstance(fact, ForeignKey) and fact.column and fact.model}
    assert ours == {tuple(each) for each in judge["accessors"] if not each[0].endswith("_through")}


TORTOISE = {
    "shop/__init__.py": "",
    "shop/models.py": """
from enum import Enum

from tortoise import fields
from tortoise.models import Model


class State(str, Enum):
    new = "new"


class Stamped(Model):
    created = fields.DatetimeField(auto_now_add=True)

    class Meta:
        abstract = True


class NamedMixin:
    name = fields.CharField(40)


class Customer(NamedMixin, Stamped):
    friends = fields.ManyToManyField("models.Customer", related_name="befriended")


class Product(Stamped):
    code = fields.CharField(max_length=20, primary_key=True)
    title = fields.CharField(max_length=20, source_field="caption")
    tags = fields.ManyToManyField("models.Tag", related_name="products", through="ware_tag")

    class Meta:
        table = "wares"


class Tag(Model):
    word = fields.CharField(max_length=20)


class OrderLine(Model):
    id = fields.UUIDField(pk=True)
    state = fields.CharEnumField(State)
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField("models.Customer", related_name="lines")
    product = fields.ForeignKeyField("models.Product", null=True, on_delete=fields.SET_NULL, source_field="ware")
    rival: fields.ForeignKeyNullableRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name=False, null=True, on_delete=fields.OnDelete.RESTRICT
    )
    tags = fields.ManyToManyField("models.Tag")


class Address(Model):
    customer = fields.OneToOneField("models.Customer", primary_key=True)


class Loyal(Tag):
    points = fields.IntField()

    class Meta:
        table = "loyal"
""",
}


@needs("tortoise")
def test_the_tables_and_keys_of_tortoise_are_those_that_it_makes(tmp_path: Path) -> None:
    judge = judged("tortoise_registry.py", tmp_path, TORTOISE, "{}", "shop.models")
    facts = found(tortoise.detect, TORTOISE)
    assert tables(facts) == judge["tables"]
    assert keys(facts) == judge["foreign_keys"]


PONY = {
    "shop/__init__.py": "",
    "shop/db.py": "from pony.orm import Database\n\ndb = Database()\n",
    "shop/models.py": """
from datetime import datetime
from decimal import Decimal

from pony import orm
from pony.orm import Json, LongStr, Optional, PrimaryKey, Required, Set, composite_key
from shop.db import db


class Person(db.Entity):
    _table_ = "people"
    name = Required(str, 40)
    note = Optional(LongStr)
    cars = Set("Car")
    passport = Optional("Passport")
    friends = Set("Person", reverse="friends")
    led = Set("Team", reverse="leader")
    teams = Set("Team", reverse="members", table="memberships")


class Student(Person):
    university = Optional(str)
    courses = Set(lambda: Course)


class Car(db.Entity):
    owner = Optional(Person)
    model = Required("Model", column="model_code")
    price = Optional(Decimal)


class Model(db.Entity):
    code = PrimaryKey(str)
    cars = Set(Car, cascade_delete=False)
    extra = Optional(Json)


class Passport(db.Entity):
    person = Required(Person)
    issued = Required(datetime)


class Course(db.Entity):
    name = Required(str)
    semester = Required(int)
    students = Set(Student)
    rooms = orm.Set("Room")
    PrimaryKey(name, semester)


class Room(db.Entity):
    course = Required(Course)
    number = Required(int)
    composite_key(course, number)


class Team(db.Entity):
    leader = Optional(Person)
    members = Set(Person)
""",
}


@needs("pony")
def test_the_tables_and_keys_of_pony_are_those_that_it_makes(tmp_path: Path) -> None:
    judge = judged("pony_registry.py", tmp_path, PONY, "{}", "shop.models", "db")
    facts = found(pony.detect, PONY)
    assert tables(facts) == judge["tables"]
    assert keys(facts) == judge["foreign_keys"]
