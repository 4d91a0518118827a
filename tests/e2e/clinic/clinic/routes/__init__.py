"""The application's addresses."""

from flask import Flask

from clinic.routes import auth, invoices, owners, pages, pharmacy, ratings, visits


def init_app(app: Flask) -> None:
    app.register_blueprint(auth.blueprint)
    app.register_blueprint(owners.blueprint)
    app.register_blueprint(visits.blueprint)
    app.register_blueprint(invoices.blueprint)
    app.register_blueprint(pharmacy.blueprint)
    app.register_blueprint(ratings.blueprint)
    app.register_blueprint(pages.blueprint)
