"""Flask: routes of applications, blueprints (nested too) and class-based views, Flask-RESTful and -RESTX resources, commands, references.

HEAD and OPTIONS, which Flask adds by itself, are left out. A path is that of the rule with all prefixes of its blueprint; a blueprint
that is registered twice gives its routes twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from decompose.detect.flask_answers import Answers
from decompose.detect.flask_rules import Changes, RuleChanges, blocks_around
from decompose.link.expressions import (
    argument,
    bound_arguments,
    elements,
    keyword,
    last_name,
    source,
    substitute,
    turns,
)
from decompose.link.hooks import Hooks
from decompose.link.objects import Made, Objects, Site, possible_texts, text
from decompose.link.program import Program
from decompose.model.facts import Command, Fact, Route, StringReference, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Call, Chain, Definition, Expression, ModuleSummary, Operation, Sequence, Use

_FRAMEWORKS = frozenset({"flask", "quart", "flask_restful", "flask_restx", "flask_restplus", "flask_smorest", "flask_openapi3", "apiflask"})
_CONSTRUCTORS = {
    "Flask": "app", "Quart": "app", "APIFlask": "app", "OpenAPI": "app", "Blueprint": "blueprint", "APIBlueprint": "blueprint",
    "Api": "api", "Namespace": "namespace", "AppGroup": "group",
}  # fmt: skip
_SHORTCUTS = {"get": "GET", "post": "POST", "put": "PUT", "patch": "PATCH", "delete": "DELETE"}
_METHODS = ("get", "post", "put", "patch", "delete", "trace")
_VIEWS = ("flask.views.View", "flask.views.MethodView", "quart.views.View", "quart.views.MethodView")
_RESOURCES = ("flask_restful.Resource", "flask_restx.Resource", "flask_restplus.Resource", "flask_restx.resource.Resource")
_REFERRING = frozenset({"url_for", "render_template", "stream_template", "get_template", "render_theme_template", "get_url_for"})
_REGISTERING = frozenset({"route", "add_url_rule", "register_blueprint", "add_resource", "add_namespace", "register_error_handler", "namespace", *_SHORTCUTS})  # fmt: skip

_FORWARDED = frozenset({"add_resource", "add_url_rule"})
_HOOKS = {
    **dict.fromkeys(
        (
            "before_request", "after_request", "teardown_request", "teardown_appcontext", "before_first_request", "context_processor",
            "url_defaults", "url_value_preprocessor", "errorhandler", "before_app_request", "after_app_request", "teardown_app_request",
            "before_app_first_request", "app_context_processor", "app_url_defaults", "app_url_value_preprocessor", "app_errorhandler",
            "template_filter", "template_global", "template_test", "app_template_filter", "app_template_global", "app_template_test",
            "add_template_filter", "add_template_global", "add_template_test", "shell_context_processor", "record", "record_once",
        ),
        0,
    ),
    "register_error_handler": 1,
}  # fmt: skip
"""Methods of applications and blueprints that register what they call later, with the position of the function in a direct call."""

_FIRST_CAPITAL = re.compile(r"(.)([A-Z][a-z]+)")
_LATER_CAPITAL = re.compile(r"([a-z0-9])([A-Z])")


class Rule(msgspec.Struct, frozen=True):
    """A URL rule before its prefixes are known; ``owner`` is the key of what it was added to, ``""`` for the application."""

    owner: str
    path: str
    methods: tuple[str, ...]
    handler: str
    endpoint: str
    at: Location
    kind: str = "view"


class Mount(msgspec.Struct, frozen=True):
    """``parent.register_blueprint(child, url_prefix=prefix)``; ``prefix`` is ``None`` when the child's own counts."""

    parent: str
    child: str
    prefix: str | None
    at: Location


def detect(program: Program) -> Iterator[Fact]:
    """Routes, commands, and references to endpoints and templates; nothing when the target does not use Flask."""
    present = _imports(program, _FRAMEWORKS)
    if present:
        yield from Web(program).facts()
    if present or _imports(program, frozenset({"click", "typer"})):
        yield from _commands(program)


def _imports(program: Program, packages: frozenset[str]) -> bool:
    return any(each.module.split(".", 1)[0] in packages for module in program.modules.values() for each in module.imports)


def _kind_of(dotted: str) -> str:
    package, _, last = dotted.partition(".")
    if package in _FRAMEWORKS or package.startswith("flask_") or package == "flask":
        return _CONSTRUCTORS.get(last.rpartition(".")[2], "")
    return ""


class Web:
    """All registrations of the target, collected first and joined with their prefixes afterwards."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, _kind_of, {("api", "namespace"): "namespace"})
        self.changes = RuleChanges(program)
        self._modules = {module.path: module for module in program.modules.values() if module.blocks}
        self.made: dict[str, Made] = {}
        self.rules: list[Rule] = []
        self.mounts: list[Mount] = []
        self.unresolved: list[Unresolved] = []
        self.endpoints: dict[str, str] = {}

    def facts(self) -> Iterator[Fact]:
        for module in self.program.modules.values():
            for definition in {each.start: each for each in module.definitions if each.decorators}.values():
                self._decorated(definition, module)
        for module, use in self.program.uses.calling(_REGISTERING):
            names = [step for step in use.chain.steps if isinstance(step, str)]
            if names and names[-1] in _REGISTERING and isinstance(use.chain.steps[-1], Call) and use.sink != "decorator":
                self._registration(use, module)
        self._registered_by_methods()
        yield from self._routes()
        yield from self._references()
        yield from dict.fromkeys(Hooks(self.program, self.objects, "flask", _HOOKS, self._hooked).facts())
        for id in self.program.subclasses("flask.Blueprint", "flask.blueprints.Blueprint", "flask.Flask", "flask.app.Flask"):
            own = [name for name in ("add_url_rule", "route") if name in self.program.members(id)]
            if own and not self.changes.of(id).before:
                reason = f"it has its own {own[0]}(), which may change the routes"
                yield Unresolved("route", id.rpartition(".")[2], reason, self.program.place(f"{id}.{own[0]}"))
        yield from dict.fromkeys(self.unresolved)

    # --- collecting -----------------------------------------------------------------------------

    def _owner(self, chain: Chain, module: str, scope: str, method: str) -> tuple[str, str] | None:
        """Key and kind of the object whose method the chain's last call is; an unknown ``app`` is taken for the application."""
        found = self.objects.receiver(chain, module, scope)
        tail = 2
        if found is not None and found[1] == len(chain.steps) - tail:
            self.made[found[0].key] = found[0]
            return ("" if found[0].kind == "app" else found[0].key), found[0].kind
        unknown = chain.origin in ("parameter", "local", "self", "instance") or self.program.head(chain)[0].kind in ("binding", "unknown", "function")
        if self._assumed(Chain(chain.root, chain.origin, chain.steps[:-tail])):
            return "", "app"
        if unknown and method in ("route", "add_url_rule", "register_blueprint"):
            return "?", "unknown"
        return None

    def _hooked(self, chain: Chain, module: str, scope: str) -> bool:
        """Whether a chain stands for an application or blueprint."""
        made = self.objects.made(chain, module, scope)
        if made is not None:
            return made.kind in ("app", "blueprint")
        return self._assumed(chain)

    def _assumed(self, chain: Chain) -> bool:
        """An unknown ``app`` is taken for the application."""
        names = [step for step in chain.steps if isinstance(step, str)]
        name = names[-1] if names else chain.root.rpartition(".")[2]
        unknown = chain.origin in ("parameter", "local", "self", "instance") or self.program.head(chain)[0].kind in ("binding", "unknown", "function")
        return unknown and name in ("app", "application", "flask_app", "current_app", "_app", "server", "create_app")

    def _registration(self, use: Use, module: ModuleSummary) -> None:
        method = last_name(use.chain)
        if method in _SHORTCUTS:
            return
        if method == "namespace":
            self._namespace(use, module)
            return
        for site in self.objects.sites(use, module):
            self._registered(site, method)

    def _registered(self, site: Site, method: str) -> None:
        chain = site.chain
        call = chain.steps[-1]
        assert isinstance(call, Call)
        owner = self._owner(chain, site.module, site.scope, method)
        if owner is not None:
            for each in turns(call):
                self._registered_once(owner, method, each, site)

    def _registered_once(self, owner: tuple[str, str], method: str, call: Call, site: Site) -> None:
        chain = site.chain
        at = self.program.at(site.module, site.line)
        if method == "add_url_rule":
            self._url_rule(owner[0], call, site, at)
        elif method == "register_blueprint":
            self._mount(owner, call, site, at)
        elif method == "add_resource" and owner[1] in ("api", "namespace"):
            self._resource(owner[0], call, site, at)
        elif method == "add_namespace" and owner[1] == "api":
            child = self.objects.made(argument(call, 0, "ns"), site.module, site.scope)
            if child is None:
                self._missed(chain, "which namespace is added is not known", at)
                return
            self.made[child.key] = child
            self.mounts.append(Mount(owner[0], child.key, self._string(keyword(call, "path"), site), at))

    def _registered_by_methods(self) -> None:
        """Calls of methods that a project's own API, blueprint or application class registers things with: as if the method's body stood there."""
        program = self.program
        own: dict[str, list[tuple[Definition, Use]]] = {}
        for _, use in program.uses.calling(_FORWARDED):
            method = program.definition(use.scope)
            if use.chain.origin == "self" and len(use.chain.steps) == 2 and method is not None and self.objects.kind(method.parent):
                own.setdefault(method.id.rpartition(".")[2], []).append((method, use))
        for module, use in program.uses.calling(own.keys() - _REGISTERING):
            found = self.objects.receiver(use.chain, module.name, use.scope)
            if found is None or found[1] != len(use.chain.steps) - 2:
                continue
            self.made[found[0].key] = found[0]
            inner = [each for method, each in own[last_name(use.chain)] if method is program.member(found[0].maker, last_name(use.chain))]
            calls = [(last_name(each.chain), self._forwarded(use, each)) for each in inner]
            if not calls or not all(call for _, call in calls):
                self._missed(use.chain, f"{last_name(use.chain)}() of the project registers it", program.at(module.name, use.span.line))
                continue
            site = Site(use, use.chain, module.name, use.scope, use.span.line)
            owner = ("" if found[0].kind == "app" else found[0].key), found[0].kind
            for name, call in calls:
                if call is not None:
                    self._registered_once(owner, name, call, site)

    def _forwarded(self, outer: Use, inner: Use) -> Call | None:
        """The call in a method's body with what a call of the method gives in place of its parameters; ``None`` when its rules are made in another way."""
        method = self.program.definition(inner.scope)
        given, forwarded = outer.chain.steps[-1], inner.chain.steps[-1]
        if method is None or not isinstance(given, Call) or not isinstance(forwarded, Call):
            return None
        values: dict[str, Expression] = bound_arguments(method, given, 1)
        plain = [each.name for each in method.parameters if each.kind in ("positional", "normal")][1:]
        rest = next((each.name for each in method.parameters if each.kind == "varargs"), "")
        if rest:
            values[rest] = Sequence(given.arguments[len(plain) :])
        arguments: list[Expression] = []
        for each in forwarded.arguments:
            if isinstance(each, Operation) and each.operator == "*":
                spread = self._spread(each.operands[0], values)
                if spread is None:
                    return None
                arguments.extend(spread)
            else:
                arguments.append(substitute(each, values))
        named = {name: substitute(value, values) for name, value in forwarded.keywords if name != "**"}
        if any(name == "**" for name, _ in forwarded.keywords):
            named.update((name, value) for name, value in given.keywords if name not in plain)
        return Call(tuple(arguments), tuple(named.items()))

    def _spread(self, expression: Expression, values: dict[str, Expression]) -> list[Expression] | None:
        """The arguments in ``*urls`` and ``*[scoped(url) for url in urls]``."""
        if isinstance(expression, Operation) and expression.operator == "for" and len(expression.operands) == 2:
            element, over = expression.operands
            items = elements(self.program, values.get(over.root)) if isinstance(over, Chain) and over.origin == "parameter" and not over.steps else None
            if items is None or not isinstance(over, Chain):
                return None
            return [substitute(element, {**values, over.root: Sequence((item,))}) for item in items]
        found = elements(self.program, substitute(expression, values))
        return list(found) if found is not None else None

    def _namespace(self, use: Use, module: ModuleSummary) -> None:
        """``birds = api.namespace("birds")`` makes a namespace of RESTX and adds it at once."""
        chain = use.chain
        parent = self.objects.made(Chain(chain.root, chain.origin, chain.steps[:-2]), module.name, use.scope)
        named = use.sink == "assign" and use.target and not use.scope
        child = self.objects.made(Chain(f"{module.name}.{use.target}", "global") if named else chain, module.name, use.scope)
        if parent is not None and parent.kind == "api" and child is not None:
            self.made[parent.key], self.made[child.key] = parent, child
            self.mounts.append(Mount(parent.key, child.key, None, self.program.at(module.name, use.span.line)))

    def _mount(self, owner: tuple[str, str], call: Call, site: Site, at: Location) -> None:
        given = argument(call, 0, "blueprint")
        children = self.objects.each(given, site.module, site.scope)
        found = [child for child in children if child.kind == "blueprint"]
        prefix_given = keyword(call, "url_prefix")
        prefix = self._string(prefix_given, site)
        if prefix is None and prefix_given is not None:
            prefix = self._configured(prefix_given)
            if prefix is None and source(prefix_given) != "None":
                self._missed(site.chain, "the prefix is computed", at)
                prefix = "{" + source(prefix_given) + "}"
        for child in found:
            self.made[child.key] = child
            self.mounts.append(Mount(owner[0], child.key, prefix, at))
        if not found:
            self._missed(site.chain, "which blueprint is registered is not known", at)

    def _configured(self, expression: Expression) -> str | None:
        """``app.config["AUTH_PREFIX"]``: the value when all assignments of that setting in the target agree on one."""
        if not isinstance(expression, Chain) or not expression.steps:
            return None
        last = expression.steps[-1]
        name = getattr(last, "key", None)
        if isinstance(last, Call) and last_name(expression) == "get" and last.arguments:
            name = self.program.constant(last.arguments[0])
        if not isinstance(name, str) or "config" not in source(expression):
            return None
        values = {
            value
            for module in self.program.modules.values()
            for binding in module.bindings
            if binding.name == name and isinstance(value := self.program.constant(binding.value), str)
        }
        return next(iter(values)) if len(values) == 1 else None

    def _url_rule(self, owner: str, call: Call, site: Site, at: Location) -> None:
        paths = self._paths(argument(call, 0, "rule"), site, site.chain, at)
        view = argument(call, 2, "view_func")
        if not paths:
            return
        handler, methods, endpoint = self._view(view, site)
        given = self._methods(keyword(call, "methods"))
        name = self._string(argument(call, 1, "endpoint"), site) or endpoint
        if not handler:
            self._missed(site.chain, "its view is not followed", at)
            handler = ""
        self.rules.extend(Rule(owner, path, given or methods or ("GET",), handler, name, at) for path in paths)

    def _view(self, expression: Expression | None, site: Site) -> tuple[str, tuple[str, ...], str]:
        """Definition, methods and endpoint of a view: a function, ``Class.as_view("name")``, or either inside decorators."""
        if not isinstance(expression, Chain):
            return "", (), ""
        state, rest = self.program.head(expression)
        if state.kind == "function" and not any(isinstance(step, Call) for step in rest):
            return state.id, (), state.id.rpartition(".")[2]
        if state.kind == "class" and rest[:1] == ("as_view",):
            call = rest[1] if len(rest) > 1 else None
            name = self._string(argument(call, 0, "name"), site) if isinstance(call, Call) else None
            return state.id, self.class_methods(state.id), name or state.id.rpartition(".")[2]
        if state.kind == "class" and rest and isinstance(rest[0], str):
            member = self.program.member(state.id, rest[0])
            return (member.id, (), rest[0]) if isinstance(member, Definition) else ("", (), "")
        if expression.origin in ("self", "instance") and len(rest) == 1 and isinstance(rest[0], str) and state.id:
            member = self.program.member(state.id, rest[0])
            return (member.id, (), rest[0]) if isinstance(member, Definition) else ("", (), "")
        for step in expression.steps:
            if isinstance(step, Call):
                for each in step.arguments:
                    found = self._view(each, site)
                    if found[0]:
                        return found
        return "", (), ""

    def class_methods(self, class_id: str) -> tuple[str, ...]:
        """Methods that a view class answers: its ``methods`` list, else one for each HTTP method it defines."""
        member = self.program.member(class_id, "methods")
        if member is not None and not isinstance(member, Definition):
            given = self._methods(member.value)
            if given:
                return given
        if any(each in ("flask.views.View", "quart.views.View") for each in self.program.ancestors(class_id)):
            return ("GET",)
        return tuple(sorted(name.upper() for name in _METHODS if self.program.declaring_class(class_id, name)))

    def _methods(self, expression: Expression | None) -> tuple[str, ...]:
        found = elements(self.program, expression) if expression is not None else None
        names = {value.upper() for each in found or () if isinstance(value := self.program.constant(each), str)}
        return tuple(sorted(names - {"HEAD", "OPTIONS"})) or tuple(sorted(names))

    def _paths(self, expression: Expression | None, site: Site, chain: Chain, at: Location) -> tuple[str, ...]:
        """The rules that an expression may stand for; what is not known of them is noted."""
        found, all_known = possible_texts(self.program, expression, self.program.modules.get(site.module), site.use)
        if not all_known:
            self._missed(chain, "one of its rules is computed" if found else "its rule is computed", at)
        return found

    def _string(self, expression: Expression | None, site: Site) -> str | None:
        return text(self.program, expression, self.program.modules.get(site.module), site.use) if expression is not None else None

    def _decorated(self, definition: Definition, module: ModuleSummary) -> None:
        for decorator in definition.decorators:
            if not isinstance(decorator, Chain) or not decorator.steps or not isinstance(decorator.steps[-1], Call):
                continue
            method = last_name(decorator)
            if method not in ("route", "resource") and method not in _SHORTCUTS:
                continue
            if method == "route" and "endpoint" in {step for step in decorator.steps if isinstance(step, str)}:
                continue
            use = next((u for u in module.uses if u.sink == "decorator" and u.scope == definition.id and u.chain == decorator), None)
            if use is None:
                continue
            for site in self.objects.sites(use, module, definition.parent):
                owner = self._owner(site.chain, site.module, site.scope, method if method == "route" else "")
                if owner is None or (owner[1] == "unknown" and method != "route"):
                    continue
                if method == "route" or (owner[1] == "api" if method == "resource" else owner[1] in ("app", "blueprint")):
                    self._route(owner, site, definition, module)

    def _route(self, owner: tuple[str, str], site: Site, definition: Definition, module: ModuleSummary) -> None:
        decorator, use = site.chain, site.use
        call = decorator.steps[-1]
        assert isinstance(call, Call)
        at = self.program.at(module.name, use.span.line)
        method = last_name(decorator)
        if definition.kind == "class" and owner[1] in ("api", "namespace", "blueprint", "unknown"):
            for each in call.arguments:
                for path in self._paths(each, site, decorator, at):
                    self._class_rule(owner[0], path, definition.id, call, at)
            return
        paths = self._paths(argument(call, 0, "rule"), site, decorator, at)
        methods = (_SHORTCUTS[method],) if method in _SHORTCUTS else self._methods(keyword(call, "methods")) or ("GET",)
        endpoint = text(self.program, keyword(call, "endpoint")) or definition.id.rpartition(".")[2]
        self.rules.extend(Rule(owner[0], path, methods, definition.id, endpoint, at) for path in paths)

    def _class_rule(self, owner: str, path: str, class_id: str, call: Call, at: Location) -> None:
        endpoint = text(self.program, keyword(call, "endpoint")) or self._resource_endpoint(owner, class_id)
        for method in self.class_methods(class_id):
            found = self.program.member(class_id, method.lower())
            handler = found.id if isinstance(found, Definition) else class_id
            self.rules.append(Rule(owner, path, (method,), handler, endpoint, at, "api"))

    def _resource_endpoint(self, owner: str, class_id: str) -> str:
        """As RESTX names what nobody named: ``birds_bird_list`` in the namespace ``birds``; Flask-RESTful says ``birdlist``."""
        name = class_id.rpartition(".")[2]
        if any(each.startswith("flask_restful.") for each in self.program.ancestors(class_id)):
            return name.lower()
        name = _LATER_CAPITAL.sub(r"\1_\2", _FIRST_CAPITAL.sub(r"\1_\2", name)).lower()
        made = self.made.get(owner)
        return f"{self._blueprint_name(made)}_{name}" if made is not None and made.kind == "namespace" else name

    def _resource(self, owner: str, call: Call, site: Site, at: Location) -> None:
        target = argument(call, 0, "resource")
        state = self.program.head(target)[0] if isinstance(target, Chain) else None
        if state is None or state.kind != "class":
            self._missed(site.chain, "which resource is added is not known", at)
            return
        for each in call.arguments[1:]:
            for path in self._paths(each, site, site.chain, at):
                self._class_rule(owner, path, state.id, call, at)

    def _missed(self, chain: Chain, reason: str, at: Location) -> None:
        self.unresolved.append(Unresolved("route", source(chain)[:160], reason, at))

    # --- joining --------------------------------------------------------------------------------

    def _routes(self) -> Iterator[Fact]:
        parents: dict[str, list[Mount]] = {}
        for mount in self.mounts:
            parents.setdefault(mount.child, []).append(mount)
        answers = Answers(self.program)
        emitted: set[tuple[str, tuple[str, ...], str]] = set()
        for rule in (changed for each in self.rules for changed in self._changed(each)):
            owner = self.made.get(rule.owner)
            name = ".".join((*self._names(owner, parents, 0), rule.endpoint))
            changes = self.changes.of(owner.maker) if owner is not None else Changes()
            if changes.unknown(rule.path):
                reason = f"{owner.maker.rpartition('.')[2] if owner else ''} treats rules of this kind in its own way"
                self.unresolved.append(Unresolved("route", rule.path, reason, rule.at))
                continue
            escaped = changes.escaped(rule.path)
            for prefix, where in self._prefixes(rule.owner, parents, 0):
                path = _joined(prefix, rule.path) if escaped is None else escaped
                if (path, rule.methods, rule.handler) in emitted:
                    continue
                emitted.add((path, rule.methods, rule.handler))
                if rule.handler:
                    self.endpoints.setdefault(name, rule.handler)
                api = rule.kind == "api" or (rule.handler != "" and answers.data(rule.handler))
                yield Route(rule.methods, path, rule.handler, rule.at, "flask", name, "api" if api else "view", False, where)
        mounted = set(parents)
        for key, made in sorted(self.made.items()):
            if made.kind == "blueprint" and key not in mounted and any(rule.owner == key for rule in self.rules):
                at = self.program.at(made.module, 1) if key.startswith(f"{made.module}:") else self._binding_place(key)
                yield Unresolved("route", key.rpartition(":")[2] or key, "no place was found that registers this blueprint", at)

    def _changed(self, rule: Rule) -> Iterator[Rule]:
        """The rules that a rule becomes where its blueprint's class puts something in front of it."""
        owner = self.made.get(rule.owner)
        before = self._put_before(owner, rule.at) if owner is not None and self.changes.of(owner.maker).before else []
        for each in before or [""]:
            yield rule if not each else msgspec.structs.replace(rule, path=each + rule.path)

    def _put_before(self, owner: Made, at: Location) -> list[str]:
        module = self._modules.get(at.path)
        if module is None:
            return []
        for manager in blocks_around(module, at.line):
            found = self.objects.receiver(manager, module.name, "")
            if found is not None and found[0].key == owner.key:
                given = self.changes.set_by(owner.maker, manager)
                if given is not None:
                    known = [text(self.program, each, module) for each in given]
                    return list(dict.fromkeys(each for each in known if each is not None))
        return []

    def _binding_place(self, key: str) -> Location:
        scope, _, name = key.rpartition(".")
        bound = self.program.bindings(scope).get(name)
        module = self.program.module_of(scope)
        return self.program.at(module, bound[-1].line if bound else 1)

    def _prefixes(self, owner: str, parents: dict[str, list[Mount]], depth: int) -> list[tuple[str, Location | None]]:
        """All prefixes under which something is reachable, with the place that mounts it."""
        made = self.made.get(owner)
        if made is None or depth > 8:
            return [("", None)]
        own = self._own_prefix(made)
        if made.kind in ("api", "namespace"):
            return self._api_prefixes(owner, made, own, parents, depth)
        mounts = parents.get(owner, [])
        if not mounts:
            return [(own, None)]
        found: list[tuple[str, Location | None]] = []
        for mount in mounts:
            for prefix, _ in self._prefixes(mount.parent, parents, depth + 1):
                found.append((_joined(prefix, mount.prefix if mount.prefix is not None else own), mount.at))
        return list(dict.fromkeys(found))

    def _api_prefixes(self, owner: str, made: Made, own: str, parents: dict[str, list[Mount]], depth: int) -> list[tuple[str, Location | None]]:
        if made.kind == "namespace":
            mounts = parents.get(owner, [])
            if not mounts:
                return [(own, None)]
            return [
                (_joined(prefix, mount.prefix if mount.prefix is not None else own), mount.at)
                for mount in mounts
                for prefix, _ in self._prefixes(mount.parent, parents, depth + 1)
            ]
        target = self.objects.made(argument(made.call, 0, "app", "blueprint"), made.module, made.scope)
        if target is None:
            return [(own, None)]
        self.made.setdefault(target.key, target)
        if target.kind == "app":
            return [(own, None)]
        return [(_joined(prefix, own), at) for prefix, at in self._prefixes(target.key, parents, depth + 1)]

    def _own_prefix(self, made: Made) -> str:
        module = self.program.modules.get(made.module)
        if made.kind == "blueprint":
            return text(self.program, keyword(made.call, "url_prefix"), module) or ""
        if made.kind == "api":
            return text(self.program, keyword(made.call, "prefix"), module) or ""
        if made.kind == "namespace":
            path = text(self.program, keyword(made.call, "path"), module)
            return path if path is not None else "/" + (text(self.program, argument(made.call, 0, "name"), module) or "")
        return ""

    def _names(self, made: Made | None, parents: dict[str, list[Mount]], depth: int) -> tuple[str, ...]:
        """Names of the blueprints around an endpoint, outermost first; those of the first registration."""
        if made is None or made.kind not in ("blueprint", "api", "namespace") or depth > 8:
            return ()
        if made.kind == "api":
            target = self.objects.made(argument(made.call, 0, "app", "blueprint"), made.module, made.scope)
            return self._names(target, parents, depth + 1) if target is not None else ()
        mounts = parents.get(made.key, ())
        outer = self._names(self.made.get(mounts[0].parent), parents, depth + 1) if mounts else ()
        return outer if made.kind == "namespace" else (*outer, self._blueprint_name(made))

    def _blueprint_name(self, made: Made) -> str:
        return text(self.program, argument(made.call, 0, "name"), self.program.modules.get(made.module)) or ""

    # --- references -----------------------------------------------------------------------------

    def _references(self) -> Iterator[Fact]:
        for module, use in self.program.uses.calling(_REFERRING):
            name = last_name(use.chain)
            call = use.chain.steps[-1]
            if name not in _REFERRING or not isinstance(call, Call) or not call.arguments:
                continue
            value = text(self.program, call.arguments[0], module, use)
            at = self.program.at(module.name, use.span.line)
            scope = use.scope or module.name
            if value is None:
                kind = "url" if "url_for" in name else "template"
                yield Unresolved(kind, source(use.chain)[:160], f"the {'endpoint' if kind == 'url' else 'template'} is computed", at)
            elif "url_for" in name:
                yield StringReference(scope, "url", value, self.endpoints.get(value, ""), at)
            else:
                yield StringReference(scope, "template", value, value, at)


def _joined(prefix: str, path: str) -> str:
    """As Flask joins them: one slash between, and an empty rule is the prefix itself."""
    if not prefix:
        return path
    return f"{prefix.rstrip('/')}/{path.lstrip('/')}" if path else prefix


def _commands(program: Program) -> Iterator[Command]:
    """``@app.cli.command("name")``, ``@click.command()``, ``@group.command("name")`` and Typer's."""
    for module in program.modules.values():
        for definition in module.definitions:
            for decorator in definition.decorators:
                if not isinstance(decorator, Chain) or definition.kind == "class" or not _is_command(program, decorator):
                    continue
                call = decorator.steps[-1] if decorator.steps and isinstance(decorator.steps[-1], Call) else Call()
                given = text(program, argument(call, 0, "name"), module)
                name = given or definition.id.rpartition(".")[2].removesuffix("_command").removesuffix("_cmd").replace("_", "-")
                yield Command(name, definition.id, program.at(module.name, definition.line))
                break


def _is_command(program: Program, decorator: Chain) -> bool:
    last = last_name(decorator)
    if last not in ("command", "group", "callback"):
        return False
    state, rest = program.head(decorator)
    names = [step for step in rest if isinstance(step, str)]
    if state.kind == "external":
        return state.id in ("click.command", "click.group") or state.id.startswith(("click.", "typer.", "flask.cli."))
    if last == "callback":
        return False
    return names[-2:-1] == ["cli"] or state.kind in ("function", "binding", "unknown")
