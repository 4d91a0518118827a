from __future__ import annotations

from sources import detected, only

from decompose.detect.flask import detect
from decompose.model.facts import Command, Fact, Route, StringReference, Unresolved


def routes(facts: list[Fact]) -> list[str]:
    return [f"{','.join(route.methods)} {route.path} {route.handler}" for route in only(Route, facts)]


def test_a_project_without_flask_gives_nothing() -> None:
    assert detected(detect, "app = make()\n@app.route('/')\ndef index(): ...\n") == []


def test_routes_of_an_application_factory() -> None:
    facts = detected(
        detect,
        """
        from flask import Flask
        def create_app():
            app = Flask(__name__)
            @app.route("/pay", methods=["POST", "OPTIONS"])
            def pay(): ...
            @app.get("/")
            def index(): ...
            return app
        """,
    )
    assert routes(facts) == ["POST /pay app.create_app.pay", "GET / app.create_app.index"]


def test_a_blueprint_gets_the_prefixes_of_all_its_parents() -> None:
    facts = detected(
        detect,
        bp="from flask import Blueprint\ninner = Blueprint('inner', __name__, url_prefix='/i')\n@inner.route('/x')\ndef x(): ...\n",
        main="""
        from flask import Flask, Blueprint
        from bp import inner
        app = Flask(__name__)
        outer = Blueprint("outer", __name__, url_prefix="/o")
        outer.register_blueprint(inner)
        app.register_blueprint(outer, url_prefix="/api")
        """,
    )
    assert routes(facts) == ["GET /api/i/x bp.x"]


def test_blueprints_registered_in_a_loop() -> None:
    facts = detected(
        detect,
        """
        from flask import Flask, Blueprint
        a = Blueprint("a", __name__)
        b = Blueprint("b", __name__)
        @a.route("/a")
        def of_a(): ...
        @b.route("/b")
        def of_b(): ...
        def create_app():
            app = Flask(__name__)
            for blueprint in (a, b):
                app.register_blueprint(blueprint, url_prefix="/v1")
            return app
        """,
    )
    assert routes(facts) == ["GET /v1/a app.of_a", "GET /v1/b app.of_b"]


def test_a_method_view_answers_the_methods_it_defines() -> None:
    facts = detected(
        detect,
        """
        from flask import Flask
        from flask.views import MethodView
        app = Flask(__name__)
        class Item(MethodView):
            def get(self): ...
            def post(self): ...
        app.add_url_rule("/item", view_func=Item.as_view("item"))
        """,
    )
    assert routes(facts) == ["GET,POST /item app.Item"]


def test_rules_added_by_a_helper_are_seen_where_it_is_called() -> None:
    facts = detected(
        detect,
        """
        from flask import Flask
        app = Flask(__name__)
        def add(target, routes, view, **options):
            for route in routes:
                target.add_url_rule(route, view_func=view, **options)
        def index(): ...
        add(app, ["/", "/home"], view=index)
        """,
    )
    assert routes(facts) == ["GET / app.index", "GET /home app.index"]


def test_restful_resources() -> None:
    facts = detected(
        detect,
        """
        from flask import Flask
        from flask_restful import Api, Resource
        app = Flask(__name__)
        api = Api(app, prefix="/api")
        class Things(Resource):
            def get(self): ...
            def delete(self): ...
        api.add_resource(Things, "/things")
        """,
    )
    assert routes(facts) == ["DELETE /api/things app.Things.delete", "GET /api/things app.Things.get"]


def test_an_unregistered_blueprint_is_reported_and_its_routes_kept() -> None:
    facts = detected(detect, "from flask import Blueprint\nbp = Blueprint('b', __name__, url_prefix='/b')\n@bp.route('/x')\ndef x(): ...\n")
    assert routes(facts) == ["GET /b/x app.x"]
    assert [each.reason for each in only(Unresolved, facts)] == ["no place was found that registers this blueprint"]


def test_endpoints_in_url_for_point_to_their_view() -> None:
    facts = detected(
        detect,
        """
        from flask import Flask, url_for, render_template
        app = Flask(__name__)
        @app.route("/")
        def index():
            return render_template("index.html", link=url_for("index"))
        """,
    )
    assert {(each.kind, each.text, each.target) for each in only(StringReference, facts)} == {
        ("url", "index", "app.index"),
        ("template", "index.html", "index.html"),
    }


def test_commands() -> None:
    facts = detected(
        detect,
        """
        import click
        from flask import Flask
        app = Flask(__name__)
        @app.cli.command("sync-all")
        def sync(): ...
        @click.command()
        def load_data(): ...
        """,
    )
    assert [(each.name, each.definition) for each in only(Command, facts)] == [("sync-all", "app.sync"), ("load-data", "app.load_data")]
