"""The clinic's application."""

from flask import Flask

from clinic import cli, errors, routes
from clinic.config import Config
from clinic.extensions import db, login_manager, migrate


def create_app(config: object = Config) -> Flask:
    app = Flask(__name__)
    app.config.from_object(config)
    db.init_app(app)
    migrate.init_app(app, db)
    login_manager.init_app(app)
    routes.init_app(app)
    errors.init_app(app)
    cli.init_app(app)
    return app
