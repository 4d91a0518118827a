"""Rows that the contract suite of a service on SQLAlchemy makes for itself."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest
from sqlalchemy import ForeignKey, create_engine, event, func, inspect, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from decompose.generate.render import make_render
from decompose.resources import templates


class Base(DeclarativeBase):
    pass


class Ward(Base):
    __tablename__ = "ward"
    id: Mapped[int] = mapped_column(primary_key=True)
    head_id: Mapped[int | None] = mapped_column(ForeignKey("nurse.id"))


class Nurse(Base):
    __tablename__ = "nurse"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    ward_id: Mapped[int | None] = mapped_column(ForeignKey("ward.id"))


MODELS = {each.__name__: each for each in (Ward, Nurse)}


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The module as it is generated, on a database whose keys are looked at with each statement."""
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda connection, record: connection.execute("PRAGMA foreign_keys = ON"))
    Base.metadata.create_all(engine)
    session = Session(engine)
    objects = SimpleNamespace(
        session=lambda: session, label_of_class=lambda kind: kind.__name__, label_of=lambda value: type(value).__name__ if isinstance(value, Base) else ""
    )
    for name, values in {"near": {"objects": objects}, "near.runtime": {"resolve": MODELS.get}, "examples": {"OWNED": ("Ward",)}}.items():
        module = ModuleType(name)
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, name, module)
    made = ModuleType("rows")
    exec(make_render(templates())("contract/sqlalchemy/rows.py.j2", boundaries="near"), vars(made))
    made.engine, made.metadata = engine, Base.metadata
    made._without_keys = lambda connection: None  # keys that cannot wait, as most are on PostgreSQL
    return made


def count(rows: SimpleNamespace) -> list[int]:
    with rows.engine.connect() as connection:
        return [connection.execute(select(func.count()).select_from(each)).scalar_one() for each in MODELS.values()]


def test_tables_that_point_at_each_other_end_the_row_that_is_made(rows: SimpleNamespace) -> None:
    ward = rows.make("Ward")
    assert ward.head_id is not None
    assert count(rows) == [1, 1]


def test_rows_in_a_circle_are_put_back_as_they_were_and_wiped(rows: SimpleNamespace) -> None:
    ward = rows.make("Ward")
    nurse = rows.objects.session().get(Nurse, ward.head_id)
    nurse.ward_id = ward.id
    rows.objects.session().commit()
    with rows.taken_back():
        rows.make("Nurse")
    rows.objects.session().expire_all()
    assert (ward.head_id, nurse.ward_id, count(rows)) == (nurse.id, ward.id, [1, 1])
    rows.let_go()
    rows.wipe()
    assert count(rows) == [0, 0]


def test_wanted_values_of_a_row_are_its_columns_that_say_something(rows: SimpleNamespace) -> None:
    assert rows.values_of(Nurse(name="x"), ["name", "ward_id", "no_column"]) == {"name": "x"}
    assert inspect(Nurse).local_table in rows.closing() or inspect(Ward).local_table in rows.closing()


def test_rows_stay_in_their_session_where_arguments_are_copied(rows: SimpleNamespace) -> None:
    ward, words = rows.make("Ward"), {"said": ["x"]}
    given = rows.copied({"ward": ward, "wards": [ward], "words": words})
    assert given["ward"] is ward and given["wards"] == [ward]
    given["wards"].append(ward)
    given["words"]["said"].append("y")
    assert rows.copied({"wards": [ward], "words": words}) == {"wards": [ward], "words": {"said": ["x"]}}
