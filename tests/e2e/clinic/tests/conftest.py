import pytest

from clinic import create_app
from clinic.config import TestConfig
from clinic.extensions import db
from tests import factories


@pytest.fixture
def app():
    app = create_app(TestConfig)
    with app.app_context():
        db.create_all()
        yield app
        db.session.remove()
        db.drop_all()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def vet(app):
    return factories.make_user(password="secret", name="Vera")


@pytest.fixture
def assistant(app):
    return factories.make_user(role="assistant", password="secret", name="Anton")


def logged_in(app, user):
    client = app.test_client()
    reply = client.post("/api/login", json={"email": user.email, "password": "secret"})
    assert reply.status_code == 200
    return client


@pytest.fixture
def as_vet(app, vet):
    return logged_in(app, vet)


@pytest.fixture
def as_assistant(app, assistant):
    return logged_in(app, assistant)
