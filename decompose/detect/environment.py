"""Environment variables that the code reads, by itself, through a library, or as fields of a settings class."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from decompose.link.expressions import argument, keyword, last_name, literal, source
from decompose.link.heads import Heads
from decompose.link.objects import Objects, text
from decompose.link.program import Program, State, Step
from decompose.model.facts import EnvironmentRead, Fact, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import (
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Item,
    Mapping,
    ModuleSummary,
    Opaque,
    Use,
)

_GETTERS = frozenset({"os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop", "os.environb.get", "os.getenvb"})
_CONFIG = frozenset({"decouple.config", "starlette.config.config", "environs.env", "prettyconf.config", "envparse.env"})
_READERS = {"Env": "env", "FileAwareEnv": "env", "Config": "config", "AutoConfig": "config", "EnvConfig": "config", "BaseSettings": ""}
"""Classes of environ, environs, decouple and Starlette whose instances read a variable when called."""
_READER_PACKAGES = frozenset({"environ", "environs", "decouple", "starlette", "envparse", "prettyconf", "environ_config"})
_SETTINGS = ("pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic_settings.main.BaseSettings", "pydantic.v1.BaseSettings")



def detect(program: Program) -> Iterator[Fact]:
    """Environment reads, each once per definition and line."""
    yield from Variables(program).facts()


def _kind_of(dotted: str) -> str:
    package, _, last = dotted.rpartition(".")
    return "reader" if package.split(".", 1)[0] in _READER_PACKAGES and last in _READERS else ""


def _knows(dotted: str) -> bool:
    return dotted.startswith(("os.environ", "os.getenv")) or dotted.partition(".")[0] in _READER_PACKAGES


class Variables:
    """One pass over the uses that begin with ``os`` or with a reader of variables."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, _kind_of)
        self.heads = Heads(program, self.objects, _knows)
        self._reading = False

    def facts(self) -> Iterator[Fact]:
        emitted: set[Fact] = set()
        for module, use, made, state, rest in self.heads.uses():
            scope, at = use.scope or module.name, Location(module.path, use.span.line)
            found = self._reader(rest, use, module, scope, at) if made is not None else self._external(state, rest, use, module, scope, at)
            for fact in found:
                if fact not in emitted:
                    emitted.add(fact)
                    yield fact
        if not self.program.imported.isdisjoint(("pydantic", "pydantic_settings")):
            yield from self._settings_classes()

    def _read(self, expression: Expression | None, default: Expression | None, use: Use, module: ModuleSummary, scope: str, at: Location) -> Iterator[Fact]:  # fmt: skip
        name = text(self.program, expression, module, use)
        if name:
            yield EnvironmentRead(scope, name, source(default), at)
        elif isinstance(expression, Chain) and expression.origin in ("parameter", "instance") and not self._reading:
            yield from self._through_callers(use, module, at)
        elif expression is not None:
            yield Unresolved("environment", source(use.chain)[:120], "the variable's name is computed", at)

    def _through_callers(self, use: Use, module: ModuleSummary, at: Location) -> Iterator[Fact]:
        """A helper that reads the variable it is told to: one read for each of its calls."""
        self._reading = True
        for site in self.objects.sites(use, module):
            where = self.program.modules[site.module]
            place = msgspec.structs.replace(use, chain=site.chain)
            state, rest = self.program.head(site.chain)
            if state.kind == "external":
                yield from self._external(state, rest, place, where, site.scope or site.module, self.program.at(site.module, site.line))
            else:
                yield Unresolved("environment", source(use.chain)[:120], "the variable's name is computed", at)
        self._reading = False

    def _external(self, state: State, rest: tuple[Step, ...], use: Use, module: ModuleSummary, scope: str, at: Location) -> Iterator[Fact]:
        if state.id == "os.environ" and rest and isinstance(rest[0], Item):
            if use.sink == "delete" or (use.sink == "store" and len(rest) == 1):
                return
            inner = self._subscript(use, module) if rest[0].key is None else Constant(rest[0].key)
            yield from self._read(inner, None, use, module, scope, at)
        elif rest and isinstance(rest[0], Call) and (state.id in _GETTERS or state.id in _CONFIG):
            call = rest[0]
            yield from self._read(argument(call, 0, "key", "option"), argument(call, 1, "default", "cast_default"), use, module, scope, at)

    def _reader(self, rest: tuple[Step, ...], use: Use, module: ModuleSummary, scope: str, at: Location) -> Iterator[Fact]:
        """``env("NAME")``, ``env.bool("NAME")``, ``config("NAME")`` and ``config["NAME"]`` on an object of a library."""
        call = next((step for step in rest if isinstance(step, Call)), None)
        names = [step for step in rest if isinstance(step, str)]
        if call is not None and (not names or names[0] not in ("read_env", "read_envfile")):
            yield from self._read(argument(call, 0, "var", "name", "option", "key"), argument(call, 1, "default"), use, module, scope, at)
        elif rest and isinstance(rest[0], Item) and isinstance(rest[0].key, str):
            yield EnvironmentRead(scope, rest[0].key, "", at)

    def _subscript(self, use: Use, module: ModuleSummary) -> Expression | None:
        """What stands in ``os.environ[NAME]``: the only use inside the brackets."""
        inner = [each.chain for each in module.uses if each is not use and each.sink == "argument" and each.scope == use.scope and _inside(each, use)]
        return inner[0] if len(inner) == 1 else Opaque("")

    def _settings_classes(self) -> Iterator[Fact]:
        """Fields of pydantic's ``BaseSettings``: each is read from the variable of its name, with the class's prefix."""
        program = self.program
        for id in program.subclasses(*_SETTINGS):
            prefix = self._prefix(id)
            owners = [id]
            module = program.module_of(id)
            for owner in owners:
                for name, bound in program.bindings(owner).items():
                    binding = bound[-1]
                    if name.startswith("_") or name in ("model_config", "Config") or not binding.annotation or "ClassVar" in binding.annotation:
                        continue
                    value, names = self._field(binding.value)
                    for variable in names or (f"{prefix}{name}".upper(),):
                        yield EnvironmentRead(id, variable, source(value), program.at(module, binding.line))

    def _field(self, value: Expression) -> tuple[Expression | None, tuple[str, ...]]:
        """The default of a field and the variables it names itself (``Field(default, env="X")``, ``alias``, ``validation_alias``)."""
        if isinstance(value, Opaque) and not value.text:
            return None, ()
        if isinstance(value, Chain) and last_name(value) == "Field" and value.steps and isinstance(value.steps[-1], Call):
            call = value.steps[-1]
            names: list[str] = []
            for given in (keyword(call, "env"), keyword(call, "alias"), keyword(call, "validation_alias")):
                name = literal(self.program, given)
                if name:
                    names.append(name)
                elif isinstance(given, Chain) and given.steps and isinstance(given.steps[-1], Call):
                    names.extend(found for each in given.steps[-1].arguments if (found := literal(self.program, each)))
            default = argument(call, 0, "default")
            return (None if source(default) in ("...", "Ellipsis") else default), tuple(dict.fromkeys(names))
        return value, ()

    def _prefix(self, id: str) -> str:
        program = self.program
        for owner in (id, *program.ancestors(id)):
            for key, value in self._config_items(owner):
                if key == "env_prefix":
                    return literal(program, value) or ""
        return ""

    def _config_items(self, owner: str) -> Iterator[tuple[str, Expression]]:
        program = self.program
        bound = program.bindings(owner).get("model_config")
        if bound:
            value = bound[-1].value
            if isinstance(value, Chain) and value.steps and isinstance(value.steps[-1], Call):
                yield from value.steps[-1].keywords
            elif isinstance(value, Mapping):
                yield from ((key.value, each) for key, each in value.items if isinstance(key, Constant) and isinstance(key.value, str))
        inner = program.members(owner).get("Config")
        if isinstance(inner, Definition):
            yield from ((name, found[-1].value) for name, found in program.bindings(inner.id).items())


def _inside(inner: Use, outer: Use) -> bool:
    return (outer.span.line, outer.span.column) <= (inner.span.line, inner.span.column) and (inner.span.end_line, inner.span.end_column) <= (
        outer.span.end_line,
        outer.span.end_column,
    )
