"""FastAPI and Starlette: routes of applications and routers with all prefixes, mounts, websockets.

A websocket has the method ``WEBSOCKET``. HEAD, which Starlette adds by itself, is left out, and so are the pages that FastAPI makes for
its own documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from decompose.link.expressions import argument, elements, keyword, last_name, source, turns
from decompose.link.hooks import Hooks
from decompose.link.objects import Made, Objects, Site, text
from decompose.link.program import Program
from decompose.model.facts import Fact, Route, Subscription, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Definition, Expression, ModuleSummary, Template, Use

_PACKAGES = frozenset({"fastapi", "starlette", "fastapi_utils", "fastapi_restful", "fastapi_versioning"})
_CONSTRUCTORS = {
    "FastAPI": "app", "Starlette": "app", "APIRouter": "router", "Router": "router", "InferringRouter": "router", "VersionedFastAPI": "app",
}  # fmt: skip
_METHODS = {"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE", "options": "OPTIONS", "head": "HEAD", "trace": "TRACE"}  # fmt: skip
_SOCKETS = frozenset({"websocket", "websocket_route"})
_ADDING = frozenset({"include_router", "mount", "add_api_route", "add_route", "add_websocket_route", "add_api_websocket_route"})

_HOOKS = {"on_event": 1, "add_event_handler": 1, "middleware": 1, "add_middleware": 0, "exception_handler": 1, "add_exception_handler": 1}
"""Methods that register what the application calls later, with the position of the function in a direct call."""


class Endpoint(msgspec.Struct, frozen=True):
    """A route before its prefixes are known; ``owner`` is the key of its router or application."""

    owner: str
    path: str
    methods: tuple[str, ...]
    handler: str
    name: str
    at: Location


class Inclusion(msgspec.Struct, frozen=True):
    """``parent.include_router(child, prefix=...)`` or ``parent.mount(path, child)``."""

    parent: str
    child: str
    prefix: str
    at: Location


def detect(program: Program) -> Iterator[Fact]:
    """Routes with their full paths; nothing when the target uses neither FastAPI nor Starlette."""
    if any(each.module.split(".", 1)[0] in _PACKAGES for module in program.modules.values() for each in module.imports):
        yield from Api(program).facts()


def _kind_of(dotted: str) -> str:
    return _CONSTRUCTORS.get(dotted.rpartition(".")[2], "") if dotted.split(".", 1)[0] in _PACKAGES else ""


class Api:
    """All registrations of the target, collected first and joined with their prefixes afterwards."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, _kind_of)
        self.made: dict[str, Made] = {}
        self.endpoints: list[Endpoint] = []
        self.inclusions: list[Inclusion] = []
        self.unresolved: list[Unresolved] = []

    def facts(self) -> Iterator[Fact]:
        for module in self.program.modules.values():
            routing = [
                (definition, decorator)
                for definition in module.definitions
                for decorator in definition.decorators
                if isinstance(decorator, Chain) and self._routing(decorator)
            ]
            uses = [use for use in module.uses if use.sink == "decorator"] if routing else []
            for definition, decorator in routing:
                use = next((each for each in uses if each.scope == definition.id and each.chain == decorator), None)
                for site in self.objects.sites(use, module, definition.parent) if use is not None else ():
                    self._decorated(site, definition, module)
        for module, use in self.program.uses.calling(_ADDING):
            if last_name(use.chain) in _ADDING and isinstance(use.chain.steps[-1], Call):
                for site in self.objects.sites(use, module):
                    self._added(site, module)
        for module, use in self.program.uses.calling(_CONSTRUCTORS):
            if use.sink != "decorator" and isinstance(use.chain.steps[-1], Call):
                self._constructed(use, module)
        yield from self._routes()
        yield from self._hooks()
        for id in self.program.subclasses("fastapi.APIRouter", "fastapi.routing.APIRouter", "fastapi.FastAPI"):
            own = [name for name in ("add_api_route", "api_route", "include_router", "add_route") if name in self.program.members(id)]
            if own:
                reason = f"it has its own {own[0]}(), which may change the routes"
                yield Unresolved("route", id.rpartition(".")[2], reason, self.program.place(f"{id}.{own[0]}"))
        yield from dict.fromkeys(self.unresolved)

    # --- collecting -----------------------------------------------------------------------------

    def _owner(self, chain: Chain, module: str, scope: str) -> Made | None:
        found = self.objects.receiver(chain, module, scope)
        if found is None or found[1] != len(chain.steps) - 2:
            return None
        self.made.setdefault(found[0].key, found[0])
        return found[0]

    @staticmethod
    def _routing(decorator: Chain) -> bool:
        method = last_name(decorator)
        known = method in _METHODS or method in _SOCKETS or method in ("api_route", "route")
        return known and bool(decorator.steps) and isinstance(decorator.steps[-1], Call)

    def _decorated(self, site: Site, definition: Definition, module: ModuleSummary) -> None:
        decorator, use = site.chain, site.use
        method = last_name(decorator)
        owner = self._owner(decorator, site.module, site.scope)
        at = self.program.at(module.name, use.span.line)
        if owner is None:
            if self._assumed(decorator):
                self.unresolved.append(Unresolved("route", source(decorator)[:160], "which router this is is not known", at))
            return
        call = decorator.steps[-1]
        assert isinstance(call, Call)
        path = text(self.program, argument(call, 0, "path"), module, use)
        if path is None:
            self.unresolved.append(Unresolved("route", source(decorator)[:160], "its path is computed", at))
            return
        self.endpoints.append(Endpoint(owner.key, path, self._methods(method, call), definition.id, definition.id.rpartition(".")[2], at))

    def _assumed(self, decorator: Chain) -> bool:
        """A decorator that looks like a route of a router that is not followed, such as a parameter's."""
        names = [step for step in decorator.steps if isinstance(step, str)]
        name = names[-2] if len(names) > 1 else decorator.root.rpartition(".")[2]
        return name in ("router", "app", "api", "api_router") and self.program.head(decorator)[0].kind in ("unknown", "binding")

    def _methods(self, method: str, call: Call) -> tuple[str, ...]:
        if method in _METHODS:
            return (_METHODS[method],)
        if "websocket" in method:
            return ("WEBSOCKET",)
        found = elements(self.program, keyword(call, "methods")) or ()
        names = {value.upper() for each in found if isinstance(value := self.program.constant(each), str)}
        for each in found:
            if isinstance(each, Chain) and last_name(each).upper() in _METHODS.values():
                names.add(last_name(each).upper())
        return tuple(sorted(names)) or ("GET",)

    def _added(self, site: Site, module: ModuleSummary) -> None:
        chain = site.chain
        call = chain.steps[-1]
        assert isinstance(call, Call)
        how = last_name(chain)
        at = self.program.at(site.module, site.line)
        owner = self._owner(chain, site.module, site.scope)
        if owner is None:
            if how == "include_router":
                self.unresolved.append(Unresolved("route", source(chain)[:160], "what the router is included into is not known", at))
            return
        for each in turns(call):
            if how in ("include_router", "mount"):
                self._included(owner, how, each, site, at)
            else:
                self._endpoint(owner, how, each, site, at)

    def _endpoint(self, owner: Made, how: str, call: Call, site: Site, at: Location) -> None:
        path = self._string(argument(call, 0, "path"), site)
        handler = self._handler(argument(call, 1, "endpoint", "route"))
        if path is None or not handler:
            self.unresolved.append(Unresolved("route", source(site.chain)[:160], "its path is computed" if path is None else "its endpoint is not followed", at))  # fmt: skip
            return
        methods = self._answered(handler, call) if how == "add_route" else self._methods(how, call)
        self.endpoints.append(Endpoint(owner.key, path, methods, handler, handler.rpartition(".")[2], at))

    def _answered(self, handler: str, call: Call) -> tuple[str, ...]:
        """The methods of Starlette's ``Route``: those given, or those that an ``HTTPEndpoint`` defines."""
        definition = self.program.definition(handler)
        if definition is None or definition.kind != "class" or keyword(call, "methods") is not None:
            return self._methods("route", call)
        return tuple(sorted(name for method, name in _METHODS.items() if self.program.declaring_class(handler, method))) or ("GET",)

    def _included(self, owner: Made, how: str, call: Call, site: Site, at: Location) -> None:
        given = argument(call, 0, "router") if how == "include_router" else argument(call, 1, "app")
        prefix_given = keyword(call, "prefix") if how == "include_router" else argument(call, 0, "path")
        prefix = self._string(prefix_given, site) if prefix_given is not None else ""
        children = self.objects.each(given, site.module, site.scope)
        if how == "mount" and not children:
            return  # static files and foreign applications have no routes of ours
        if not children:
            self.unresolved.append(Unresolved("route", source(site.chain)[:160], "which router is included is not known", at))
        if prefix is None:
            self.unresolved.append(Unresolved("route", source(site.chain)[:160], "the prefix is computed", at))
            if how == "mount":
                return  # an application below an unknown path still stands on its own
            prefix = "/{" + source(prefix_given) + "}"
        for each in children:
            self.made.setdefault(each.key, each)
            self.inclusions.append(Inclusion(owner.key, each.key, prefix.rstrip("/") if how == "mount" else prefix, at))

    def _string(self, expression: Expression | None, site: Site) -> str | None:
        return text(self.program, expression, self.program.modules.get(site.module), site.use)

    def _handler(self, expression: Expression | None) -> str:
        if not isinstance(expression, Chain):
            return ""
        state, rest = self.program.head(expression)
        if state.kind in ("function", "class") and not any(isinstance(step, str) for step in rest):
            return state.id
        if state.kind in ("class", "instance") and rest and isinstance(rest[0], str):
            member = self.program.member(state.id, rest[0])
            return member.id if isinstance(member, Definition) else ""
        return ""

    # --- what the application calls by itself ----------------------------------------------------

    def _hooks(self) -> Iterator[Fact]:
        hooks = Hooks(self.program, self.objects, "fastapi", _HOOKS, lambda *place: self.objects.made(*place) is not None, frozenset({"on_event", "add_event_handler"}))
        found = list(hooks.facts())
        for module, use in self.program.uses.calling(_CONSTRUCTORS):
            state, rest = self.program.head(use.chain)
            call = rest[0] if rest else None
            if not isinstance(call, Call) or self.objects.kind(state.id) == "":
                continue
            at = self.program.at(module.name, use.span.line)
            for name in ("lifespan", "on_startup", "on_shutdown"):
                given = keyword(call, name)
                handlers = filter(None, map(hooks.function, elements(self.program, given) or (given,)))
                found.extend(Subscription(f"fastapi.{name.removeprefix('on_')}", "", handler, at) for handler in handlers)
        yield from dict.fromkeys(found)

    # --- Starlette's lists ----------------------------------------------------------------------

    def _constructed(self, use: Use, module: ModuleSummary) -> None:
        """``Starlette(routes=[Route("/x", endpoint), Mount("/y", routes=[...])])``."""
        state, rest = self.program.head(use.chain)
        if state.kind != "external" or self.objects.kind(state.id) == "" or len(rest) != 1 or not isinstance(rest[0], Call):
            return
        routes = argument(rest[0], 0 if state.id.rpartition(".")[2] == "Router" else -1, "routes")
        if routes is None:
            return
        made = self._named(use, module)
        if made is not None:
            self.made.setdefault(made.key, made)
            self._listed(made.key, "", routes, module, use, 0)

    def _named(self, use: Use, module: ModuleSummary) -> Made | None:
        """The object that this very call makes, by the name it is assigned to."""
        if use.sink == "assign" and use.target and not use.scope:
            return self.objects.made(Chain(f"{module.name}.{use.target}", "global"), module.name)
        return self.objects.made(use.chain, module.name, use.scope)

    def _listed(self, owner: str, prefix: str, routes: Expression, module: ModuleSummary, use: Use, depth: int) -> None:
        at = self.program.at(module.name, use.span.line)
        found = elements(self.program, routes)
        if found is None:
            self.unresolved.append(Unresolved("route", source(routes)[:160], "the list of routes is computed", at))
            return
        for each in found:
            if not isinstance(each, Chain) or depth > 8:
                continue
            state, rest = self.program.head(each)
            call = rest[0] if rest and isinstance(rest[0], Call) else None
            if call is None or not state.id.startswith(("starlette.", "fastapi.")):
                continue
            kind = state.id.rpartition(".")[2]
            path = text(self.program, argument(call, 0, "path"), module, use)
            if path is None:
                self.unresolved.append(Unresolved("route", source(each)[:160], "its path is computed", at))
            elif kind == "Mount":
                self._mounted(owner, prefix + path.rstrip("/"), call, module, use, depth)
            elif kind in ("Route", "WebSocketRoute", "APIRoute"):
                handler = self._handler(argument(call, 1, "endpoint"))
                methods = ("WEBSOCKET",) if kind == "WebSocketRoute" else self._answered(handler, call)
                if handler:
                    self.endpoints.append(Endpoint(owner, prefix + path, methods, handler, handler.rpartition(".")[2], at))
                else:
                    self.unresolved.append(Unresolved("route", source(each)[:160], "its endpoint is not followed", at))

    def _mounted(self, owner: str, prefix: str, call: Call, module: ModuleSummary, use: Use, depth: int) -> None:
        routes = keyword(call, "routes")
        if routes is not None:
            self._listed(owner, prefix, routes, module, use, depth + 1)
            return
        child = self.objects.made(argument(call, 1, "app"), module.name, use.scope)
        if child is not None:
            self.made.setdefault(child.key, child)
            self.inclusions.append(Inclusion(owner, child.key, prefix, self.program.at(module.name, use.span.line)))

    # --- joining --------------------------------------------------------------------------------

    def _routes(self) -> Iterator[Fact]:
        parents: dict[str, list[Inclusion]] = {}
        for inclusion in self.inclusions:
            parents.setdefault(inclusion.child, []).append(inclusion)
        emitted: set[tuple[str, tuple[str, ...], str]] = set()
        lonely: dict[str, Endpoint] = {}
        for endpoint in self.endpoints:
            for prefix, mount in self._prefixes(endpoint.owner, parents, 0):
                path = prefix + endpoint.path or "/"
                if (path, endpoint.methods, endpoint.handler) not in emitted:
                    emitted.add((path, endpoint.methods, endpoint.handler))
                    yield Route(endpoint.methods, path, endpoint.handler, endpoint.at, "fastapi", endpoint.name, "api", False, mount)
            if endpoint.owner not in parents and self.made[endpoint.owner].kind == "router":
                lonely.setdefault(endpoint.owner, endpoint)
        for key, endpoint in sorted(lonely.items()):
            name = key.rpartition(":")[2] or key
            yield Unresolved("route", name, "no place was found that includes this router", endpoint.at)

    @staticmethod
    def _use_of(made: Made, module: ModuleSummary | None) -> Use | None:
        """Where the call that made an object stands: the holes of its strings are filled from there."""
        if module is None or not any(isinstance(value, Template) for _, value in made.call.keywords):
            return None
        return next((use for use in module.uses if any(step is made.call for step in use.chain.steps)), None) or next(
            (use for use in module.uses if made.call in use.chain.steps), None
        )

    def _prefixes(self, owner: str, parents: dict[str, list[Inclusion]], depth: int) -> list[tuple[str, Location | None]]:
        made = self.made.get(owner)
        if made is None or depth > 12:
            return [("", None)]
        own = ""
        if made.kind == "router":
            given = argument(made.call, -1, "prefix")
            module = self.program.modules.get(made.module)
            own = (text(self.program, given, module, self._use_of(made, module)) if given is not None else "") or ""
            if given is not None and not own and source(given) not in ("''", '""'):
                own = "/{" + source(given) + "}"
        inclusions = parents.get(owner, [])
        if not inclusions:
            return [(own, None)]
        found: list[tuple[str, Location | None]] = []
        for inclusion in inclusions:
            for prefix, _ in self._prefixes(inclusion.parent, parents, depth + 1):
                found.append((prefix + inclusion.prefix + own, inclusion.at))
        return list(dict.fromkeys(found))
