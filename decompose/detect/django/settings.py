"""What the project's settings say: installed applications, root URL configuration, user model, literal values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from decompose.detect.django.standard import SETTINGS
from decompose.link.expressions import source
from decompose.link.program import Program
from decompose.model.facts import Setting, SettingRead, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import (
    Binding,
    Call,
    Chain,
    Constant,
    Expression,
    Item,
    Mapping,
    ModuleSummary,
    Opaque,
    Operation,
    Sequence,
    Use,
)

_ENTRY_POINTS = ("manage", "wsgi", "asgi", "celery", "celeryapp", "__main__", "conftest", "routing")
_VARIABLE = "DJANGO_SETTINGS_MODULE"
_MARKS = ("INSTALLED_APPS", "ROOT_URLCONF", "DATABASES", "MIDDLEWARE")
_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]{1,}$")
_READERS = re.compile(r"(^|_|\.)(env|environ|getenv|get_env|config|secret)(_|\.|$)|environ|getenv", re.IGNORECASE)
_QUOTED = re.compile(r"""['"]([A-Za-z_][\w.]*)['"]""")


@dataclass(frozen=True)
class Application:
    """An installed application: its package, its label and, where declared, the class of automatic keys.

    ``config`` is the ``AppConfig`` class of the project behind it, ``""`` when there is none.
    """

    package: str
    label: str
    auto_field: str = ""
    config: str = ""


@dataclass
class Settings:
    """The project's settings, read from all its settings modules; ``primary`` is the one that its entry points name.

    ``complete`` is false when a part of ``INSTALLED_APPS`` is computed, so that an application may be missing here.
    """

    program: Program
    primary: str = ""
    modules: tuple[str, ...] = ()
    applications: tuple[Application, ...] = ()
    complete: bool = False
    user_model: str = "auth.User"
    root_urlconf: str = ""
    auto_field: str = ""
    atomic_requests: bool = False
    unresolved: list[Unresolved] = field(default_factory=list)

    def bindings(self, name: str, module: str = "") -> list[Binding]:
        """All assignments to a setting, those of star-imported base settings first."""
        return _bindings(self.program, module or self.primary, name, set())

    def value(self, name: str) -> Expression | None:
        """The expression that a setting has in the end, ``None`` when no settings module has it."""
        for module in (self.primary, *self.modules):
            found = self.bindings(name, module) if module else []
            if found:
                return found[-1].value
        return None

    def containing(self, module: str) -> Application | None:
        """The installed application whose package holds a module: the one with the longest name."""
        best: Application | None = None
        for each in self.applications:
            if (module == each.package or module.startswith(f"{each.package}.")) and (best is None or len(each.package) > len(best.package)):
                best = each
        return best


def read_settings(program: Program) -> Settings:
    """The settings of a project; all empty when it has none."""
    named = list(dict.fromkeys(_named_modules(program)))
    conventional = sorted(
        name
        for name in program.modules
        if any("settings" in part for part in name.split(".")[-2:]) and not _is_test(name) and any(mark in program.bindings(name) for mark in _MARKS)
    )
    primary = next(iter(named), "") or next((name for name in conventional if name.rpartition(".")[2] == "settings"), "")
    if not primary and conventional:
        primary = conventional[0]
    modules = _with_bases(program, list(dict.fromkeys([primary, *named, *conventional])) if primary else [])
    # Variants beside the primary module, such as `config.test`, which take everything from a base and change a little.
    package = primary.rpartition(".")[0]
    for name in sorted(program.modules) if package else ():
        if name.startswith(f"{package}.") and modules & set(_stars(program.modules[name])):
            modules.add(name)
    settings = Settings(program, primary, tuple(sorted(modules)))
    if not primary:
        return settings
    _read_applications(settings)
    user = program.constant(settings.value("AUTH_USER_MODEL"))
    if isinstance(user, str):
        settings.user_model = user
    root = program.constant(settings.value("ROOT_URLCONF"))
    if isinstance(root, str):
        settings.root_urlconf = root
    auto = program.constant(settings.value("DEFAULT_AUTO_FIELD"))
    if isinstance(auto, str):
        settings.auto_field = auto
    settings.atomic_requests = any(_atomic_requests(program, settings.value(name)) for name in ("DATABASES", "ATOMIC_REQUESTS"))
    return settings


def _is_test(name: str) -> bool:
    return any(part in ("tests", "test") for part in name.split(".")[:-1])


def _named_modules(program: Program) -> Iterator[str]:
    """Settings modules named by entry points, ``manage.py`` first."""
    candidates = [each for each in program.modules.values() if each.name.rpartition(".")[2].split("_")[0] in _ENTRY_POINTS]
    candidates.sort(key=lambda each: (_ENTRY_POINTS.index(each.name.rpartition(".")[2].split("_")[0]), each.name.count("."), each.path))
    for module in candidates:
        for use in module.uses:
            for step in use.chain.steps:
                if isinstance(step, Call) and len(step.arguments) > 1 and step.arguments[0] == Constant(_VARIABLE):
                    value = program.constant(step.arguments[1])
                    if isinstance(value, str) and value in program.modules:
                        yield value


def _with_bases(program: Program, modules: list[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in program.modules and name not in found:
            found.add(name)
            waiting.extend(_stars(program.modules[name]))
    return found


def _stars(module: ModuleSummary) -> list[str]:
    return [each.module for each in module.imports if each.name == "*"]


def _bindings(program: Program, module: str, name: str, seen: set[str]) -> list[Binding]:
    if module in seen or module not in program.modules:
        return []
    seen.add(module)
    own = program.bindings(module).get(name, [])
    if any(not each.augmented for each in own):
        return list(own)
    imported = [each for each in program.modules[module].imports if each.alias == name and each.scope == ""]
    bases = [each.module for each in imported] or _stars(program.modules[module])
    inherited: list[Binding] = []
    for base in bases:
        inherited.extend(_bindings(program, base, name, seen))
    return [*inherited, *own]


# --- installed applications --------------------------------------------------------------------


def _read_applications(settings: Settings) -> None:
    program = settings.program
    entries: dict[str, None] = {}
    complete = True
    for module in dict.fromkeys((settings.primary, *settings.modules)):
        for binding in settings.bindings("INSTALLED_APPS", module):
            found, whole = _strings(program, binding.value, 0)
            for entry in found:
                entries.setdefault(entry)
            complete = complete and whole
            if not whole:
                place = _place(program, module, binding)
                text = f"INSTALLED_APPS {'+=' if binding.augmented else '='} {source(binding.value)}"
                settings.unresolved.append(Unresolved("setting", text[:200], "a part of the list of applications is computed", place))
    applications: dict[str, Application] = {}
    for entry in entries:
        application = _application(program, entry)
        applications.setdefault(application.package, application)
    settings.applications = tuple(applications.values())
    settings.complete = complete and bool(entries)
    settings.unresolved = list(dict.fromkeys(settings.unresolved))


def _place(program: Program, module: str, binding: Binding) -> Location:
    for name in (module, *_with_bases(program, [module])):
        if binding in program.bindings(name).get(binding.name, ()):
            return program.at(name, binding.line)
    return program.at(module, binding.line)


def _strings(program: Program, expression: Expression, depth: int) -> tuple[list[str], bool]:
    """The strings of a list expression in order, and whether these are certainly all."""
    if isinstance(expression, Constant):
        return ([expression.value], True) if isinstance(expression.value, str) else ([], False)
    if isinstance(expression, Sequence) or (isinstance(expression, Operation) and expression.operator in ("+", "*", "if")):
        found: list[str] = []
        whole = True
        for item in expression.items if isinstance(expression, Sequence) else expression.operands:
            more, complete = _strings(program, item, depth)
            found.extend(more)
            whole = whole and complete
        return found, whole
    if isinstance(expression, Chain) and depth < 8:
        state, rest = program.head(expression)
        if expression.origin == "builtin" and expression.root in ("list", "tuple", "set", "sorted") and expression.steps:
            call = expression.steps[0]
            if isinstance(call, Call) and len(call.arguments) == 1:
                return _strings(program, call.arguments[0], depth + 1)
        if state.kind == "binding" and not rest:
            scope, _, name = state.id.rpartition(".")
            found, whole = [], True
            for binding in program.bindings(scope).get(name, ()):
                more, complete = _strings(program, binding.value, depth + 1)
                found.extend(more)
                whole = whole and complete
            return found, whole
        return [], False
    return (_QUOTED.findall(expression.text) if isinstance(expression, Opaque) else list(strings_in(expression))), False


def strings_in(expression: Expression) -> Iterator[str]:
    """All literal strings in an expression, from left to right."""
    if isinstance(expression, Constant):
        if isinstance(expression.value, str):
            yield expression.value
    elif isinstance(expression, Sequence):
        for item in expression.items:
            yield from strings_in(item)
    elif isinstance(expression, Mapping):
        for key, value in expression.items:
            yield from strings_in(key)
            yield from strings_in(value)
    elif isinstance(expression, Operation):
        for operand in expression.operands:
            yield from strings_in(operand)
    elif isinstance(expression, Chain):
        for step in expression.steps:
            if isinstance(step, Call):
                for argument in step.arguments:
                    yield from strings_in(argument)
                for _, value in step.keywords:
                    yield from strings_in(value)


def _application(program: Program, entry: str) -> Application:
    state = program.resolve(entry)
    if state.kind == "class":
        return _configured(program, state.id, entry.rpartition(".")[0])
    if state.kind == "module":
        configs = [each for each in program.members(f"{entry}.apps").values() if each.kind == "class" and _is_config(program, each.id)]
        chosen = [each for each in configs if program.constant(program.value(f"{each.id}.default")) is True]
        chosen = chosen or [each for each in configs if program.constant(program.value(f"{each.id}.default")) is not False]
        if len(chosen) == 1:
            return _configured(program, chosen[0].id, entry)
        return Application(entry, entry.rpartition(".")[2])
    package, _, last = entry.rpartition(".")
    if last[:1].isupper() and package:
        package = package.removesuffix(".apps").removesuffix(".config")
        return Application(package, package.rpartition(".")[2])
    return Application(entry, entry.rpartition(".")[2])


def _is_config(program: Program, class_id: str) -> bool:
    return any(name.rpartition(".")[2] == "AppConfig" for name in program.ancestors(class_id))


def _configured(program: Program, class_id: str, fallback: str) -> Application:
    def text(name: str) -> str:
        owner = program.declaring_class(class_id, name)
        value = program.constant(program.value(f"{owner}.{name}")) if owner else None
        return value if isinstance(value, str) else ""

    package = text("name") or fallback.removesuffix(".apps")
    return Application(package, text("label") or package.rpartition(".")[2], text("default_auto_field"), class_id)


def _atomic_requests(program: Program, expression: Expression | None) -> bool:
    if isinstance(expression, Mapping):
        for key, value in expression.items:
            if isinstance(key, Constant) and key.value == "ATOMIC_REQUESTS" and program.constant(value) is True:
                return True
            if isinstance(value, Mapping) and _atomic_requests(program, value):
                return True
    return isinstance(expression, Constant) and expression.value is True


# --- facts -------------------------------------------------------------------------------------


def setting_facts(settings: Settings) -> Iterator[Setting | Unresolved]:
    """Every setting of every settings module, with the environment variable behind it."""
    program = settings.program
    for module in settings.modules:
        for name, bindings in program.bindings(module).items():
            if not name.isupper():
                continue
            for binding in bindings:
                yield Setting(name, _value(name, binding), program.at(module, binding.line), environment_variable(program, binding.value))
    yield from settings.unresolved


def _value(name: str, binding: Binding) -> str:
    """The value as source text; what a key adds to a former value names that value."""
    text = source(binding.value)
    added = binding.augmented and isinstance(binding.value, Mapping)
    return f"{{**{name}, {text.removeprefix('{')}" if added else text


def environment_variable(program: Program, expression: Expression, depth: int = 0) -> str:
    """The environment variable that a value is read from, ``""`` when there is none."""
    if not isinstance(expression, Chain) or depth > 3:
        return ""
    names = ".".join([expression.root, *(step for step in expression.steps if isinstance(step, str))])
    for step in expression.steps:
        if isinstance(step, Item) and isinstance(step.key, str) and "environ" in names:
            return step.key
        if isinstance(step, Call) and step.arguments:
            first = program.constant(step.arguments[0])
            if isinstance(first, str) and _ENVIRONMENT.match(first) and _READERS.search(names.lower()):
                return first
            for argument in step.arguments:
                found = environment_variable(program, argument, depth + 1)
                if found:
                    return found
    return ""


def setting_read(program: Program, use: Use, definition: str, at: Location) -> SettingRead | None:
    """The setting that a use reads from ``django.conf.settings``, ``None`` when it reads none."""
    chain = use.chain
    steps = chain.steps
    if chain.origin == "builtin" and chain.root in ("getattr", "hasattr") and steps and isinstance(steps[0], Call):
        arguments = steps[0].arguments
        if len(arguments) > 1 and isinstance(arguments[0], Chain) and isinstance(arguments[1], Constant):
            state, rest = program.head(arguments[0])
            if state.kind == "external" and state.id == SETTINGS and not rest and isinstance(arguments[1].value, str):
                return SettingRead(definition, arguments[1].value, at)
        return None
    if chain.origin != "global" or not steps:
        return None
    state = program.resolve(chain.root)
    if state.kind != "external":
        return None
    position = 0
    if state.id == "django.conf" and steps[0] == "settings":
        position = 1
    elif state.id != SETTINGS:
        return None
    name = steps[position] if position < len(steps) else None
    if isinstance(name, str) and name.isupper():
        return SettingRead(definition, name, at)
    return None


def settings_roots(program: Program) -> list[str]:
    """The symbols of the project's files that stand for ``django.conf.settings``, or for its module."""
    return [root for root in program.uses.roots if (state := program.resolve(root)).kind == "external" and state.id in ("django.conf", SETTINGS)]


def setting_strings(settings: Settings) -> Iterator[tuple[str, Location, str]]:
    """Every string inside the settings' values: text, place, settings module."""
    program = settings.program
    for module in settings.modules:
        for name, bindings in program.bindings(module).items():
            if name.isupper():
                for binding in bindings:
                    for text in strings_in(binding.value):
                        yield text, program.at(module, binding.line), module
