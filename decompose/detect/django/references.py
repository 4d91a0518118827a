"""Strings that name something: templates, URLs, models, dotted paths, patched names, fixtures; and settings read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from decompose.detect.django import standard
from decompose.detect.django.models import Registry, setting_name
from decompose.detect.django.settings import Settings, setting_read, setting_strings, settings_roots, strings_in
from decompose.link.expressions import argument, elements, first_call, last_bound, literal, source
from decompose.link.program import Program
from decompose.model.facts import Route, SettingRead, StringReference, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import Chain, Constant, Expression, Operation

_TEMPLATE_ATTRIBUTES = frozenset({"template_name", "email_template_name", "subject_template_name", "change_form_template", "change_list_template", "html_email_template_name"})
_URL_ATTRIBUTES = frozenset({"success_url", "pattern_name", "login_url"})
_FUNCTIONS = (
    *standard.TEMPLATE_FUNCTIONS, *standard.URL_FUNCTIONS, *standard.IMPORT_FUNCTIONS, *standard.PATCH_FUNCTIONS, *standard.PATCH_OBJECT,
    "django.core.management.call_command", "django.apps.apps.get_model", "django.contrib.auth.get_user_model",
)  # fmt: skip
_LAST_NAMES = frozenset(name.rpartition(".")[2] for name in _FUNCTIONS) | {"as_view", "dict", "multiple", "object"}


class ReferenceReader:
    """Reads strings that name things."""

    def __init__(self, settings: Settings, registry: Registry, routes: Iterable[Route]) -> None:
        self.program: Program = settings.program
        self.settings = settings
        self.registry = registry
        self._views: dict[str, str] = {}
        for route in routes:
            if route.name:
                self._views.setdefault(route.name, route.handler)

    def facts(self) -> Iterator[StringReference | SettingRead | Unresolved]:
        """All references, file by file."""
        yield from self._settings()
        uses = self.program.uses
        for module, use in chain(uses.rooted(settings_roots(self.program)), uses.calling(("getattr", "hasattr"))):
            if not last_bound(use.chain):
                read = setting_read(self.program, use, use.scope or module.name, self.program.at(module.name, use.span.line))
                if read is not None:
                    yield read
        for module, use in uses.calling(_LAST_NAMES):
            if use.chain.origin in ("global", "builtin"):
                yield from self._use(use.chain, use.scope or module.name, self.program.at(module.name, use.span.line))
        for module in self.program.modules.values():
            for binding in module.bindings:
                if binding.scope:
                    yield from self._attribute(binding.name, binding.value, binding.scope, self.program.at(module.name, binding.line))

    def _settings(self) -> Iterator[StringReference]:
        for text, at, module in setting_strings(self.settings):
            if "." in text and text.replace(".", "").replace("_", "").isalnum():
                target = self._target(text)
                if target:
                    yield StringReference(module, "dotted", text, target, at)
                elif text == self.settings.user_model:
                    user = self.registry.user
                    yield StringReference(module, "model", text, user.id if user is not None else "", at)

    def _target(self, text: str) -> str:
        """The definition, module or module-level name of the project that a dotted string means."""
        state = self.program.resolve(text)
        return state.id if state.kind in ("class", "function", "module", "binding") else ""

    def _patched(self, text: str) -> str:
        """What a patched name means; the module that holds the name where that is something from outside."""
        return self._target(text) or self.program.module_of(text)

    def _use(self, used: Chain, definition: str, at: Location) -> Iterator[StringReference | Unresolved]:
        steps = used.steps
        call = first_call(steps)
        if call is None:
            return
        # The name before the first call decides cheaply whether the used can matter at all.
        position = steps.index(call)
        last = steps[position - 1] if position else used.root.rpartition(".")[2]
        if last not in _LAST_NAMES or position < last_bound(used):
            return
        if last == "as_view":
            text = literal(self.program, argument(call, -1, "template_name"))
            if text:
                yield StringReference(definition, "template", text, text, at)
            return
        state, _ = self.program.head(used)
        name = state.id if state.kind == "external" else ""
        if used.origin == "builtin":
            name = f"builtins.{used.root}"
        if name in standard.TEMPLATE_FUNCTIONS:
            named = argument(call, standard.TEMPLATE_FUNCTIONS[name], "template_name", "template", "template_name_list")
            yield from self._templates(named, name, definition, at)
        elif name in standard.URL_FUNCTIONS:
            text = literal(self.program, argument(call, 0, "viewname", "to"))
            if text and not text.startswith(("/", "http", ".")) and " " not in text:
                yield StringReference(definition, "url", text, self._views.get(text, self._target(text) if "." in text else ""), at)
        elif name in standard.IMPORT_FUNCTIONS:
            named = argument(call, 0, "name", "dotted_path")
            ours = name.startswith("django.")  # what Python's own functions import is read for every framework
            text = (literal(self.program, named) if ours else None) or self._setting(named)
            if text is None and not (ours or (isinstance(named, Chain) and setting_name(self.program, named))):
                return
            if text is None:
                yield Unresolved("import", source(used), "the name is computed", at)
            elif not text.startswith("."):
                yield StringReference(definition, "dotted", text, self._target(text), at)
        elif name in standard.PATCH_FUNCTIONS:
            text = literal(self.program, argument(call, 0, "target", "in_dict"))
            if text and "." in text:
                yield StringReference(definition, "patch", text, self._patched(text), at)
            elif not text and call.arguments and not name.endswith((".dict", ".multiple")):
                yield Unresolved("patch", source(used), "the name is computed", at)
        elif name in standard.PATCH_OBJECT:
            owner, attribute = argument(call, 0, "target"), literal(self.program, argument(call, 1, "attribute"))
            if isinstance(owner, Chain) and attribute:
                reached, rest = self.program.head(owner)
                if reached.kind in ("class", "module") and not rest:
                    text = f"{reached.id}.{attribute}"
                    yield StringReference(definition, "patch", text, self._patched(text), at)
        elif name == "django.core.management.call_command" and call.arguments:
            if literal(self.program, call.arguments[0]) == "loaddata":
                for each in call.arguments[1:]:
                    text = literal(self.program, each)
                    if text:
                        yield StringReference(definition, "fixture", text, "", at)
        elif name == "django.apps.apps.get_model":
            words = [literal(self.program, each) for each in (*call.arguments, *(value for _, value in call.keywords))]
            model = self.registry.by_arguments(call)
            if all(words) and words:
                yield StringReference(definition, "model", ".".join(word for word in words if word), model.id if model is not None else "", at)
            else:
                yield Unresolved("model", source(used), "the model's name is computed", at)

    def _setting(self, named: Expression | None) -> str | None:
        """The text of ``settings.NAME``; where the value comes from the environment, its default."""
        name = setting_name(self.program, named) if isinstance(named, Chain) else ""
        value = self.settings.value(name) if name else None
        texts = [each for each in strings_in(value) if "." in each] if value is not None else []
        return texts[-1] if texts else None

    def _templates(self, named: Expression | None, name: str, definition: str, at: Location) -> Iterator[StringReference | Unresolved]:
        text = literal(self.program, named)
        texts = [text] if text else list(strings_in(named)) if named is not None and not isinstance(named, Chain) else []
        if not texts and isinstance(named, (Operation, Chain)):
            yield Unresolved("template", f"{name.rpartition('.')[2]}({source(named)})", "the template's name is computed", at)
        for each in texts:
            yield StringReference(definition, "template", each, each, at)

    def _attribute(self, name: str, value: Expression, scope: str, at: Location) -> Iterator[StringReference]:
        if name in _TEMPLATE_ATTRIBUTES or (name == "template" and isinstance(value, Constant)):
            text = self.program.constant(value)
            if isinstance(text, str) and "." in text:
                yield StringReference(scope, "template", text, text, at)
        elif name in _URL_ATTRIBUTES:
            text = self.program.constant(value)
            if isinstance(text, str) and text in self._views:
                yield StringReference(scope, "url", text, self._views[text], at)
        elif name == "fixtures" and any(each.rpartition(".")[2].endswith("TestCase") or "test" in each.lower() for each in (scope, *self.program.ancestors(scope))):
            for item in elements(self.program, value) or ():
                text = self.program.constant(item)
                if isinstance(text, str):
                    yield StringReference(scope, "fixture", text, "", at)
