"""HTTP entry points, from the root URL configuration through includes and routers to views.

Paths are as the framework writes them, joined, with the anchors of regular expressions left out. Methods leave out HEAD and OPTIONS,
which every view answers. A plain function view answers any method as far as Django is concerned, and so it is stated (no methods), unless
its text tells more: what Django's decorators allow, else ``GET`` and ``POST`` when it looks at ``request.method``, ``POST`` or ``FILES``. The
second URL of a REST framework route, the one with a format suffix (``.json``), is not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from decompose.detect.django import standard
from decompose.detect.django.evaluate import Evaluator
from decompose.detect.django.owned import Made, Owners, added
from decompose.detect.django.settings import Settings, strings_in
from decompose.detect.django.values import Step
from decompose.link.expressions import argument, bound_arguments, first_call, keyword, literal, source, substitute
from decompose.link.program import Program
from decompose.model.facts import Route, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import (
    Binding,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Item,
    Mapping,
    ModuleSummary,
    Operation,
    Sequence,
    Template,
    Use,
)

_PATHS = {
    "django.urls.path": False, "django.urls.re_path": True, "django.conf.urls.url": True, "django.urls.conf.path": False,
    "django.urls.conf.re_path": True, "django.conf.urls.re_path": True, "django.conf.urls.path": False,
}  # fmt: skip
_INCLUDES = frozenset({"django.urls.include", "django.conf.urls.include", "django.urls.conf.include"})
_LANGUAGE = frozenset({"django.conf.urls.i18n.i18n_patterns", "i18n_patterns"})
_DEVELOPMENT = frozenset({"django.conf.urls.static.static", "django.contrib.staticfiles.urls.staticfiles_urlpatterns", "debug_toolbar.toolbar.debug_toolbar_urls"})
_SUFFIXES = "rest_framework.urlpatterns.format_suffix_patterns"
_TELLING = frozenset({"POST", "FILES", "method"})
"""Attributes of a request that a view looks at when it deals with forms: shown for GET, taken in for POST."""
_NO_PATTERNS = (Sequence(()), Constant(None))
_DEPTH = 20


class _Mounted(NamedTuple):
    """Where a list of patterns hangs; ``owner`` is the class of ``self`` where the list is made in a method."""

    prefix: str = ""
    regex: bool = False
    namespace: str = ""
    mount: Location | None = None
    localized: bool = False
    depth: int = 0
    owner: str = ""


class _View(NamedTuple):
    handler: str
    methods: tuple[str, ...]
    kind: Literal["view", "api", "admin"] = "view"


class _Registration(NamedTuple):
    prefix: str
    viewset: str
    basename: str
    at: Location


class RouteReader:
    """Reads the routes of a project."""

    def __init__(self, settings: Settings, evaluator: Evaluator) -> None:
        self.program: Program = settings.program
        self.settings = settings
        self.evaluator = evaluator
        self.owners = Owners(settings)
        self._lines: dict[str, dict[Chain, list[int]]] = {}
        self._registrations: dict[str, list[_Registration]] | None = None
        self._extensions: dict[str, list[Expression]] = {}
        self._added: dict[tuple[str, int], list[tuple[str, str]]] = {}
        """HTTP method and action that a router class adds to its list (0) or detail (2) route."""
        self._request_uses: dict[str, set[str]] = {}
        self._open: set[str] = set()
        self._unresolved: list[Unresolved] = []

    def facts(self) -> Iterator[Route | Unresolved]:
        """All routes, in the order in which Django would try them."""
        roots = [self.settings.root_urlconf] if self.settings.root_urlconf in self.program.modules else self._unincluded()
        for root in roots:
            yield from self._module(root, _Mounted())
        yield from dict.fromkeys(self._unresolved)

    def _unincluded(self) -> list[str]:
        """URL configurations that no other one includes, for projects whose settings do not name the root."""
        candidates = [name for name in sorted(self.program.modules) if "urlpatterns" in self.program.bindings(name)]
        included = {text for name in candidates for each in self.program.bindings(name)["urlpatterns"] for text in strings_in(each.value)}
        return [name for name in candidates if name not in included]

    def _give_up(self, text: str, reason: str, at: Location) -> None:
        self._unresolved.append(Unresolved("route", text[:200], reason, at))

    # --- lists of patterns -----------------------------------------------------------------------

    def _module(self, module: str, mounted: _Mounted) -> Iterator[Route]:
        if mounted.depth > _DEPTH:
            return
        yield from self._name(module, "urlpatterns", mounted)

    def _name(self, scope: str, name: str, mounted: _Mounted) -> Iterator[Route]:
        """The patterns that a module-level name holds in the end."""
        key = f"{scope}.{name}"
        bindings = self.program.bindings(scope).get(name)
        if not bindings:
            state = self.program.resolve(key)
            if state.kind == "binding" and state.id != key:
                owner, _, last = state.id.rpartition(".")
                yield from self._name(owner, last, mounted)
            return
        if key in self._open:
            return
        self._open.add(key)
        first = max((index for index, each in enumerate(bindings) if not each.augmented and not _mentions(each, key)), default=0)
        for binding in bindings[first:]:
            yield from self._patterns(binding.value, scope, binding.line, mounted)
        self._open.discard(key)

    def _patterns(self, expression: Expression, module: str, line: int, mounted: _Mounted) -> Iterator[Route]:
        program = self.program
        if mounted.depth > _DEPTH:
            return
        if isinstance(expression, Sequence):
            for item in expression.items:
                yield from self._patterns(item, module, line, mounted)
            return
        if isinstance(expression, Operation):
            if expression.operator in ("+", "*", "if", "or"):
                for operand in expression.operands:
                    if isinstance(operand, (Sequence, Chain, Operation)):
                        yield from self._patterns(operand, module, line, mounted)
                return
            self._give_up(source(expression), "the patterns are computed", program.at(module, line))
            return
        if not isinstance(expression, Chain):
            if not isinstance(expression, Constant):
                self._give_up(source(expression), "not a pattern that was recognised", program.at(module, line))
            return
        state, rest = program.head(expression)
        call = first_call(rest)
        at = program.at(module, self._line(module, expression, line))
        if state.kind == "external" and call is not None:
            if state.id in _PATHS:
                yield from self._entry(call, _PATHS[state.id], module, at, mounted)
                return
            if state.id in _LANGUAGE:
                prefix = mounted.prefix + self._language(call)
                for each in call.arguments:
                    yield from self._patterns(each, module, line, mounted._replace(prefix=prefix, localized=True))
                return
            if state.id == _SUFFIXES and call.arguments:
                yield from self._patterns(call.arguments[0], module, line, mounted)
                return
            if state.id in _DEVELOPMENT:
                return
        if state.kind == "function" and call is not None and len(rest) == 1:
            made = self._made(state.id, call)
            if made is not None:
                inner = mounted._replace(depth=mounted.depth + 1)
                for each in made.expressions:
                    yield from self._patterns(each, module, at.line, inner)
                yield from self._added_by(made, inner)
                return
        router = self._router(expression)
        if router and (rest[-1:] == ("urls",) or rest[-2:-1] == ("get_urls",)):
            yield from self._router_routes(router, mounted)
            return
        if rest:
            owned = self._owned(expression, mounted)
            if owned is not None:
                yield from owned
                return
        if state.kind == "binding" and not rest:
            scope, _, name = state.id.rpartition(".")
            yield from self._name(scope, name, mounted._replace(depth=mounted.depth + 1))
            return
        if state.kind == "module" and not rest:
            yield from self._module(state.id, mounted._replace(depth=mounted.depth + 1))
            return
        if state.kind == "function":
            self._give_up(source(expression), "a function of the project makes the patterns while it runs", at)
            return
        self._give_up(source(expression), "the patterns come from an expression that is not followed", at)

    def _owned(self, chain: Chain, mounted: _Mounted) -> Iterator[Route] | None:
        """The patterns that an instance of a project's class hands out."""
        made = self.owners.made(chain, mounted.owner)
        if made is None:
            return None
        inner = mounted._replace(owner=made.owner, depth=mounted.depth + 1)
        module, line = self.program.module_of(made.scope), self.program.place(made.scope).line
        patterns = [self._patterns(each, module, line, inner) for each in made.expressions]
        patterns.append(self._added_by(made, inner))
        return (route for each in patterns for route in each)

    def _added_by(self, made: Made, mounted: _Mounted) -> Iterator[Route]:
        """The patterns that a function adds one by one to the list that it returns; those made in a loop are as many as the program finds then."""
        module = self.program.module_of(made.scope)
        for use in self._own_patterns(made.scope, made.returned) if made.returned is not None else ():
            if use.loop:
                self._give_up(source(use.chain), "the patterns are made in a loop", self.program.at(module, use.span.line))
            else:
                yield from self._patterns(use.chain, module, use.span.line, mounted)

    def _own_patterns(self, function: str, returned: tuple[Expression, ...]) -> Iterator[Use]:
        return added((use for use in self.evaluator.uses_in(function) if self._is_pattern(use.chain)), returned)

    def _is_pattern(self, chain: Chain) -> bool:
        state, rest = self.program.head(chain)
        return state.kind == "external" and state.id in _PATHS and bool(rest)

    def _made(self, function: str, call: Call) -> Made | None:
        """What a project's function that builds patterns returns, with its arguments put in; ``None`` when the list is made while it runs."""
        definition = self.program.definition(function)
        returned = tuple(each for each in self.program.returned(definition) if each not in _NO_PATTERNS) if definition is not None else ()
        known = tuple(each for each in returned if not (isinstance(each, Chain) and each.origin == "local"))
        if definition is None or not (known or (returned and any(not use.loop for use in self._own_patterns(function, returned)))):
            return None
        given = bound_arguments(definition, call)
        return Made(tuple(substitute(each, given) for each in known), "", function, returned)

    def _language(self, call: Call) -> str:
        """The prefix of the default language."""
        if self.program.constant(keyword(call, "prefix_default_language")) is False:
            return ""
        code = self.program.constant(self.settings.value("LANGUAGE_CODE"))
        return f"{code if isinstance(code, str) else 'en-us'}/".lower()

    def _line(self, module: str, chain: Chain, default: int) -> int:
        lines = self._lines.get(module)
        if lines is None:
            lines = self._lines[module] = {}
            summary = self.program.modules[module]
            for use in summary.uses:
                if use.chain.origin == "global" and any(isinstance(step, Call) for step in use.chain.steps):
                    lines.setdefault(use.chain, []).append(use.span.line)
        found = lines.get(chain)
        if not found:
            return default
        return found.pop(0) if len(found) > 1 else found[0]

    # --- one entry -----------------------------------------------------------------------------

    def _entry(self, call: Call, regex: bool, module: str, at: Location, mounted: _Mounted) -> Iterator[Route]:
        pattern = self._pattern(argument(call, 0, "route", "regex"), mounted.owner)
        view = argument(call, 1, "view")
        if view is None:
            return
        if pattern is None:
            written = argument(call, 0, "route", "regex")
            pattern = written.text.replace("{}", "") if isinstance(written, Template) else ""
            self._give_up(f"path({source(written)})", "a part of the pattern is computed; the route is shown without it", at)
        name = literal(self.program, argument(call, 3, "name")) or ""
        path = mounted.prefix + (_without_anchors(pattern) if regex else pattern)
        inner = mounted._replace(
            prefix=path, regex=mounted.regex or regex, mount=mounted.mount or at, depth=mounted.depth + 1
        )
        included = self._included(view)
        if included is not None:
            yield from self._include(included, module, at, inner)
            return
        if isinstance(view, Sequence) and view.items:
            yield from self._include(Call((view,)), module, at, inner)
            return
        handed = self._handed_out(view, mounted.owner)
        if handed is not None:
            yield from self._include(Call((handed.expressions[0],)), module, at, inner._replace(owner=handed.owner))
            return
        if isinstance(view, Chain) and self._is_admin(view):
            yield self._route(inner, "django.contrib.admin.site.urls", (), at, self._qualified(mounted.namespace, "admin"), "admin")
            return
        found = self._view(view, module, 0, mounted.owner)
        if found is None:
            self._give_up(f"{path} -> {source(view)}", "the view is not followed", at)
            return
        yield self._route(inner, found.handler, found.methods, at, self._qualified(mounted.namespace, name), found.kind)

    def _handed_out(self, view: Expression, owner: str) -> Made | None:
        """Patterns with their names (``self.orders_app.urls``) in the place of a view."""
        made: Made | None = Made((view,), owner, "")
        for _ in range(_DEPTH):
            if made is None or len(made.expressions) != 1:
                return None
            each = made.expressions[0]
            if isinstance(each, Sequence):
                return made if 2 <= len(each.items) <= 3 else None
            made = self.owners.made(each, made.owner) if isinstance(each, Chain) else None
        return None

    def _pattern(self, expression: Expression | None, owner: str) -> str | None:
        text = literal(self.program, expression)
        if text is None and owner:
            text = self.owners.text(expression, owner)
        if text is None and isinstance(expression, Chain):
            call = first_call(expression.steps)  # gettext_lazy("orders/")
            if call is not None and call.arguments:
                text = literal(self.program, call.arguments[0])
        return text

    @staticmethod
    def _qualified(namespace: str, name: str) -> str:
        return f"{namespace}:{name}" if namespace and name else name

    def _route(self, mounted: _Mounted, handler: str, methods: tuple[str, ...], at: Location, name: str, kind: Literal["view", "api", "admin"]) -> Route:
        path = "/" + mounted.prefix.lstrip("/") if not mounted.prefix.startswith("//") else mounted.prefix
        return Route(methods, path, handler, at, "django", name, kind, mounted.regex, mounted.mount, mounted.localized)

    def _included(self, view: Expression) -> Call | None:
        if isinstance(view, Chain):
            state, rest = self.program.head(view)
            if state.kind == "external" and state.id in _INCLUDES and len(rest) == 1 and isinstance(rest[0], Call):
                return rest[0]
        return None

    def _include(self, call: Call, module: str, at: Location, mounted: _Mounted) -> Iterator[Route]:
        target = argument(call, 0, "arg")
        namespace = literal(self.program, argument(call, 1, "namespace")) or ""
        if isinstance(target, Sequence) and 2 <= len(target.items) <= 3 and (application := self.owners.text(target.items[1], mounted.owner)) is not None:
            own = application if len(target.items) == 2 else self.owners.text(target.items[2], mounted.owner) or ""
            yield from self._include(Call((target.items[0], Constant(namespace or own))), module, at, mounted)
            return
        text = literal(self.program, target)
        state = self.program.resolve(text) if text is not None else None
        if state is None and isinstance(target, Chain):
            named, rest = self.program.head(target)
            state = named if named.kind in ("module", "external") and not rest else None
        if state is not None and state.kind == "module":
            declared = self.program.constant(self.program.value(f"{state.id}.app_name"))
            inner = self._qualified_namespace(mounted.namespace, namespace or (declared if isinstance(declared, str) else ""))
            yield from self._module(state.id, mounted._replace(namespace=inner))
            return
        if state is not None and state.kind == "external" and state.id in standard.URL_CONFIGURATIONS:
            library, entries = standard.URL_CONFIGURATIONS[state.id]
            inner = self._qualified_namespace(mounted.namespace, namespace or library)
            for path, name, handler, methods in entries:
                reached = mounted._replace(prefix=mounted.prefix + path)
                yield self._route(reached, handler, methods, at, self._qualified(inner, name), "view")
            return
        if state is not None and state.kind == "external":
            self._give_up(f"include({state.id})", "the URL configuration belongs to a library; its prefix is shown as one route", at)
            yield self._route(mounted, state.id, (), at, "", "view")
            return
        if target is None:
            return
        inner = self._qualified_namespace(mounted.namespace, namespace)
        yield from self._patterns(target, module, at.line, mounted._replace(namespace=inner))

    @staticmethod
    def _qualified_namespace(outer: str, inner: str) -> str:
        return f"{outer}:{inner}" if outer and inner else inner or outer

    def _is_admin(self, view: Chain) -> bool:
        state, rest = self.program.head(view)
        if state.kind == "external" and state.id.startswith("django.contrib.admin.") and state.id.endswith(".urls"):
            return True
        if state.kind == "binding" and rest and rest[-1] == "urls":
            value = self.program.value(state.id)
            if isinstance(value, Chain):
                reached, _ = self.program.head(value)
                names = (reached.id, *self.program.ancestors(reached.id))
                return any(name.rpartition(".")[2] in ("AdminSite", "OTPAdminSite") for name in names)
        return False

    # --- views ---------------------------------------------------------------------------------

    def _view(self, view: Expression, module: str, depth: int, owner: str = "") -> _View | None:
        program = self.program
        if depth > 6:
            return None
        if isinstance(view, Constant) and isinstance(view.value, str):
            state = program.resolve(view.value)
            return self._function_view(state.id) if state.kind == "function" else None
        if isinstance(view, Operation) and view.operator in ("if", "or") and view.operands:
            return self._view(view.operands[0], module, depth + 1, owner)
        if not isinstance(view, Chain):
            return None
        loaded, taken = program.loaded(view) if view.origin == "global" else ("", 0)
        if loaded:
            view = Chain(loaded, "global", view.steps[taken:])
        if view.origin in ("self", "super"):
            method = self.owners.method(view, owner)
            made = self.owners.made(view, owner) if not method else None
            if made is not None:
                return self._view(made.expressions[-1], module, depth + 1, made.owner)
            return _View(method, ()) if method else None
        state, rest = program.head(view)
        calls = [step for step in rest if isinstance(step, Call)]
        names = [step for step in rest if isinstance(step, str)]
        if state.kind == "class":
            if names == ["as_view"] and calls:
                return self._class_view(state.id, calls[0])
            if not names and len(calls) == 1:
                return _View(state.id, ())  # an instance that is callable: a syndication feed
            if names and not calls:
                member = program.member(state.id, names[0])
                return _View(member.id, ()) if isinstance(member, Definition) else None
            return None
        if state.kind == "external" and state.id.endswith(".as_view") and calls:
            return self._external_view(state.id.removesuffix(".as_view"), calls[0])
        if state.kind == "function" and not rest:
            return self._function_view(state.id)
        if calls and calls[-1].arguments:
            # A decorator around the view: login_required(view), cache_page(60)(view), site.admin_view(view).
            inner = self._view(calls[-1].arguments[0], module, depth + 1, owner)
            if inner is not None:
                return self._restricted(inner, state.id, calls)
        if state.kind == "function" and not names:
            return _View(state.id, ())
        if state.kind == "external" and not rest:
            return _View(state.id, standard.VIEW_METHODS.get(state.id.rpartition(".")[2], ()))
        if state.kind == "binding" and not rest:
            value = program.value(state.id)
            return self._view(value, program.module_of(state.id), depth + 1) if value is not None and value != view else None
        return None

    @staticmethod
    def _restricted(view: _View, decorator: str, calls: list[Call]) -> _View:
        methods = _decorator_methods(decorator, calls[0] if len(calls) > 1 else None)
        return view._replace(methods=methods) if methods else view

    def _function_view(self, function: str) -> _View:
        definition = self.program.definition(function)
        if definition is None:
            return _View(function, ())
        for decorator in definition.decorators:
            if isinstance(decorator, Chain):
                state, rest = self.program.head(decorator)
                call = first_call(rest)
                if state.id == "rest_framework.decorators.api_view":
                    listed = tuple(sorted(text.upper() for text in strings_in(call.arguments[0]))) if call is not None and call.arguments else ("GET",)
                    return _View(function, tuple(each for each in listed if each not in ("HEAD", "OPTIONS")), "api")
                methods = _decorator_methods(state.id, call)
                if methods:
                    return _View(function, methods)
        return _View(function, ("GET", "POST") if function in self._telling(self.program.module_of(function)) else ())

    def _telling(self, module: str) -> set[str]:
        """The functions of a module that look at what kind of request it is."""
        known = self._request_uses.get(module)
        if known is None:
            known = self._request_uses[module] = set()
            for use in self.program.modules[module].uses:
                chain = use.chain
                first = chain.steps[0] if chain.steps else None
                if not isinstance(first, str) or first not in _TELLING:
                    continue
                if (chain.origin == "parameter" and chain.root == "request") or (chain.origin == "instance" and chain.root.endswith("Request")):
                    known.add(use.scope)
        return known

    def _class_view(self, class_id: str, call: Call) -> _View:
        kind: Literal["view", "api"] = "api" if any(name.startswith("rest_framework.") for name in self.program.ancestors(class_id)) else "view"
        mapping = call.arguments[0] if call.arguments else keyword(call, "actions")
        if isinstance(mapping, Mapping):
            methods = tuple(sorted(key.value.upper() for key, _ in mapping.items if isinstance(key, Constant) and isinstance(key.value, str)))
            return _View(class_id, tuple(each for each in methods if each.lower() in standard.HTTP_METHODS), kind)
        return _View(class_id, self._class_methods(class_id, call), kind)

    def _class_methods(self, class_id: str, call: Call | None) -> tuple[str, ...]:
        """The methods that a view class answers; none, which is any, where a view class of a library that is not known is among its bases."""
        found = {name.upper() for name in standard.HTTP_METHODS if self.program.member(class_id, name) is not None}
        for ancestor in self.program.ancestors(class_id):
            name = ancestor.rpartition(".")[2]
            if self.program.definition(ancestor) is not None or name in standard.SILENT_VIEWS:
                continue
            if name in standard.VIEW_METHODS:
                found.update(standard.VIEW_METHODS[name])
            elif name.endswith("View"):
                return tuple(sorted(self._named_methods(class_id, call) or ()))
        return self._allowed(class_id, found, call)

    def _allowed(self, class_id: str, found: set[str], call: Call | None = None) -> tuple[str, ...]:
        """Without the methods that ``http_method_names`` leaves out."""
        named = self._named_methods(class_id, call)
        return tuple(sorted(found if named is None else found & named))

    def _named_methods(self, class_id: str, call: Call | None) -> set[str] | None:
        """The methods that ``http_method_names`` lists, ``None`` where nothing is said."""
        owner = self.program.declaring_class(class_id, "http_method_names")
        names = keyword(call, "http_method_names") if call is not None else None
        names = names or (self.program.value(f"{owner}.http_method_names") if owner else None)
        return {text.upper() for text in strings_in(names)} - {"HEAD", "OPTIONS"} if isinstance(names, Sequence) else None

    def _external_view(self, dotted: str, call: Call) -> _View:
        methods = standard.VIEW_METHODS.get(dotted.rpartition(".")[2], ())
        names = keyword(call, "http_method_names")
        if isinstance(names, Sequence):
            methods = tuple(each for each in methods if each.lower() in set(strings_in(names)))
        api = dotted.startswith(("rest_framework", "drf_spectacular", "dj_rest_auth"))
        return _View(dotted, methods, "api" if api else "view")

    # --- routers of Django REST framework ----------------------------------------------------------

    def _router(self, chain: Chain) -> str:
        """The id of the router that a chain such as ``router.urls`` starts with, ``""`` when it is none."""
        state, _ = self.program.head(chain)
        if state.kind == "binding" and self._router_class(state.id):
            return state.id
        return ""

    def _maker(self, binding: str) -> Chain | None:
        """The expression that makes what a name holds; what is added to it later (``router.extend(other)``) is no other value."""
        scope, _, name = binding.rpartition(".")
        values = [each.value for each in self.program.bindings(scope).get(name, ()) if not each.augmented]
        return values[-1] if values and isinstance(values[-1], Chain) else None

    def _router_class(self, binding: str) -> str:
        value = self._maker(binding)
        if value is None:
            return ""
        state, rest = self.program.head(value)
        if not rest or not isinstance(rest[-1], Call) or state.kind not in ("class", "external"):
            return ""
        names = (state.id, *self.program.ancestors(state.id))
        return next((name.rpartition(".")[2] for name in names if name.rpartition(".")[2] in standard.ROUTER_BASES), "")

    def _registered(self, router: str) -> list[_Registration]:
        if self._registrations is None:
            self._registrations = {}
            for module in self.program.modules.values():
                self._collect(module)
        found = list(self._registrations.get(router, ()))
        for expression in self._extensions.get(router, ()):
            if isinstance(expression, Chain):
                state, _ = self.program.head(expression)
                if state.kind == "binding" and state.id != router:
                    found.extend(self._registered(state.id))
        return found

    def _collect(self, module: ModuleSummary) -> None:
        assert self._registrations is not None
        for use in module.uses:
            steps = use.chain.steps
            if len(steps) < 2 or steps[-2] not in ("register", "extend", "update") or not isinstance(steps[-1], Call):
                continue
            if use.chain.origin == "self" and steps[0] == "routes" and steps[2:4] == ("mapping", "update"):
                self._add_methods(use.chain.root, steps[1], steps[-1])
            if use.chain.origin != "global" or steps[-2] == "update":
                continue
            state, rest = self.program.head(use.chain)
            if state.kind != "binding" or not self._router_class(state.id):
                continue
            call = steps[-1]
            if steps[-2] == "extend":
                if rest[0] == "registry" and call.arguments:
                    self._extensions.setdefault(state.id, []).append(call.arguments[0])
                continue
            at = self.program.at(module.name, use.span.line)
            prefix = literal(self.program, argument(call, 0, "prefix"))
            viewset = argument(call, 1, "viewset")
            reached, left = self.program.head(viewset) if isinstance(viewset, Chain) else (None, ())
            if prefix is None or reached is None or reached.kind not in ("class", "external") or left:
                self._give_up(f"{source(use.chain)}", "the registration is computed", at)
                continue
            basename = literal(self.program, argument(call, 2, "basename", "base_name")) or ""
            self._registrations.setdefault(state.id, []).append(_Registration(prefix, reached.id, basename, at))

    def _add_methods(self, router: str, index: Step, call: Call) -> None:
        """``self.routes[0].mapping.update({"put": "bulk_update"})`` in a router class."""
        given = call.arguments[0] if call.arguments else None
        if isinstance(index, Item) and isinstance(index.key, int) and isinstance(given, Mapping):
            pairs = [(self.program.constant(method), self.program.constant(action)) for method, action in given.items]
            added = [(method, action) for method, action in pairs if isinstance(method, str) and isinstance(action, str)]
            self._added.setdefault((router, index.key), []).extend(added)

    def _mapping(self, router: str, index: int) -> tuple[tuple[str, str], ...]:
        """HTTP methods and actions of a router's list (0) or detail (2) route."""
        value = self._maker(router)
        state = self.program.head(value)[0] if value is not None else None
        classes = (state.id, *self.program.ancestors(state.id)) if state is not None else ()
        added = [each for class_id in classes for each in self._added.get((class_id, index), ())]
        return (*(standard.DETAIL_ROUTE if index else standard.LIST_ROUTE), *added)

    def _root_view(self, router: str) -> str:
        """The class that shows a router's root: ``router.APIRootView = OrdersRoot``, else the library's."""
        scope, _, name = router.rpartition(".")
        bound = self.program.bindings(scope).get(f"{name}.APIRootView")
        state = self.program.head(bound[-1].value)[0] if bound and isinstance(bound[-1].value, Chain) else None
        return state.id if state is not None and state.kind == "class" else "rest_framework.routers.APIRootView"

    def _router_routes(self, router: str, mounted: _Mounted) -> Iterator[Route]:
        value = self._maker(router)
        assert value is not None
        call = first_call(value.steps)
        assert call is not None
        kind = self._router_class(router)
        slash = "" if self.program.constant(keyword(call, "trailing_slash")) is False else "/"
        parent = self._nested_prefix(kind, call)
        for each in self._registered(router):
            yield from self._viewset_routes(each, router, parent, slash, mounted)
        if kind in standard.ROOT_VIEW_ROUTERS and self.program.constant(keyword(call, "include_root_view")) is not False:
            scope, _, name = router.rpartition(".")
            made = self.program.bindings(scope).get(name)
            place = mounted.mount or (self.program.at(scope, made[-1].line) if made and scope in self.program.modules else self.program.place(router))
            name = self._qualified(mounted.namespace, "api-root")
            yield self._route(mounted._replace(regex=mounted.regex), self._root_view(router), ("GET",), place, name, "api")

    def _nested_prefix(self, kind: str, call: Call) -> str:
        """``domains/(?P<domain_pk>[^/.]+)/`` for a nested router of drf-nested-routers."""
        if not kind.startswith("Nested"):
            return ""
        parent, prefix = argument(call, 0, "parent_router"), literal(self.program, argument(call, 1, "parent_prefix")) or ""
        lookup = literal(self.program, argument(call, 2, "lookup")) or "nested_1"
        field, outer = "pk", ""
        if isinstance(parent, Chain):
            router = self._router(parent)
            for each in self._registered(router):
                if each.prefix == prefix:
                    field = self._lookup(each.viewset)[0]
            value = self._maker(router) if router else None
            if value is not None:
                inner = first_call(value.steps)
                outer = self._nested_prefix(self._router_class(router), inner) if inner is not None else ""
        return f"{outer}{prefix}/(?P<{lookup}_{field}>[^/.]+)/"

    def _lookup(self, class_id: str) -> tuple[str, str]:
        """Name of the URL argument of a detail route, and its expression."""

        def text(name: str) -> str:
            owner = self.program.declaring_class(class_id, name)
            value = self.program.constant(self.program.value(f"{owner}.{name}")) if owner else None
            return value if isinstance(value, str) else ""

        name = text("lookup_url_kwarg") or text("lookup_field") or "pk"
        return name, text("lookup_value_regex") or "[^/.]+"

    def _viewset_routes(self, registration: _Registration, router: str, parent: str, slash: str, mounted: _Mounted) -> Iterator[Route]:
        class_id = registration.viewset
        base = f"{mounted.prefix}{parent}{_without_anchors(registration.prefix)}"
        lookup, expression = self._lookup(class_id)
        detail = f"{base}/(?P<{lookup}>{expression})" if registration.prefix else f"{base}(?P<{lookup}>{expression})"
        on_list, on_detail = self._mapping(router, 0), self._mapping(router, 2)
        actions = self._actions(class_id, {action for _, action in (*on_list, *on_detail)})
        basename = registration.basename or self._basename(class_id)
        mounted = mounted._replace(regex=True, mount=mounted.mount or registration.at)

        def route(path: str, handler: str, methods: set[str], name: str) -> Iterator[Route]:
            allowed = self._allowed(class_id, methods)
            if allowed:
                yield self._route(mounted._replace(prefix=path), handler, allowed, registration.at, self._qualified(mounted.namespace, name), "api")

        listing = f"{base}{slash}" if registration.prefix else base
        yield from route(listing, class_id, {m.upper() for m, a in on_list if a in actions}, f"{basename}-list")
        extra = list(self._extra_actions(class_id))
        for method, single, methods, path, name in extra:
            if not single:
                joined = f"{base}/{path}{slash}" if registration.prefix else f"{base}{path}{slash}"
                yield from route(joined, method, methods, f"{basename}-{name}")
        yield from route(f"{detail}{slash}", class_id, {m.upper() for m, a in on_detail if a in actions}, f"{basename}-detail")
        for method, single, methods, path, name in extra:
            if single:
                yield from route(f"{detail}/{path}{slash}", method, methods, f"{basename}-{name}")

    def _basename(self, class_id: str) -> str:
        """The model's name, as the router takes it from the view set's ``queryset``."""
        owner = self.program.declaring_class(class_id, "queryset")
        value = self.evaluator.binding(f"{owner}.queryset") if owner else None
        return value.model.name.lower() if value is not None and value.model is not None else ""

    def _actions(self, class_id: str, names: set[str]) -> set[str]:
        found = {name for name in names if self.program.member(class_id, name) is not None}
        for ancestor in (class_id, *self.program.ancestors(class_id)):
            if self.program.definition(ancestor) is None:
                found.update(standard.VIEWSET_ACTIONS.get(ancestor.rpartition(".")[2], ()))
        return found

    def _extra_actions(self, class_id: str) -> Iterator[tuple[str, bool, set[str], str, str]]:
        """Method id, on detail, methods, path and name of each ``@action``, in the order the class declares them."""
        methods: dict[str, Definition] = {}
        for owner in (class_id, *self.program.ancestors(class_id)):
            for name, member in self.program.members(owner).items():
                methods.setdefault(name, member)
        mapped: dict[str, set[str]] = {}
        for member in methods.values():
            for decorator in member.decorators:
                if isinstance(decorator, Chain):
                    names = [step for step in (decorator.root.rpartition(".")[2], *decorator.steps) if isinstance(step, str)]
                    if "mapping" in names[:-1]:
                        mapped.setdefault(names[names.index("mapping") - 1], set()).add(names[-1].upper())
        for name, member in sorted(methods.items()):
            for decorator in member.decorators:
                if not isinstance(decorator, Chain):
                    continue
                state, rest = self.program.head(decorator)
                last = state.id.rpartition(".")[2]
                call = first_call(rest)
                if not state.id.startswith("rest_framework.decorators.") or last not in ("action", "list_route", "detail_route") or call is None:
                    continue
                detail = last == "detail_route" or self.program.constant(argument(call, 1, "detail") if last == "action" else None) is True
                listed = argument(call, 0, "methods")
                verbs = {text.upper() for text in strings_in(listed)} if listed is not None else {"GET"}
                path = literal(self.program, keyword(call, "url_path")) or name
                url_name = literal(self.program, keyword(call, "url_name")) or name.replace("_", "-")
                yield member.id, detail, (verbs | mapped.get(name, set())) - {"HEAD", "OPTIONS"}, path, url_name


def _mentions(binding: Binding, name: str) -> bool:
    """Whether a value is made from the name's earlier value."""

    def within(expression: Expression) -> bool:
        if isinstance(expression, Chain):
            return expression.root == name or any(
                within(each) for step in expression.steps if isinstance(step, Call) for each in (*step.arguments, *(v for _, v in step.keywords))
            )
        if isinstance(expression, Sequence):
            return any(within(each) for each in expression.items)
        return isinstance(expression, Operation) and any(within(each) for each in expression.operands)

    return within(binding.value)


def _without_anchors(pattern: str) -> str:
    pattern = pattern.removeprefix("^")
    return pattern[:-1] if pattern.endswith("$") and not pattern.endswith("\\$") else pattern.removesuffix("\\Z")


def _decorator_methods(decorator: str, call: Call | None) -> tuple[str, ...]:
    """The methods that a decorator of ``django.views.decorators.http`` lets through, empty for any other."""
    if not decorator.startswith("django.views.decorators."):
        return ()
    name = decorator.rpartition(".")[2]
    if name in ("require_GET", "require_safe"):
        return ("GET",)
    if name == "require_POST":
        return ("POST",)
    if name == "require_http_methods" and call is not None and call.arguments:
        return tuple(sorted({text.upper() for text in strings_in(call.arguments[0])} - {"HEAD", "OPTIONS"}))
    return ()
