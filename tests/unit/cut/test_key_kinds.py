"""What kind of key each foreign key is, in small projects as they are written.

A join table that is declared counts as its two keys, one that Django makes as the relation.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from decompose import pipeline

DJANGO = {
    "manage.py": "",
    "shop/__init__.py": "",
    "shop/settings.py": "INSTALLED_APPS = ['shop']\n",
    "shop/models.py": """
from django.db import models

class Place(models.Model):
    name = models.TextField()

class Dated(models.Model):
    class Meta:
        abstract = True

class Restaurant(Dated, Place):
    near = models.OneToOneField(Place, models.CASCADE, related_name='close')

class Meal(models.Model):
    served_at = models.ForeignKey(Restaurant, models.CASCADE)
    tags = models.ManyToManyField('Tag')

class Tag(models.Model):
    pass
""",
}

SQLALCHEMY = {
    "app/__init__.py": "",
    "app/models.py": """
from sqlalchemy import Column, ForeignKey, Integer, Table
from sqlalchemy.orm import declarative_base, relationship

Base = declarative_base()
marks = Table('marks', Base.metadata, Column('meal_id', ForeignKey('meal.id')), Column('tag_id', ForeignKey('tag.id')))

class Place(Base):
    __tablename__ = 'place'
    id = Column(Integer, primary_key=True)

class Restaurant(Place):
    __tablename__ = 'restaurant'
    id = Column(ForeignKey('place.id'), primary_key=True)
    near_id = Column(ForeignKey('place.id'), unique=True)

class Meal(Base):
    __tablename__ = 'meal'
    id = Column(Integer, primary_key=True)
    served_at_id = Column(ForeignKey('restaurant.id'))
    tags = relationship('Tag', secondary=marks)

class Tag(Base):
    __tablename__ = 'tag'
    id = Column(Integer, primary_key=True)
""",
}


@pytest.mark.parametrize(
    ("files", "kinds"),
    [
        (
            DJANGO,
            {
                "shop_meal.served_at_id": "foreign-key",
                "shop_meal.tags": "many-to-many",
                "shop_restaurant.near_id": "one-to-one",
                "shop_restaurant.place_ptr_id": "inheritance",
            },
        ),
        (
            SQLALCHEMY,
            {
                "marks.meal_id": "foreign-key",
                "marks.tag_id": "foreign-key",
                "meal.served_at_id": "foreign-key",
                "restaurant.id": "inheritance",
                "restaurant.near_id": "one-to-one",
            },
        ),
    ],
    ids=["Django", "SQLAlchemy"],
)
def test_the_kind_of_each_key(tmp_path: Path, files: dict[str, str], kinds: dict[str, str]) -> None:
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(content)
    found = pipeline.analyze(tmp_path, jobs=1, cache=False).to_json()["foreign_keys"]
    assert {each["src"]: each["kind"] for each in found} == kinds
