"""The linked program: names through re-exports and stars, classes through inheritance, values through certain steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Literal

import msgspec

from decompose.link.loaders import Loaders
from decompose.link.prefixes import Prefixes
from decompose.link.uses import UseIndex
from decompose.model.location import Location
from decompose.model.syntax import (
    Binding,
    Bound,
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Import,
    Item,
    ModuleSummary,
    Slice,
    Template,
)

Kind = Literal["module", "class", "function", "instance", "binding", "external", "result", "unknown"]

Step = str | Call | Item | Slice | Bound

_LIMIT = 60
"""Re-exports followed before a name is given up: far above any chain seen in real code, it only ends cycles."""
_NO_NAMES: frozenset[str] = frozenset()
_MOST_ANCESTORS = 256
"""Classes above a class that are remembered: no class that people write has as many."""


class State(msgspec.Struct, frozen=True):
    """What a prefix of a chain stands for.

    ``kind`` and ``id``: a ``module``, ``class`` or ``function`` of the project by id; an ``instance`` of the class ``id`` (of the
    project or dotted external); a ``binding`` (``module.name`` whose value is more than an alias); something ``external`` by
    dotted name; the ``result`` of calling the external ``id``; else ``unknown``. ``owner`` is the class through which a method was
    reached, ``""`` otherwise.
    """

    kind: Kind
    id: str = ""
    owner: str = ""


UNKNOWN = State("unknown")


class Program:
    """All summaries of a project, linked. Read-only after construction; answers are cached.

    ``modules`` maps a dotted name to its summary (where two files claim a name, the first by path wins and the
    other is in ``shadowed``). ``sql`` has the texts of the project's ``.sql`` files by path.
    """

    def __init__(self, summaries: Iterable[ModuleSummary], sql: Mapping[str, str] | None = None) -> None:
        self.modules: dict[str, ModuleSummary] = {}
        self.shadowed: list[ModuleSummary] = []
        self.sql: Mapping[str, str] = sql or {}
        for summary in sorted(summaries, key=lambda each: each.path):
            if summary.name in self.modules:
                self.shadowed.append(summary)
            else:
                self.modules[summary.name] = summary
        self._packages: set[str] = set()
        for name in self.modules:
            while "." in name:
                name = name.rpartition(".")[0]
                self._packages.add(name)
        self._definitions: dict[str, Definition] = {}
        self._module_of: dict[str, str] = {}
        self._members: dict[str, dict[str, Definition]] = {}
        self._bindings: dict[str, dict[str, list[Binding]]] = {}
        self._imports: dict[str, dict[str, Import]] = {}
        self._stars: dict[str, list[str]] = {}
        for module in self.modules.values():
            self._index(module)
        self._resolved: dict[str, State] = {}
        self._ancestors: dict[str, tuple[str, ...]] = {}
        self._climbing = 0
        self._loading: set[str] = set()
        self._children: dict[str, list[str]] | None = None
        self._set_by_methods: dict[tuple[str, str], State] = {}
        self._held: dict[str, State] = {}
        self._instances: dict[str, State] = {}
        self._imported: frozenset[str] | None = None

    @cached_property
    def uses(self) -> UseIndex:
        """The uses of all modules by the names that they call."""
        return UseIndex(self.modules.values())

    @cached_property
    def prefixes(self) -> Prefixes:
        """What the beginnings of chains stand for."""
        return Prefixes(self)

    @cached_property
    def loaders(self) -> Loaders:
        """What the project's functions that import by name give."""
        return Loaders(self)

    def _index(self, module: ModuleSummary) -> None:
        for definition in module.definitions:
            self._definitions.setdefault(definition.id, definition)
            self._module_of[definition.id] = module.name
            parent = definition.parent or module.name
            self._members.setdefault(parent, {})[definition.id.rpartition(".")[2]] = definition
        for binding in module.bindings:
            self._bindings.setdefault(binding.scope or module.name, {}).setdefault(binding.name, []).append(binding)
        names = self._imports.setdefault(module.name, {})
        for imported in module.imports:
            if imported.name == "*":
                self._stars.setdefault(module.name, []).append(imported.module)
            elif imported.scope == "":
                # `import a.b` binds `a`; `import a.b as c` binds c to a.b.
                names[imported.alias] = imported

    # --- places and definitions ----------------------------------------------------------------

    def definition(self, id: str) -> Definition | None:
        """The class, function or method with this id."""
        return self._definitions.get(id)

    def returned(self, definition: Definition) -> tuple[Expression, ...]:
        """The expressions of a definition's ``return`` statements in source order (a bare ``return`` is ``Constant(None)``)."""
        module = self.modules.get(self._module_of.get(definition.id, ""))
        return module.returned.get((definition.id, definition.line), ()) if module is not None else ()

    @property
    def imported(self) -> frozenset[str]:
        """The first names of all that the project imports (``flask`` for ``flask.views``), its own packages included."""
        if self._imported is None:
            self._imported = frozenset(each.module.partition(".")[0] for module in self.modules.values() for each in module.imports)
        return self._imported

    @property
    def definitions(self) -> Iterable[Definition]:
        """All definitions, in the order of their files' paths."""
        return self._definitions.values()

    def module_of(self, id: str) -> str:
        """The module that defines ``id`` (a definition, binding or the module itself), ``""`` when it is not the project's."""
        if id in self._module_of:
            return self._module_of[id]
        while id:
            if id in self.modules:
                return id
            id = id.rpartition(".")[0]
        return ""

    def at(self, module: str, line: int) -> Location:
        """A location in a module of the project."""
        return Location(self.modules[module].path, line)

    def place(self, id: str) -> Location:
        """Where a definition (or module) stands."""
        definition = self._definitions.get(id)
        if definition is not None:
            return self.at(self._module_of[id], definition.line)
        return self.at(self.module_of(id), 1)

    def bindings(self, scope: str) -> dict[str, list[Binding]]:
        """Assignments in a module or class body by name, each in source order."""
        return self._bindings.get(scope, {})

    def imports(self, module: str, name: str) -> Import | None:
        """The import that binds a name in a module."""
        return self._imports.get(module, {}).get(name)

    def members(self, scope: str) -> dict[str, Definition]:
        """Definitions directly inside a module, class or function, by name."""
        return self._members.get(scope, {})

    # --- names ---------------------------------------------------------------------------------

    def resolve(self, symbol: str) -> State:
        """What a dotted symbol stands for, through re-exports, stars and plain aliases.

        ``external`` for names outside the project (also for names that a project's module should have but does not: their
        ``id`` then begins with that module).
        """
        cached = self._resolved.get(symbol)
        if cached is None:
            cached = self._resolve(symbol, 0)
            self._resolved[symbol] = cached
        return cached

    def _resolve(self, symbol: str, depth: int) -> State:
        if depth > _LIMIT:
            return UNKNOWN
        if symbol in self._definitions:
            return self._state_of(self._definitions[symbol])
        module, rest = self._split(symbol)
        if not module:
            return State("external", symbol)
        state = State("module", module)
        for index, name in enumerate(rest):
            state = self._attribute(state, name, depth)
            if state.kind in ("external", "unknown"):
                tail = rest[index + 1 :]
                return State("external", ".".join((state.id, *tail))) if state.kind == "external" else state
            if state.kind == "binding" and index + 1 < len(rest):
                return State("external", ".".join((state.id, *rest[index + 1 :])))
        return state

    def _split(self, symbol: str) -> tuple[str, list[str]]:
        """The longest prefix that is a module or namespace package of the project, and the names after it."""
        prefix, rest = symbol, list[str]()
        while prefix:
            if prefix in self.modules or prefix in self._packages:
                return prefix, rest
            prefix, _, last = prefix.rpartition(".")
            rest.insert(0, last)
        return "", []

    def _state_of(self, definition: Definition) -> State:
        return State("class" if definition.kind == "class" else "function", definition.id)

    def _attribute(self, state: State, name: str, depth: int) -> State:
        """``state.name`` where the state is a module or a class."""
        if state.kind == "module":
            return self._module_attribute(state.id, name, depth)
        if state.kind == "class":
            found = self.member(state.id, name)
            if isinstance(found, Definition):
                reached = self._state_of(found)
                return State(reached.kind, reached.id, state.id)
            if isinstance(found, Binding):
                return State("binding", f"{self.declaring_class(state.id, name)}.{name}", state.id)
        return State("external", f"{state.id}.{name}") if state.id else UNKNOWN

    def _module_attribute(self, module: str, name: str, depth: int) -> State:
        if depth > _LIMIT:
            return UNKNOWN
        member = self._members.get(module, {}).get(name)
        bound = self._bindings.get(module, {}).get(name)
        imported = self._imports.get(module, {}).get(name)
        if member is not None:
            return self._state_of(member)
        if imported is not None and not (bound and self._alias(bound[-1]) is None and bound[-1].line > imported.line):
            target = f"{imported.module}.{imported.name}" if imported.name else imported.module
            if not imported.name and imported.alias == imported.module.split(".")[0] and "." in imported.module:
                target = imported.alias
            if target != f"{module}.{name}":
                return self._resolve(target, depth + 1)
        if bound:
            alias = self._alias(bound[-1])
            if alias is not None and alias != f"{module}.{name}":
                reached = self._resolve(alias, depth + 1)
                if reached.kind in ("class", "function", "module") or (reached.kind == "external" and "." in reached.id):
                    return reached
            return State("binding", f"{module}.{name}")
        qualified = f"{module}.{name}"
        if qualified in self.modules or qualified in self._packages:
            return State("module", qualified)
        for star in reversed(self._stars.get(module, ())):
            found = self._through_star(star, name, depth + 1)
            if found is not None:
                return found
        foreign = [star for star in self._stars.get(module, ()) if not self._split(star)[0]]
        if len(foreign) == 1 and not name.startswith("_"):
            # Only the library that everything is imported from can have brought it.
            return State("external", f"{foreign[0]}.{name}")
        return State("external", qualified)

    def _through_star(self, module: str, name: str, depth: int) -> State | None:
        """What ``from module import *`` brings under ``name``, ``None`` when it does not bring it."""
        summary = self.modules.get(module)
        if summary is None or depth > _LIMIT:
            return None
        public = name in summary.exports if summary.exports is not None else not name.startswith("_")
        if not public:
            return None
        state = self._module_attribute(module, name, depth)
        return None if state == State("external", f"{module}.{name}") else state

    def _alias(self, binding: Binding) -> str | None:
        """The symbol that ``name = symbol`` copies, or whose name it has loaded; ``None`` when the value is anything else."""
        value = binding.value
        if not binding.augmented and isinstance(value, Chain) and value.origin == "global":
            names = [step for step in value.steps if isinstance(step, str)]
            if len(names) == len(value.steps):
                return ".".join((value.root, *names))
            symbol, taken = self.loaded(value)
            if symbol and taken == len(value.steps):
                return symbol
        return None

    def loaded(self, chain: Chain) -> tuple[str, int]:
        """The symbol that the first steps of a chain load by its name (``get_class("orders.forms", "OrderForm")``), and how many these are; else ``("", 0)``."""
        names = [chain.root]
        for position, step in enumerate(chain.steps):
            if isinstance(step, Call):
                # Two arguments, the first of them written out: what calls look like that load a class.
                if len(step.arguments) < 2 or step.arguments[0].__class__ is not Constant:
                    break
                function = ".".join(names)
                if function in self._loading:
                    break  # `load = load("a.b", "C")`: a name that is defined by itself
                self._loading.add(function)
                state = self.resolve(function)
                self._loading.discard(function)
                if state.kind != "function":
                    break
                symbol, taken = self.loaders.symbol(state.id, chain.steps[position:])
                return symbol, position + taken if taken else 0
            if not isinstance(step, str):
                break
            names.append(step)
        return "", 0

    def exported(self, module: str) -> Iterator[str]:
        """The names that ``from module import *`` would bring, sorted."""
        summary = self.modules.get(module)
        if summary is None:
            return
        if summary.exports is not None:
            yield from sorted(summary.exports)
            return
        names = {*self._members.get(module, {}), *self._bindings.get(module, {}), *self._imports.get(module, {})}
        yield from sorted(name for name in names if not name.startswith("_"))

    # --- classes -------------------------------------------------------------------------------

    def bases(self, class_id: str) -> tuple[str, ...]:
        """Direct bases: ids of project classes and bindings, dotted names of external classes.

        ``db.Model`` on a binding ``app.db`` gives ``app.db.Model``; a base made by a call gives the called name with ``()``. What a class
        makes of other classes (``Manager.from_queryset(OrderQuerySet)``) is taken to inherit from all of them.
        """
        definition = self._definitions.get(class_id)
        if definition is None:
            return ()
        found = (each for base in definition.bases for each in (self._base(base), *self._ingredients(base)))
        return tuple(dict.fromkeys(filter(None, found)))

    def _ingredients(self, base: Expression) -> Iterator[str]:
        """The classes that a base is made of when it is the result of calling a method of a class."""
        if not isinstance(base, Chain):
            return
        state, rest = self.head(base)
        call = rest[-1] if rest and isinstance(rest[-1], Call) else None
        if call is None or len(rest) > 2:
            return
        owner = state.id if state.kind == "class" else state.id.rpartition(".")[0]
        if state.kind == "class" or (state.kind == "external" and owner.rpartition(".")[2][:1].isupper()):
            yield owner
            for argument in call.arguments:
                reached = self.evaluate(argument)
                if reached.kind == "class":
                    yield reached.id

    def _base(self, base: Expression) -> str:
        if not isinstance(base, Chain):
            return ""
        state, rest = self.head(base)
        if state.kind == "function" and rest:
            symbol, taken = self.loaded(base)
            if symbol and taken == len(base.steps):
                return self.resolve(symbol).id
        names = [step for step in rest if isinstance(step, str)]
        called = any(isinstance(step, Call) for step in rest)
        if state.kind in ("class", "binding", "external", "module"):
            return ".".join((state.id, *names)) + ("()" if called else "")
        return f"{state.id}()" if state.kind == "function" and called else ""

    def ancestors(self, class_id: str) -> tuple[str, ...]:
        """All classes it inherits from, nearest first, each once; external ones by dotted name."""
        known = self._ancestors.get(class_id)
        if known is None:
            self._climb(class_id)
            known = self._ancestors.get(class_id, ())
        return known

    def _climb(self, class_id: str) -> None:
        """Finds the ancestors of a class and of all classes above it: with a stack, because text can chain more classes than Python has frames."""
        if self._climbing > _LIMIT:
            return  # bases that are attributes of classes whose bases are attributes ...
        self._climbing += 1
        waiting = [(class_id, False)]
        while waiting:
            current, above_known = waiting.pop()
            if above_known:
                self._ancestors[current] = self._above(current)
            elif current not in self._ancestors:
                self._ancestors[current] = ()  # ends inheritance cycles, which unreadable code can contain
                waiting.append((current, True))
                waiting.extend((base, False) for base in reversed(self.bases(current)) if base not in self._ancestors)
        self._climbing -= 1

    def _above(self, class_id: str) -> tuple[str, ...]:
        bases = self.bases(class_id)
        found = dict.fromkeys(bases)
        for base in bases:
            found.update(dict.fromkeys(self._ancestors.get(base, ())))
        found.pop(class_id, None)
        return tuple(found)[:_MOST_ANCESTORS]

    def inherits(self, class_id: str, *names: str) -> bool:
        """Whether it is, or inherits from, one of the named classes."""
        return class_id in names or any(name in names for name in self.ancestors(class_id))

    def subclasses(self, *names: str) -> tuple[str, ...]:
        """All project classes that inherit, directly or not, from one of the named classes; sorted."""
        if self._children is None:
            self._children = {}
            for definition in self._definitions.values():
                if definition.kind == "class":
                    for base in self.bases(definition.id):
                        self._children.setdefault(base, []).append(definition.id)
        found: set[str] = set()
        waiting = [*names]
        while waiting:
            for child in self._children.get(waiting.pop(), ()):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return tuple(sorted(found))

    def member(self, class_id: str, name: str) -> Definition | Binding | None:
        """A method, nested class or class attribute, looked up through the project's own bases."""
        owner = self.declaring_class(class_id, name)
        if not owner:
            return None
        definition = self._members.get(owner, {}).get(name)
        return definition if definition is not None else self._bindings[owner][name][-1]

    def declaring_class(self, class_id: str, name: str) -> str:
        """The nearest class, itself first, whose body declares ``name``; ``""`` when none in the project does."""
        members, bindings = self._members, self._bindings
        if name in members.get(class_id, _NO_NAMES) or name in bindings.get(class_id, _NO_NAMES):
            return class_id
        for owner in self.ancestors(class_id):
            if name in members.get(owner, _NO_NAMES) or name in bindings.get(owner, _NO_NAMES):
                return owner
        return ""

    # --- values --------------------------------------------------------------------------------

    def value(self, id: str) -> Expression | None:
        """The expression last assigned to a binding ``module.name`` or ``class.name``; ``None`` when there is none.

        What ``+=`` adds to a string is put behind it; what is added to one of several is nobody's value.
        """
        scope, _, name = id.rpartition(".")
        found = self._bindings.get(scope, {}).get(name)
        if not found:
            return None
        last = found[-1]
        return _extended(found) if last.augmented and isinstance(last.value, (Constant, Template)) else last.value

    def constant(self, expression: Expression | None) -> str | int | float | bool | None:
        """The literal an expression stands for, through bindings of the project; ``None`` when it is not one."""
        for _ in range(8):
            if isinstance(expression, Constant):
                return expression.value
            if not isinstance(expression, Chain):
                return None
            state, rest = self.head(expression)
            if rest or state.kind != "binding":
                return None
            expression = self.value(state.id)
        return None

    def head(self, chain: Chain) -> tuple[State, tuple[Step, ...]]:
        """What the longest namable prefix of a chain stands for, and the steps after it.

        ``shop.orders.models`` ``.Order.objects.get()`` gives the class ``Order`` and ``("objects", "get", Call())``.
        """
        state = self.start(chain)
        steps = chain.steps
        kind = state.kind
        if not steps or steps[0].__class__ is not str or kind not in ("module", "class", "external"):
            return state, steps
        position = 0
        for step in steps:
            if not isinstance(step, str):
                break
            if kind == "external":
                position, state = self._outside(state, steps, position)
                break
            if kind == "class":
                found = self.member(state.id, step)
                if not (isinstance(found, Definition) and found.kind == "class"):
                    break
                state = State("class", found.id)
            elif kind == "module":
                state = self.resolve(f"{state.id}.{step}")
                kind = state.kind
            else:
                break
            position += 1
        return state, steps[position:]

    @staticmethod
    def _outside(state: State, steps: tuple[Step, ...], position: int) -> tuple[int, State]:
        """Further names on something that is not the project's: the position after them, and what they stand for together."""
        names = [state.id]
        while position < len(steps) and isinstance(step := steps[position], str):
            names.append(step)
            position += 1
        return position, State("external", ".".join(names))

    def start(self, chain: Chain) -> State:
        """What the root of a chain stands for, before any step."""
        origin, root = chain.origin, chain.root
        if origin in ("global", "cls"):
            return self.resolve(root)
        if origin in ("instance", "self"):
            known = self._instances.get(root)
            if known is None:
                state = self.resolve(root)
                known = self._instances[root] = State("instance", state.id) if state.kind in ("class", "external") else UNKNOWN
            return known
        if origin == "super":
            for base in self.bases(root):
                return State("instance", base)
        if origin == "builtin":
            return State("external", f"builtins.{root}")
        return UNKNOWN

    def step(self, state: State, step: Step) -> State:
        """What a state becomes by one step, as far as the text makes it certain.

        Calls of functions follow the return annotation, properties likewise, attributes follow class-level annotations
        and values; an attribute that methods set counts when all that is known to be set is of one class of the project.
        """
        if isinstance(step, Bound):
            return state if step.certain else UNKNOWN
        if isinstance(step, Call):
            return self._called(state)
        if isinstance(step, str):
            if state.kind in ("module", "class"):
                reached = self._attribute(state, step, 0)
                return self.evaluate_binding(reached.id) if reached.kind == "binding" and state.kind == "class" else reached
            if state.kind == "instance":
                return self._instance_attribute(state, step)
            if state.kind == "binding":
                held = self.evaluate_binding(state.id)
                return UNKNOWN if held.kind == "binding" else self.step(held, step)
            if state.kind == "external":
                return State("external", f"{state.id}.{step}")
        return UNKNOWN

    def _called(self, state: State) -> State:
        if state.kind == "class":
            return State("instance", state.id)
        if state.kind == "external":
            return State("result", state.id)
        if state.kind == "function":
            return self._returned(state)
        return UNKNOWN

    def _returned(self, state: State) -> State:
        definition = self._definitions.get(state.id)
        if definition is None:
            return UNKNOWN
        if definition.returns in ("Self", "typing.Self") and state.owner:
            return State("instance", state.owner)
        if definition.returns_symbol:
            returned = self.resolve(definition.returns_symbol)
            if returned.kind in ("class", "external"):
                return State("instance", returned.id)
        return UNKNOWN

    def _instance_attribute(self, state: State, name: str) -> State:
        found = self.member(state.id, name)
        if isinstance(found, Definition):
            reached = State("class" if found.kind == "class" else "function", found.id, state.id)
            if found.kind == "method" and self.is_property(found):
                return self._returned(reached)
            return reached
        if isinstance(found, Binding):
            return self.evaluate_binding(f"{self.declaring_class(state.id, name)}.{name}")
        if not self.definition(state.id):
            return State("external", f"{state.id}.{name}")
        key = (state.id, name)
        known = self._set_by_methods.get(key)
        if known is None:
            self._set_by_methods[key] = UNKNOWN  # an attribute that is set from itself says nothing
            known = self._set_by_methods[key] = self._set_attribute(state.id, name)
        return known

    def _set_attribute(self, class_id: str, name: str) -> State:
        """What methods of a class, else those of its nearest base that does, set ``self.<name>`` to: an instance or class of the project."""
        for owner in (class_id, *self.ancestors(class_id)):
            found = {self.evaluate(use.chain) for _, use in self.uses.assigned(owner, name)}
            if found:
                reached = found.pop()
                certain = not found and reached.kind in ("instance", "class") and self.definition(reached.id) is not None
                return State(reached.kind, reached.id) if certain else UNKNOWN
        return UNKNOWN

    def is_property(self, definition: Definition) -> bool:
        """Whether a method is read without a call."""
        for decorator in definition.decorators:
            if isinstance(decorator, Chain):
                name = next((step for step in reversed(decorator.steps) if isinstance(step, str)), decorator.root.rpartition(".")[2])
                if name in ("property", "cached_property"):
                    return True
        return False

    def evaluate_binding(self, id: str) -> State:
        """What a class-level or module-level name holds: by annotation, else by its value; itself when not followed."""
        known = self._held.get(id)
        if known is None:
            self._held[id] = State("binding", id)  # a name that is defined by itself stands for itself
            known = self._held[id] = self._evaluate_binding(id)
        return known

    def _evaluate_binding(self, id: str) -> State:
        scope, _, name = id.rpartition(".")
        found = self._bindings.get(scope, {}).get(name)
        if not found:
            return UNKNOWN
        annotated = found[-1].annotation_value
        if isinstance(annotated, Chain):
            state, rest = self.head(annotated)
            if state.kind in ("class", "external") and not rest:
                return State("instance", state.id)
        if isinstance(found[-1].value, Chain):
            state = self.evaluate(found[-1].value)
            if state.kind in ("instance", "class", "result"):
                return state
        return State("binding", id)

    def evaluate(self, expression: Expression) -> State:
        """What an expression certainly stands for; ``unknown`` as soon as one step is not followed."""
        if not isinstance(expression, Chain):
            return UNKNOWN
        symbol, taken = self.loaded(expression) if expression.origin == "global" and expression.steps else ("", 0)
        state = self.resolve(symbol) if symbol else self.start(expression)
        for step in expression.steps[taken:]:
            state = self.step(state, step)
            if state.kind == "unknown":
                break
        return state


def _extended(bindings: Iterable[Binding]) -> Constant | None:
    """The string that ``+=`` makes of the only one that was assigned."""
    texts = [each.value.value if isinstance(each.value, Constant) else None for each in bindings]
    if sum(not each.augmented for each in bindings) != 1 or not all(isinstance(each, str) for each in texts):
        return None
    return Constant("".join(str(each) for each in texts))
