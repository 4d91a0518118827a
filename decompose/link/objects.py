"""Objects that frameworks are configured with: which application, blueprint or router a name stands for, wherever it was made.

An object is known by the place that makes it: the binding ``shop.web.bp``, a local variable, an attribute set in a method, the
result of a factory function. Registrations inside helper functions are seen once for each call of the helper, with the
arguments in place of its parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from decompose.link.expressions import bound_arguments, elements, last_name, literal, substitute
from decompose.link.program import Program
from decompose.model.location import Span
from decompose.model.syntax import (
    Bound,
    Call,
    Chain,
    Definition,
    Expression,
    Item,
    ModuleSummary,
    Operation,
    Sequence,
    Template,
    Use,
)

_DEPTH = 6
_VARIANTS = 400
"""Calls of one helper that are looked at: a bound on hostile input, far above real code."""


class Made(msgspec.Struct, frozen=True):
    """An object: ``key`` identifies it, ``kind`` is the short name of what made it, ``call`` the call that did.

    ``module`` and ``scope`` say where the call stands, so that its arguments can be read. ``maker`` is the dotted name of what was called.
    """

    key: str
    kind: str
    call: Call
    module: str
    scope: str
    maker: str = ""


class Site(msgspec.Struct, frozen=True):
    """A use, possibly with a helper's parameters replaced: ``module`` and ``scope`` are those of the outermost call."""

    use: Use
    chain: Chain
    module: str
    scope: str
    line: int


class Objects:
    """Finds objects made by the constructors that ``kind_of`` knows (dotted external name or project class id -> kind, else ``""``).

    ``methods`` tells what methods of an object make another: ``("api", "namespace"): "namespace"`` for ``api.namespace("cats")``.
    """

    def __init__(self, program: Program, kind_of: Callable[[str], str], methods: Mapping[tuple[str, str], str] | None = None) -> None:
        self.program = program
        self._kind_of = kind_of
        self._methods = methods or {}
        self._kinds: dict[str, str] = {}
        self._classes: dict[str, str] = {}
        self._held: dict[str, Made | None] = {}
        self._kept: dict[tuple[str, str], Made | None] = {}
        self._results: dict[str, Made | None] = {}
        self._callers: dict[str, list[tuple[Use, Call, str]]] = {}
        self._renamed: dict[str, set[str]] | None = None

    def kind(self, dotted: str) -> str:
        """What calling ``dotted`` makes: by itself, or as a project class that inherits from something known."""
        known = self._kinds.get(dotted)
        if known is None:
            known = self._kind_of(dotted)
            if not known and self.program.definition(dotted) is not None:
                known = next((kind for each in self.program.ancestors(dotted) if (kind := self._kind_of(each))), "")
            self._kinds[dotted] = known
        return known

    # --- which object ---------------------------------------------------------------------------

    def made(self, expression: Expression | None, module: str, scope: str = "", depth: int = 0) -> Made | None:
        """The object that an expression (all of it) stands for."""
        if not isinstance(expression, Chain):
            return None
        found = self.receiver(expression, module, scope, depth)
        return found[0] if found is not None and found[1] == len(expression.steps) else None

    def gives(self, function: str) -> bool:
        """Whether a function of the project returns a known object."""
        definition = self.program.definition(function)
        return definition is not None and self._returned(definition, 0) is not None

    def each(self, expression: Expression | None, module: str, scope: str = "") -> list[Made]:
        """The object that an expression stands for, or the objects of the display that a loop variable goes through."""
        made = self.made(expression, module, scope)
        if made is not None or not isinstance(expression, Chain):
            return [made] if made is not None else []
        steps = [step for step in expression.steps if not isinstance(step, Bound)]
        if steps and isinstance(steps[-1], Item) and steps[-1].key is None:
            steps = steps[:-1]
        display = elements(self.program, Chain(expression.root, expression.origin, tuple(steps)))
        owner = self.program.module_of(self.program.head(expression)[0].id) or module
        return [found for item in display or () if (found := self.made(item, owner)) is not None]

    def receiver(self, chain: Chain, module: str, scope: str = "", depth: int = 0) -> tuple[Made, int] | None:
        """The object at the head of a chain, and the number of steps that lead to it."""
        found = self._head(chain, module, scope, depth)
        if found is None or not self._methods:
            return found
        made, position = found
        name, call = (*chain.steps[position : position + 2], None, None)[:2]
        kind = self._methods.get((made.kind, name)) if isinstance(name, str) else None
        return self._constructed(chain, position + 1, kind, call, module, scope) if kind and isinstance(call, Call) else found

    def _head(self, chain: Chain, module: str, scope: str, depth: int) -> tuple[Made, int] | None:
        if depth > _DEPTH:
            return None
        program = self.program
        if chain.origin == "self" or chain.origin == "cls":
            return self._attribute(chain, depth)
        if chain.origin not in ("global", "instance"):
            return None
        if chain.origin == "instance" and (kind := self.kind(chain.root)):
            # an annotated parameter that no call in the project fills
            return Made(f"{scope}({chain.root})", kind, Call(), module, scope), self._passed(chain, 0)
        state, rest = program.head(chain)
        position = len(chain.steps) - len(rest)
        if state.kind in ("external", "class") and chain.origin == "global" and rest and isinstance(rest[0], Call):
            kind = self.kind(state.id)
            if kind:
                return self._constructed(chain, position, kind, rest[0], module, scope, state.id)
            if state.kind == "class":
                end = self._passed(chain, position + 1)
                found = self._attribute(Chain(state.id, "self", chain.steps[end:]), depth + 1)
                return (found[0], found[1] + end) if found is not None else None
        if state.kind == "function" and rest and isinstance(rest[0], Call):
            definition = program.definition(state.id)
            made = self._returned(definition, depth) if definition is not None else None
            return (made, self._passed(chain, position + 1)) if made is not None else None
        if state.kind == "binding":
            kind = self._class_held(state.id) if rest and isinstance(rest[0], Call) else ""
            if kind and isinstance(rest[0], Call):
                return self._constructed(chain, position, kind, rest[0], module, scope)
            return self._bound(state.id, chain, position, depth)
        return None

    def _class_held(self, id: str) -> str:
        """What calling a binding makes that holds a class which a function returned: ``Router = router_class(Route)``."""
        known = self._classes.get(id)
        if known is None:
            self._classes[id] = ""
            known = self._classes[id] = self._class_returned(self.program.value(id))
        return known

    def _class_returned(self, value: Expression | None) -> str:
        if not isinstance(value, Chain):
            return ""
        state, rest = self.program.head(value)
        definition = self.program.definition(state.id) if state.kind == "function" and len(rest) == 1 and isinstance(rest[0], Call) else None
        for each in self.program.returned(definition) if definition is not None else ():
            made = self.program.head(each)[0] if isinstance(each, Chain) else None
            if made is not None and made.kind == "class" and (kind := self.kind(made.id)):
                return kind
        return ""

    def _constructed(self, chain: Chain, position: int, kind: str, call: Call, module: str, scope: str, maker: str = "") -> tuple[Made, int]:
        end = position + 1
        following = chain.steps[end] if end < len(chain.steps) else None
        if isinstance(following, Bound) and following.variable:
            return Made(f"{module}:{following.variable}@{following.line}", kind, call, module, scope, maker), self._passed(chain, end)
        return Made(f"{module}:{scope}:{_label(chain, end)}", kind, call, module, scope, maker), end

    @staticmethod
    def _passed(chain: Chain, end: int) -> int:
        while end < len(chain.steps) and isinstance(chain.steps[end], Bound):
            end += 1
        return end

    def _bound(self, id: str, chain: Chain, position: int, depth: int) -> tuple[Made, int] | None:
        if id in self._held:
            made = self._held[id]
        else:
            self._held[id] = None
            made = self._held[id] = self._value(id, depth)
        if made is not None:
            return made, self._passed(chain, position)
        # ``views.api.bp`` where ``api`` is an instance of a project class
        rest = chain.steps[position:]
        if rest and isinstance(rest[0], str):
            state = self.program.evaluate_binding(id)
            if state.kind == "instance" and self.program.definition(state.id) is not None:
                found = self._attribute(Chain(state.id, "self", rest), depth + 1)
                return (found[0], found[1] + position) if found is not None else None
        return None

    def _value(self, id: str, depth: int) -> Made | None:
        """The object that a binding holds."""
        program = self.program
        scope, _, name = id.rpartition(".")
        for binding in reversed(program.bindings(scope).get(name, ())):
            if not isinstance(binding.value, Chain):
                continue
            value = binding.value
            found = self.receiver(value, program.module_of(scope), "", depth + 1)
            if found is not None and found[1] == len(value.steps):
                made = found[0]
                own = made.key.startswith(f"{made.module}::")
                return msgspec.structs.replace(made, key=id) if own else made
        return None

    def _returned(self, definition: Definition, depth: int) -> Made | None:
        if definition.id not in self._results:
            self._results[definition.id] = None
            self._results[definition.id] = self._result(definition, depth)
        return self._results[definition.id]

    def _result(self, definition: Definition, depth: int) -> Made | None:
        module = self.program.module_of(definition.id)
        for expression in self.program.returned(definition):
            made = self.made(expression, module, definition.id, depth + 1)
            if made is not None:
                return made
        if self.kind(definition.returns_symbol):
            return Made(f"{definition.id}()", self.kind(definition.returns_symbol), Call(), module, definition.id)
        return None

    def _attribute(self, chain: Chain, depth: int) -> tuple[Made, int] | None:
        """``self.app``: set in a method of the class or of a base, or a class attribute."""
        if not chain.steps or not isinstance(chain.steps[0], str):
            return None
        key = (chain.root, chain.steps[0])
        if key not in self._kept:
            # Attributes that are set from one another would be asked for again and again: while one is looked up it stands for nothing.
            self._kept[key] = None
            self._kept[key] = self._set(*key, depth)
        made = self._kept[key]
        return (made, self._passed(chain, 1)) if made is not None else None

    def _set(self, class_id: str, name: str, depth: int) -> Made | None:
        """The object that an attribute of a class's instances holds."""
        program = self.program
        for owner in (class_id, *program.ancestors(class_id)):
            for module, use in program.uses.assigned(owner, name):
                made = self.made(use.chain, module.name, use.scope, depth + 1)
                if made is not None:
                    return msgspec.structs.replace(made, key=f"{owner}.{name}")
            if name in program.bindings(owner):
                found = self._bound(f"{owner}.{name}", Chain(f"{owner}.{name}", "global"), 0, depth + 1)
                if found is not None:
                    return found[0]
        return None

    # --- helper functions and loops ---------------------------------------------------------------

    def sites(self, use: Use, module: ModuleSummary, scope: str | None = None) -> list[Site]:
        """The use as it stands, or once for each call of the helper function whose parameters it needs.

        ``scope`` is where its names are seen from, when that is not the use's own scope (a decorator's is around it).
        """
        scope = use.scope if scope is None else scope
        return list(self._sites(use, use.chain, module.name, scope, use.span.line, 0))[:_VARIANTS]

    def _by_parameter(self, expression: Expression, scope: str, depth: int = 0) -> Expression:
        """The expression with annotated parameters (``app: FastAPI``) put back by name, so that callers can fill them."""
        if depth > _DEPTH:
            return expression
        if isinstance(expression, (Sequence,)):
            return Sequence(tuple(self._by_parameter(each, scope, depth + 1) for each in expression.items))
        if not isinstance(expression, Chain):
            return expression
        steps = tuple(
            Call(
                tuple(self._by_parameter(each, scope, depth + 1) for each in step.arguments),
                tuple((name, self._by_parameter(each, scope, depth + 1)) for name, each in step.keywords),
            )
            if isinstance(step, Call) and (step.arguments or step.keywords)
            else step
            for step in expression.steps
        )
        if expression.origin == "instance":
            definition = self.program.definition(scope)
            while definition is not None:
                named = [each.name for each in definition.parameters if each.symbol == expression.root]
                if len(named) == 1 and (self.kind(expression.root) or expression.root == "builtins.str"):
                    return Chain(named[0], "parameter", steps) if self.callers(definition.id) else Chain(expression.root, "instance", steps)
                definition = self.program.definition(definition.parent)
        return Chain(expression.root, expression.origin, steps)

    def _sites(self, use: Use, chain: Chain, module: str, scope: str, line: int, depth: int) -> Iterator[Site]:
        replaced = self._by_parameter(chain, scope)
        assert isinstance(replaced, Chain)
        chain = replaced
        needed = parameters_of(chain)
        definition = self.program.definition(scope)
        while needed and definition is not None and not needed & {each.name for each in definition.parameters}:
            definition = self.program.definition(definition.parent)
        callers = self.callers(definition.id) if needed and definition is not None and depth < 3 else []
        if not callers:
            for variant in self._looping(chain):
                yield Site(use, variant, module, scope, line)
            return
        assert definition is not None
        for caller, call, caller_module in callers[:_VARIANTS]:
            given = bound_arguments(definition, call)
            for variant in _variants(self.program, chain, given):
                yield from self._sites(use, variant, caller_module, caller.scope, caller.span.line, depth + 1)

    def _looping(self, chain: Chain) -> Iterator[Chain]:
        """One chain for each pair in ``for blueprint, prefix in BLUEPRINTS: app.register_blueprint(blueprint, url_prefix=prefix)``."""
        for display in _displays(chain):
            items = elements(self.program, display) or ()
            pairs = [item for item in items[:_VARIANTS] if isinstance(item, Sequence)]
            if pairs:
                for pair in pairs:
                    paired = _paired(chain, display, pair)
                    assert isinstance(paired, Chain)
                    yield paired
                return
        yield chain

    def callers(self, function: str) -> list[tuple[Use, Call, str]]:
        """Calls of a function of the project, in the order of files and lines."""
        known = self._callers.get(function)
        if known is None:
            known = self._callers[function] = []
            for module, use in self.program.uses.calling(self._names(function.rpartition(".")[2])):
                if use.chain.origin == "global":
                    state, rest = self.program.head(use.chain)
                    if state.kind == "function" and state.id == function and rest and isinstance(rest[0], Call):
                        known.append((use, rest[0], module.name))
        return known

    def _names(self, name: str) -> set[str]:
        """The name and those under which some file imports or binds it again."""
        if self._renamed is None:
            self._renamed = {}
            for module in self.program.modules.values():
                for each in module.imports:
                    if each.name and each.alias and each.alias != each.name:
                        self._renamed.setdefault(each.name, set()).add(each.alias)
                for binding in module.bindings:
                    if isinstance(binding.value, Chain) and binding.name != (last := last_name(binding.value)):
                        self._renamed.setdefault(last, set()).add(binding.name)
        found, waiting = {name}, [name]
        while waiting:
            further = self._renamed.get(waiting.pop(), set()) - found
            found |= further
            waiting.extend(further)
        return found


def _label(chain: Chain, end: int) -> str:
    """A name for an object that was given none: the constructor with its literal arguments."""
    call = chain.steps[end - 1]
    words = [str(getattr(each, "value", "")) for each in call.arguments] if isinstance(call, Call) else []
    return f"{chain.root}({','.join(words)})"


def parameters_of(expression: Expression, depth: int = 0) -> set[str]:
    """Names of unannotated or annotated parameters that an expression needs."""
    if depth > 8:
        return set()
    if isinstance(expression, Chain):
        found = {expression.root} if expression.origin == "parameter" else set()
        for step in expression.steps:
            if isinstance(step, Call):
                for each in (*step.arguments, *(value for _, value in step.keywords)):
                    found |= parameters_of(each, depth + 1)
        return found
    inner: tuple[Expression, ...] = ()
    if isinstance(expression, (Sequence,)):
        inner = expression.items
    elif isinstance(expression, Operation):
        inner = expression.operands
    return set().union(*(parameters_of(each, depth + 1) for each in inner)) if inner else set()


def _variants(program: Program, chain: Chain, given: dict[str, Expression]) -> Iterator[Chain]:
    """The chain with arguments in place; a loop over a parameter gives one chain for each element."""
    looped = sorted(_iterated(chain))
    for name in looped:
        items = elements(program, given.get(name))
        if items is not None:
            for item in items[:_VARIANTS]:
                replaced = substitute(chain, {**given, name: Sequence((item,))})
                if isinstance(replaced, Chain):
                    yield replaced
            return
    replaced = substitute(chain, given)
    if isinstance(replaced, Chain):
        yield replaced


def _arguments(chain: Chain) -> Iterator[Expression]:
    for step in chain.steps:
        if isinstance(step, Call):
            yield from step.arguments
            yield from (value for _, value in step.keywords)


def _displays(chain: Chain) -> Iterator[Chain]:
    """The names among the arguments whose elements are taken apart: ``BLUEPRINTS`` in ``BLUEPRINTS[...][0]``."""
    for each in _arguments(chain):
        if isinstance(each, Chain) and each.origin == "global" and (split := _split(each)) is not None:
            yield Chain(each.root, each.origin, each.steps[: split[0]])


def _split(chain: Chain) -> tuple[int, int] | None:
    """The position of ``[...]`` in ``NAME[...][1]``, and the index in the pair."""
    places = [(position, step) for position, step in enumerate(chain.steps) if not isinstance(step, Bound)]
    if len(places) < 2 or not all(isinstance(step, Item) for _, step in places[-2:]):
        return None
    (position, element), (_, index) = places[-2:]
    taken = getattr(index, "key", None)
    return (position, taken) if getattr(element, "key", "") is None and isinstance(taken, int) else None


def _paired(expression: Expression, display: Chain, item: Sequence) -> Expression:
    """The expression with one element of a display in place of what its loop takes apart."""
    if not isinstance(expression, Chain):
        return expression
    split = _split(expression)
    if split is not None and Chain(expression.root, expression.origin, expression.steps[: split[0]]) == display:
        return item.items[split[1]] if -len(item.items) <= split[1] < len(item.items) else expression
    steps = tuple(
        Call(
            tuple(_paired(each, display, item) for each in step.arguments),
            tuple((name, _paired(each, display, item)) for name, each in step.keywords),
        )
        if isinstance(step, Call)
        else step
        for step in expression.steps
    )
    return Chain(expression.root, expression.origin, steps)


def _iterated(expression: Expression, depth: int = 0) -> set[str]:
    """Parameters whose elements are taken one by one."""
    if depth > 8 or not isinstance(expression, Chain):
        return set()
    found: set[str] = set()
    if expression.origin == "parameter" and expression.steps and isinstance(expression.steps[0], Item) and expression.steps[0].key is None:
        found.add(expression.root)
    for step in expression.steps:
        if isinstance(step, Call):
            for each in (*step.arguments, *(value for _, value in step.keywords)):
                found |= _iterated(each, depth + 1)
    return found


def text(program: Program, expression: Expression | None, module: ModuleSummary | None = None, use: Use | None = None) -> str | None:
    """The string an expression stands for: literals, constants, defaults of settings classes, and templates of those.

    A template's holes are not part of its value: they are read from the uses inside ``use``, when their number fits.
    """
    found = literal(program, expression)
    if found is not None:
        return found
    if isinstance(expression, Chain):
        return _setting(program, expression)
    if isinstance(expression, Operation) and expression.operator in ("+", "or"):
        parts = [text(program, each, module, use) for each in expression.operands]
        if expression.operator == "or":
            return next((part for part in parts if part), None)
        return "".join(part for part in parts if part is not None) if all(part is not None for part in parts) else None
    if isinstance(expression, Template):
        return _filled(program, expression, module, use)
    return None


def possible_texts(
    program: Program, expression: Expression | None, module: ModuleSummary | None = None, use: Use | None = None
) -> tuple[tuple[str, ...], bool]:
    """The strings an expression may stand for, and whether these are all: those that a function of the project returns for it."""
    found = text(program, expression, module, use)
    if found is not None:
        return (found,), True
    if not isinstance(expression, Chain):
        return (), False
    state, rest = program.head(expression)
    definition = program.definition(state.id) if state.kind == "function" and len(rest) == 1 else None
    if definition is None or not isinstance(rest[0], Call):
        return (), False
    given = bound_arguments(definition, rest[0])
    origin = program.modules.get(program.module_of(definition.id))
    texts = [_with_parameter(program, definition, each, given, origin) or text(program, substitute(each, given), origin) for each in program.returned(definition)]
    return tuple(dict.fromkeys(each for each in texts if each is not None)), None not in texts


def _with_parameter(
    program: Program, definition: Definition, returned: Expression, given: Mapping[str, Expression], module: ModuleSummary | None
) -> str | None:
    """``"/<scope>{}".format(rule)`` of a function that has nothing but its one parameter to put into the string."""
    if not isinstance(returned, Template) or returned.text.count("{}") != 1 or len(definition.parameters) != 1 or module is None:
        return None
    if any(use.scope == definition.id and use.sink not in ("test", "annotation", "decorator") for use in module.uses):
        return None
    value = text(program, given.get(definition.parameters[0].name))
    return returned.text.replace("{}", value) if value is not None else None


def _setting(program: Program, chain: Chain) -> str | None:
    """``settings.API_PREFIX`` where ``settings`` is an instance of a class of the project that gives a default."""
    state, rest = program.head(chain)
    if state.kind == "function" and rest and isinstance(rest[0], Call):
        definition = program.definition(state.id)
        returned = program.resolve(definition.returns_symbol) if definition is not None and definition.returns_symbol else None
        if returned is not None and returned.kind == "class":
            state, rest = type(state)("instance", returned.id), rest[1:]
    if state.kind == "binding":
        state = program.evaluate_binding(state.id)
    names = [step for step in rest if not isinstance(step, Bound)]
    if state.kind in ("instance", "class") and len(names) == 1 and isinstance(names[0], str):
        owner = program.declaring_class(state.id, names[0])
        value = program.value(f"{owner}.{names[0]}") if owner else None
        if isinstance(value, Chain) and last_name(value) in ("Field", "field"):
            call = value.steps[-1]
            if isinstance(call, Call):
                given = call.arguments[0] if call.arguments else next((v for k, v in call.keywords if k == "default"), None)
                return literal(program, given)
        return literal(program, value)
    return None


def _filled(program: Program, template: Template, module: ModuleSummary | None, use: Use | None) -> str | None:
    holes = template.text.count("{}")
    if not holes:
        return template.text
    if module is None or use is None:
        return None
    inner = [each.chain for each in module.uses if each is not use and each.scope == use.scope and _contains(use.span, each.span)]
    values = [value for chain in inner if (value := text(program, chain)) is not None]
    if len(values) != holes:
        return None
    filled = template.text
    for value in values:
        filled = filled.replace("{}", value.replace("{}", "{ }"), 1)
    return filled


def _contains(outer: Span, inner: Span) -> bool:
    return (outer.line, outer.column) <= (inner.line, inner.column) and (inner.end_line, inner.end_column) <= (outer.end_line, outer.end_column)
