from __future__ import annotations

from sources import accesses, detected, only

from decompose.detect.sqlalchemy import detect
from decompose.model.facts import ForeignKey, Table, Transaction, Unresolved

BASE = """
from __future__ import annotations
from sqlalchemy import Column, ForeignKey, Integer, String, Table, MetaData, select, insert, update, delete, func
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    orders: Mapped[list["Order"]] = relationship(back_populates="user")

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="cascade"))
    paid: Mapped[bool] = mapped_column(default=False)
    user: Mapped["User"] = relationship(back_populates="orders")
"""


def tables(*texts: str, **files: str) -> dict[str, Table]:
    return {table.id: table for table in only(Table, detected(detect, *texts, **files))}


def test_a_project_without_sqlalchemy_gives_nothing() -> None:
    assert detected(detect, "class Base: pass\nclass User(Base):\n    __tablename__ = 'users'\n") == []


def test_annotations_give_type_and_nullability() -> None:
    name = tables(BASE)["users"].columns[1]
    assert (name.name, name.type, name.nullable) == ("name", "string", True)


def test_a_foreign_key_knows_its_accessor_and_rule() -> None:
    (key,) = only(ForeignKey, detected(detect, BASE))
    assert (key.table, key.column, key.target, key.on_delete, key.accessor) == ("orders", "user_id", "users", "CASCADE", "orders")


def test_flask_sqlalchemy_names_tables_itself() -> None:
    found = tables(
        db="from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n",
        models="from db import db\nclass HTTPLogEntry(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n",
    )
    assert list(found) == ["http_log_entry"]


def test_sqlmodel_maps_only_classes_with_table_true() -> None:
    found = tables(
        """
        from sqlmodel import Field, SQLModel
        class HeroBase(SQLModel):
            name: str
        class Hero(HeroBase, table=True):
            id: int | None = Field(default=None, primary_key=True)
            team_id: int | None = Field(default=None, foreign_key="team.id")
        """
    )
    assert [column.name for column in found["hero"].columns] == ["id", "team_id", "name"]


def test_a_declared_attr_makes_the_name_from_the_class() -> None:
    found = tables(
        """
        from sqlalchemy import Column, Integer
        from sqlalchemy.orm import declarative_base, declared_attr
        class Named:
            @declared_attr
            def __tablename__(cls):
                return cls.__name__.lower() + "s"
            id = Column(Integer, primary_key=True)
        Base = declarative_base(cls=Named)
        class Invoice(Named, Base):
            pass
        """
    )
    assert list(found) == ["invoices"]


def test_single_table_inheritance_adds_to_the_parents_table() -> None:
    found = tables(BASE + "class Admin(User):\n    level: Mapped[int]\n")
    assert found["users"].models == ("app.User", "app.Admin")
    assert "level" in {column.name for column in found["users"].columns}


def test_joined_inheritance_has_a_table_of_its_own_columns() -> None:
    text = "class Admin(User):\n    __tablename__ = 'admins'\n    id: Mapped[int] = mapped_column(ForeignKey('users.id'), primary_key=True)\n"
    found = tables(BASE + text)
    assert [column.name for column in found["admins"].columns] == ["id"]


def test_schema_comes_from_the_table_arguments() -> None:
    found = tables(BASE + "class Log(Base):\n    __tablename__ = 'log'\n    __table_args__ = {'schema': 'audit'}\n    id: Mapped[int] = mapped_column(primary_key=True)\n")  # fmt: skip
    assert "audit.log" in found


def test_an_association_table_is_a_join_and_makes_a_many_to_many() -> None:
    text = """
member = Table("member", Base.metadata, Column("user_id", ForeignKey("users.id")), Column("group_id", ForeignKey("groups.id")))
class Group(Base):
    __tablename__ = "groups"
    id: Mapped[int] = mapped_column(primary_key=True)
    users: Mapped[list[User]] = relationship(secondary=member, backref="groups")
"""
    facts = detected(detect, BASE + text)
    assert [table.kind for table in only(Table, facts) if table.id == "member"] == ["join"]
    assert [(key.table, key.target, key.through, key.accessor) for key in only(ForeignKey, facts) if key.kind == "many-to-many"] == [
        ("groups", "users", "member", "groups")
    ]


def test_an_imperative_mapping_gives_the_class_its_table() -> None:
    found = tables(
        """
        from sqlalchemy import Column, Integer, MetaData, Table
        from sqlalchemy.orm import registry
        mapper_registry = registry()
        users = Table("users", MetaData(), Column("id", Integer, primary_key=True))
        class User: ...
        mapper_registry.map_imperatively(User, users)
        """
    )
    assert found["users"].model == "app.User"


def test_a_computed_table_name_is_reported() -> None:
    facts = detected(detect, BASE + "class Odd(Base):\n    __tablename__ = compute()\n    id: Mapped[int] = mapped_column(primary_key=True)\n")
    assert [(each.kind, each.text) for each in only(Unresolved, facts)] == [("table", "Odd")]


def test_queries_statements_and_sessions_touch_tables() -> None:
    found = accesses(
        detected(
            detect,
            BASE
            + """
def by_query(session: Session):
    return session.query(User).join(Order).filter(Order.paid).all()
def by_select(session: Session):
    return session.scalars(select(Order).where(Order.id == 1)).first()
def by_delete(session: Session):
    session.execute(delete(Order).where(Order.paid))
def by_add(session: Session):
    session.add(User(name="x"))
def by_store(session: Session):
    order = session.get(Order, 1)
    order.paid = True
    return order.user.name
""",
        )
    )
    assert found == {
        "by_query reads users", "by_query reads orders", "by_select reads orders", "by_delete writes orders", "by_add writes users",
        "by_store reads orders", "by_store writes orders", "by_store reads users",
    }  # fmt: skip


def test_a_session_known_only_by_its_name_is_not_certain() -> None:
    assert accesses(detected(detect, BASE + "def f(db):\n    db.add(User())\n")) == {"f maybe writes users"}


def test_a_dependency_gives_its_session() -> None:
    text = """
from fastapi import Depends
SessionLocal = sessionmaker()
def get_db():
    db = SessionLocal()
    yield db
def view(db=Depends(get_db)):
    db.add(User())
"""
    assert "view writes users" in accesses(detected(detect, BASE + text))


def test_what_a_mixin_does_happens_where_it_is_called() -> None:
    text = """
class Saving:
    def save(self, session: Session):
        session.add(self)
    @classmethod
    def find(cls, session: Session):
        return session.scalars(select(cls)).first()
class Note(Saving, Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
def keep(session: Session):
    Note().save(session)
def load(session: Session):
    return Note.find(session)
"""
    assert accesses(detected(detect, BASE + text)) == {"keep writes notes", "load reads notes"}


def test_a_generic_repository_reads_the_model_it_is_made_for() -> None:
    text = """
from typing import Generic, TypeVar
T = TypeVar("T")
class Repository(Generic[T]):
    model = None
    def __init__(self, session: Session):
        self.session = session
    def all(self):
        return self.session.scalars(select(self.model)).all()
class Users(Repository[User]):
    model = User
def listing(session: Session):
    return Users(session).all()
"""
    assert accesses(detected(detect, BASE + text)) == {"listing reads users"}


def test_core_statements_on_table_objects() -> None:
    text = """
log = Table("log", MetaData(), Column("id", Integer))
def write(session: Session):
    session.execute(log.insert().values(id=1))
"""
    assert accesses(detected(detect, BASE + text)) == {"write writes log"}


def test_a_transaction_lasts_from_the_first_access_to_the_last_commit() -> None:
    text = "def pay(session: Session):\n    session.add(Order())\n    session.commit()\n"
    (transaction,) = only(Transaction, detected(detect, BASE + text))
    assert (transaction.kind, transaction.end_line - transaction.at.line) == ("session", 1)


def test_a_begin_block_is_a_transaction() -> None:
    text = "def pay(session: Session):\n    with session.begin():\n        session.add(Order())\n"
    (transaction,) = only(Transaction, detected(detect, BASE + text))
    assert (transaction.kind, transaction.definition) == ("block", "app.pay")


def test_adding_something_unknown_is_reported() -> None:
    facts = detected(detect, BASE + "def f(session: Session, thing):\n    session.add(thing)\n")
    assert [each.reason for each in only(Unresolved, facts)] == ["what is passed to add() is not known"]
