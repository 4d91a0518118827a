"""Model classes as they stand in moved source texts: their fields' expressions with every name made absolute.

A migration must not depend on names of the module it describes, so an expression such as ``CharField(_("state"), choices=State.choices)``
becomes ``models.CharField("state", choices=shop.orders.models.Order.State.choices)`` with the imports it then needs.
"""

from __future__ import annotations

import ast
import builtins
import copy
from collections.abc import Iterator, Mapping

import msgspec

from decompose.generate.layout import double_quoted

_TRANSLATIONS = {"gettext_lazy", "gettext", "ugettext_lazy", "ugettext", "pgettext_lazy", "gettext_noop"}


class Expression(msgspec.Struct, frozen=True):
    """Python source and the modules it needs imported."""

    text: str
    modules: frozenset[str] = frozenset()


class Models:
    """The model classes of some modules. ``sources`` are texts by dotted module name."""

    def __init__(self, sources: Mapping[str, bytes], packages: frozenset[str]) -> None:
        self._trees = {name: ast.parse(text) for name, text in sources.items()}
        self._packages = packages
        self._names = {name: dict(_bindings(name, tree, name in packages)) for name, tree in self._trees.items()}

    def classdef(self, id: str) -> tuple[str, ast.ClassDef] | None:
        """The module and syntax of a class, looked up through re-exports of the given modules."""
        for _ in range(10):
            module, _, name = id.rpartition(".")
            tree = self._trees.get(module)
            if tree is None:
                return None
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and node.name == name:
                    return module, node
            if name not in self._names[module]:
                return None
            id = self._names[module][name]
        return None

    def lineage(self, id: str) -> Iterator[tuple[str, ast.ClassDef]]:
        """The class and its bases among the given modules, nearest first, each once."""
        seen: set[str] = set()
        waiting = [id]
        while waiting:
            current = waiting.pop(0)
            found = self.classdef(current)
            if found is None or current in seen:
                continue
            seen.add(current)
            yield found
            module, node = found
            waiting.extend(self._dotted(module, base) for base in node.bases)

    def classes(self) -> list[str]:
        """Ids of all classes at the top of the given modules."""
        return [f"{name}.{node.name}" for name, tree in sorted(self._trees.items()) for node in tree.body if isinstance(node, ast.ClassDef)]

    def ancestors(self, id: str) -> Iterator[str]:
        """The ids of all bases of a class, those outside the given modules included, each once."""
        seen: set[str] = set()
        waiting = [*self.parents(id)]
        while waiting:
            current = waiting.pop(0)
            if current not in seen:
                seen.add(current)
                yield current
                waiting.extend(self.parents(current))

    def called(self, module: str, call: ast.Call) -> str:
        """The dotted name of what a call in a module calls."""
        return self._dotted(module, call.func)

    def named(self, module: str, node: ast.expr) -> str:
        """The absolute name behind a name or an attribute of one, ``""`` when the module does not bind it."""
        head = node
        while isinstance(head, ast.Attribute):
            head = head.value
        return self._dotted(module, node) if isinstance(head, ast.Name) and self.dotted(module, head.id) else ""

    def field(self, id: str, name: str) -> tuple[str, ast.Call] | None:
        """The call that declares a field on a class or a base of it, and the module it stands in."""
        for module, node in self.lineage(id):
            for statement in node.body:
                if isinstance(statement, (ast.Assign, ast.AnnAssign)) and isinstance(statement.value, ast.Call):
                    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                    if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                        return f"{module}:{node.name}", statement.value
        return None

    def meta(self, id: str) -> dict[str, tuple[str, ast.expr]]:
        """The options in force by name, each with the place it stands in, inherited as Django does it.

        A class without a ``Meta`` has that of the nearest abstract class; what a ``Meta`` of its own does not inherit explicitly is gone.
        From a concrete parent come ``ordering`` and ``get_latest_by`` only.
        """
        found = self._options(id)
        own = self.classdef(id)
        for base in [self._dotted(own[0], each) for each in own[1].bases] if own is not None else []:
            if self._is_abstract(base):
                break
            inherited = self.meta(base)
            for name in ("ordering", "get_latest_by"):
                if name in inherited:
                    found.setdefault(name, inherited[name])
        return found

    def _options(self, id: str) -> dict[str, tuple[str, ast.expr]]:
        for index, (module, node) in enumerate(self.lineage(id)):
            own = _meta_class(node)
            if own is None or (index and not _says_abstract(own)):
                continue
            found = {
                target.id: (f"{module}:{node.name}", option.value)
                for option in own.body
                if isinstance(option, ast.Assign)
                for target in option.targets
                if isinstance(target, ast.Name)
            }
            if index:
                found.pop("abstract", None)
            for base in own.bases:
                owner, _, last = self._dotted(module, base).rpartition(".")
                inherited = self._options(owner) if last == "Meta" and owner != id else {}
                found = {**{name: option for name, option in inherited.items() if name != "abstract"}, **found}
            return found
        return {}

    def _is_abstract(self, id: str) -> bool:
        found = self.classdef(id)
        own = _meta_class(found[1]) if found is not None else None
        return own is not None and _says_abstract(own)

    def parents(self, id: str) -> tuple[str, ...]:
        """The direct bases of a class, by dotted name."""
        found = self.classdef(id)
        return tuple(self._dotted(found[0], base) for base in found[1].bases) if found is not None else ()

    def absolute(self, place: str, node: ast.expr, *, class_id: str = "") -> Expression:
        """An expression of ``place`` (``module:Class``) that means the same in any module."""
        module, _, owner = place.partition(":")
        transformer = _Absolute(self, module, owner, class_id or f"{module}.{owner}")
        result = transformer.visit(copy.deepcopy(node))
        return Expression(double_quoted(ast.unparse(ast.fix_missing_locations(result))), frozenset(transformer.modules))

    def dotted(self, module: str, name: str) -> str:
        """The absolute name that a name stands for in a module, ``""`` when the module does not bind it."""
        return self._names.get(module, {}).get(name, "")

    def class_names(self, class_id: str) -> dict[str, int]:
        """Names that a class body binds, each with its first line: what stands above it there is the module's."""
        found = self.classdef(class_id)
        names: dict[str, int] = {}
        for statement in found[1].body if found is not None else ():
            bound: list[str] = []
            if isinstance(statement, ast.Assign):
                bound = [name for target in statement.targets for name in _targets(target)]
            elif isinstance(statement, ast.AnnAssign):
                bound = [*_targets(statement.target)]
            elif isinstance(statement, (ast.ClassDef, ast.FunctionDef)):
                bound = [statement.name]
            for name in bound:
                names.setdefault(name, statement.end_lineno or statement.lineno)
        return names

    def _dotted(self, module: str, node: ast.expr) -> str:
        names: list[str] = []
        if isinstance(node, ast.Subscript):
            node = node.value
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join((self.dotted(module, node.id) or node.id, *names))


def _meta_class(node: ast.ClassDef) -> ast.ClassDef | None:
    return next((each for each in node.body if isinstance(each, ast.ClassDef) and each.name == "Meta"), None)


def _says_abstract(meta: ast.ClassDef) -> bool:
    return any(
        isinstance(option, ast.Assign)
        and any(isinstance(target, ast.Name) and target.id == "abstract" for target in option.targets)
        and isinstance(option.value, ast.Constant)
        and option.value.value is True
        for option in meta.body
    )


def _bindings(module: str, tree: ast.Module, is_package: bool) -> Iterator[tuple[str, str]]:
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = package.split(".")
                base = ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])
            for alias in node.names:
                yield alias.asname or alias.name, f"{base}.{alias.name}"
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name, f"{module}.{node.name}"
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                for name in _targets(target):
                    yield name, f"{module}.{name}"
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id, f"{module}.{node.target.id}"


def _targets(node: ast.expr) -> Iterator[str]:
    """The names that an assignment target binds, those of a tuple included."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, (ast.Tuple, ast.List)):
        for element in node.elts:
            yield from _targets(element)


class _Absolute(ast.NodeTransformer):
    def __init__(self, models: Models, module: str, owner: str, class_id: str) -> None:
        self._models = models
        self._module = module
        self._class_id = class_id
        self._inner = models.class_names(f"{module}.{owner}")
        self._owner = owner
        self.modules: set[str] = set()

    def visit_Call(self, node: ast.Call) -> ast.expr:
        # A migration holds plain text where the model holds a translation.
        if isinstance(node.func, (ast.Name, ast.Attribute)) and len(node.args) == 1 and not node.keywords:
            name = self._models._dotted(self._module, node.func)
            if name.rpartition(".")[2] in _TRANSLATIONS and isinstance(node.args[0], ast.Constant):
                return node.args[0]
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if self._inner.get(node.id, node.lineno) < node.lineno:
            return self._attribute(f"{self._class_id}.{node.id}", 2)
        dotted = self._models.dotted(self._module, node.id)
        if not dotted:
            # `settings` is put in for a swappable model and imported by the migration itself.
            return node if hasattr(builtins, node.id) or node.id == "settings" else self._attribute(f"{self._module}.{node.id}", 1)
        if dotted == "django.db.models" or dotted == "django.db.models.fields":
            return ast.copy_location(ast.Name("models", ast.Load()), node)
        if dotted == "django.conf.settings":
            return ast.copy_location(ast.Name("settings", ast.Load()), node)
        if "." not in dotted:
            self.modules.add(dotted)
            return ast.copy_location(ast.Name(dotted, ast.Load()), node)
        return self._attribute(dotted, 1)

    def _attribute(self, dotted: str, depth: int) -> ast.expr:
        """A dotted name whose first part but ``depth`` names is the module to import."""
        names = dotted.split(".")
        self.modules.add(".".join(names[:-depth]))
        expression: ast.expr = ast.Name(names[0], ast.Load())
        for name in names[1:]:
            expression = ast.Attribute(expression, name, ast.Load())
        return expression
