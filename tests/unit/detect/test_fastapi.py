from __future__ import annotations

from sources import detected, only

from decompose.detect.fastapi import detect
from decompose.model.facts import Fact, Route, Unresolved


def routes(facts: list[Fact]) -> list[str]:
    return [f"{','.join(route.methods)} {route.path} {route.handler}" for route in only(Route, facts)]


def test_a_project_without_fastapi_gives_nothing() -> None:
    assert detected(detect, "router = make()\n@router.get('/')\ndef index(): ...\n") == []


def test_prefixes_add_up_across_modules() -> None:
    facts = detected(
        detect,
        items="from fastapi import APIRouter\nrouter = APIRouter(prefix='/items')\n@router.get('/{id}')\nasync def read(id: int): ...\n",
        v1="from fastapi import APIRouter\nimport items\napi = APIRouter()\napi.include_router(items.router, prefix='/v1')\n",
        main="from fastapi import FastAPI\nfrom v1 import api\napp = FastAPI()\napp.include_router(api, prefix='/api')\n",
    )
    assert routes(facts) == ["GET /api/v1/items/{id} items.read"]


def test_a_prefix_from_a_settings_class() -> None:
    facts = detected(
        detect,
        config="class Settings:\n    API: str = '/api'\nsettings = Settings()\n",
        main="""
        from fastapi import APIRouter, FastAPI
        from config import settings
        router = APIRouter()
        @router.post("/x")
        def x(): ...
        app = FastAPI()
        app.include_router(router, prefix=f"{settings.API}/v2")
        """,
    )
    assert routes(facts) == ["POST /api/v2/x main.x"]


def test_routers_included_in_a_loop() -> None:
    facts = detected(
        detect,
        a="from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/a')\ndef a(): ...\n",
        b="from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/b')\ndef b(): ...\n",
        main="import a, b\nfrom fastapi import FastAPI\napp = FastAPI()\nfor each in [a.router, b.router]:\n    app.include_router(each)\n",
    )
    assert routes(facts) == ["GET /a a.a", "GET /b b.b"]


def test_an_application_passed_to_functions_and_mounted() -> None:
    facts = detected(
        detect,
        """
        from fastapi import FastAPI
        def make_api():
            api = FastAPI()
            add_routes(api)
            return api
        def add_routes(target: FastAPI):
            @target.get("/ping")
            def ping(): ...
        app = FastAPI()
        app.mount("/api", make_api())
        """,
    )
    assert routes(facts) == ["GET /api/ping app.add_routes.ping"]


def test_websockets_and_several_methods() -> None:
    facts = detected(
        detect,
        """
        from fastapi import FastAPI
        app = FastAPI()
        @app.websocket("/ws")
        async def ws(socket): ...
        @app.api_route("/both", methods=["GET", "POST"])
        def both(): ...
        def added(): ...
        app.add_api_route("/added", added, methods=["PUT"])
        """,
    )
    assert routes(facts) == ["WEBSOCKET /ws app.ws", "GET,POST /both app.both", "PUT /added app.added"]


def test_starlettes_lists_of_routes() -> None:
    facts = detected(
        detect,
        """
        from starlette.applications import Starlette
        from starlette.routing import Mount, Route
        def home(request): ...
        def user(request): ...
        app = Starlette(routes=[Route("/", home), Mount("/users", routes=[Route("/{name}", user, methods=["POST"])])])
        """,
    )
    assert routes(facts) == ["GET / app.home", "POST /users/{name} app.user"]


def test_a_router_that_is_never_included_is_reported() -> None:
    facts = detected(detect, "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/x')\ndef x(): ...\n")
    assert routes(facts) == ["GET /x app.x"]
    assert [each.reason for each in only(Unresolved, facts)] == ["no place was found that includes this router"]
