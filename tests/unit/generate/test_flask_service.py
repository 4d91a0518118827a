"""The service of a Flask monolith: stand-ins, application and configuration around moved code."""

from __future__ import annotations

import ast

import pytest
from flask_shop import SHOP, made, shop

from decompose.errors import RefusedInput
from decompose.generate.sqlalchemy.database import Database, database_of


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    return made()


def test_every_file_parses(files: dict[str, str]) -> None:
    for path, text in files.items():
        if path.endswith(".py"):
            ast.parse(text, path)


def test_shadows_stand_before_the_models_that_need_them(files: dict[str, str]) -> None:
    names = [node.name for node in ast.parse(files["shop/models.py"]).body if isinstance(node, ast.ClassDef)]
    assert names == ["State", "Label", "Customer", "User", "Order", "OrderLine"]


def test_a_shadow_has_the_columns_in_use_and_the_other_end_of_a_relationship(files: dict[str, str]) -> None:
    text = files["shop/models.py"]
    assert 'orders = _orm.relationship("shop.models.Order", back_populates="customer")' in text
    assert "secret" not in text and "class User(_UserMixin, _db.Model):" in text


def test_the_class_that_models_derive_from_goes_along_with_the_extension(files: dict[str, str]) -> None:
    assert "class Base(DeclarativeBase):" in files["shop/extensions.py"]


def test_routes_answer_under_the_prefix_of_the_monolith_and_errors_as_there(files: dict[str, str]) -> None:
    app = files["orders_service/app.py"]
    assert '    app.register_blueprint(orders_api, url_prefix="/v1/orders")\n' in app or '    app.register_blueprint(routes_api, url_prefix="/v1/orders")\n' in app
    assert "    answer(app)\n" in app
    assert "    login.request_loader(identity.user)\n" in app


def test_extensions_that_speak_to_browsers_are_not_started() -> None:
    text = SHOP.replace("from flask_sqlalchemy import", "from flask_wtf.csrf import CSRFProtect\nfrom flask_sqlalchemy import", 1)
    files = made(text.replace("login = LoginManager()\n", "login = LoginManager()\ncsrf = CSRFProtect()\n"))
    assert "csrf = CSRFProtect()" in files["shop/extensions.py"]
    assert "csrf" not in files["orders_service/app.py"]


def test_settings_that_moved_code_reads_are_taken_over(files: dict[str, str]) -> None:
    config = files["orders_service/config.py"]
    assert 'VAT = Decimal(os.environ.get("VAT", "0.20"))\n' in config
    assert "PAGE" not in config and 'SECRET_KEY = "x"' not in config


def test_requirements_are_those_of_the_framework_and_of_the_code(files: dict[str, str]) -> None:
    names = {line.split(">")[0].split("[")[0].lower() for line in files["requirements.txt"].splitlines()}
    assert {"flask", "flask-sqlalchemy", "flask-login", "sqlalchemy", "alembic", "gunicorn", "pydantic", "httpx"} <= names


def test_the_database_is_found_where_the_code_makes_it() -> None:
    assert database_of(shop().service("orders")) == Database("shop.extensions.db.Model", "shop.extensions.db")


PLAIN = SHOP.replace("from flask_sqlalchemy import SQLAlchemy\n", "from sqlalchemy import create_engine\n").replace(
    "from sqlalchemy.orm import DeclarativeBase\n", "from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker\n"
)


def test_plain_sqlalchemy_is_found_by_its_session_maker() -> None:
    text = PLAIN.replace("db = SQLAlchemy(model_class=Base)", 'db = scoped_session(sessionmaker(bind=create_engine("sqlite://")))').replace("db.Model", "Base")
    text = text.replace("from shop.extensions import db\n\nMONEY", "from shop.extensions import Base, db\n\nMONEY").replace("db.metadata", "Base.metadata")
    assert database_of(shop(text).service("orders")) == Database("shop.extensions.Base", maker="shop.extensions.db", scoped=True)


def test_code_without_a_known_database_is_refused() -> None:
    with pytest.raises(RefusedInput, match="no base class"):
        database_of(shop(PLAIN.replace("db = SQLAlchemy(model_class=Base)", "db = object()")).service("orders"))
