"""What a name that was recorded elsewhere means in the project: a file's path, a table, a route, a function, a task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from decompose.model.codegraph import CodeGraph

_LIBRARIES = frozenset({"site-packages", "dist-packages"})


class Names:
    """Looks recorded names up in a project. Every look-up gives ``""`` for what is not of it, or could be several things.

    Code is found as finely as it is named: ids of definitions, else of modules, which are keys of ``module_of``. ``code`` are the modules that take part in the cut: what tests do belongs to nobody.
    """

    def __init__(self, graph: CodeGraph) -> None:
        self.paths = {module.path: module.id for module in graph.modules}
        self.code = {module.id for module in graph.modules if module.role in ("code", "settings")}
        self._packages = {module.id for module in graph.modules if module.is_package}
        self.module_of = {definition.id: definition.module for definition in graph.definitions}
        self.module_of.update((module.id, module.id) for module in graph.modules)
        self._tasks = {task.name: task.definition for task in graph.tasks if task.definition in self.module_of}
        self._admin = tuple(_plain(route.path) for route in graph.routes if route.kind == "admin" and route.path.strip("^/$"))
        self._routes: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for route in graph.routes:
            if route.is_url:
                self._routes.setdefault(_plain(route.path), []).append((route.methods, route.handler if route.handler in self.module_of else ""))
        known = {table.id for table in graph.tables} | {access.table for access in graph.accesses}
        self._tables = {table: table for table in known}
        shorter: dict[str, set[str]] = {}
        for table in known:
            for short in {table.lower(), table.rpartition(".")[2], table.lower().rpartition(".")[2]} - known:
                shorter.setdefault(short, set()).add(table)
        self._tables.update((short, next(iter(tables))) for short, tables in shorter.items() if len(tables) == 1)

    def table(self, name: str) -> str:
        """The id of a table that a model declares or the code names, with or without its schema."""
        for form in (name, name.lower(), name.rpartition(".")[2], name.lower().rpartition(".")[2]):
            if form in self._tables:
                return self._tables[form]
        return ""

    def function(self, dotted: str) -> str:
        """A function by its dotted name, which may go on within a function or class.

        A package stands for what it defines itself, and not for modules in it that we do not know.
        """
        whole = dotted
        while dotted:
            if dotted in self.module_of:
                return dotted if dotted not in self._packages or dotted == whole else ""
            dotted = dotted.rpartition(".")[0]
        return ""

    def task(self, names: Iterable[str]) -> str:
        """The task that is registered under one of the names."""
        return next((self._tasks[name] for name in names if self._tasks.get(name)), "")

    def knows_route(self, path: str) -> bool:
        """Whether a route is one of the project, or of the framework's own pages that the project hangs in."""
        plain = _plain(path)
        return plain in self._routes or plain.startswith(tuple(f"{admin}/" for admin in self._admin))

    def route(self, path: str, method: str) -> str:
        """What answers a route: the definition when it is one, the module when all that could are in one."""
        answering = self._routes.get(_plain(path), ())
        fitting = {handler for methods, handler in answering if not method or not methods or method in methods or method in ("HEAD", "OPTIONS")}
        handlers = fitting or {handler for _, handler in answering}
        modules = {self.module_of.get(handler, "") for handler in handlers}
        return min(handlers) if len(handlers) == 1 else min(modules) if len(modules) == 1 else ""

    def files(self, names: Collection[str], roots: Sequence[str] = ()) -> dict[str, str]:
        """The project's path for each recorded file that is one of its modules.

        Reports name files from another folder than ours, or from the root of another machine. The folder between the two is
        the one that explains most of the names; one that ends as a root does comes first.
        """
        ours: dict[tuple[str, ...], list[str]] = {}
        by_name: dict[str, list[str]] = {}
        for path in self.paths:
            ours.setdefault(_tail(path), []).append(path)
            by_name.setdefault(path.rpartition("/")[2], []).append(path)
        endings = ["/" + root.replace("\\", "/").strip("/") + "/" for root in roots]
        choices: dict[str, list[tuple[str, tuple[str, str]]]] = {}
        explained: Counter[tuple[str, str]] = Counter()
        for name in names:
            plain = name.replace("\\", "/").removeprefix("./")
            if not _LIBRARIES.isdisjoint(plain.split("/")):
                continue
            # A name with a folder fits what ends in both, or a file at the top of the project.
            near = [*ours.get(_tail(plain), ()), *ours.get(_tail(plain)[-1:], ())] if "/" in plain else by_name.get(plain, ())
            found = [(path, step) for path in near if (step := _between(plain, path)) is not None]
            choices[name] = found
            explained.update(step for _, step in found)
        return {name: path for name, found in choices.items() if (path := _likeliest(found, explained, endings))}


def _likeliest(found: Sequence[tuple[str, tuple[str, str]]], explained: Counter[tuple[str, str]], endings: Sequence[str]) -> str:
    ranked = sorted(((_rooted(step, endings), explained[step]), path) for path, step in found)
    if not ranked or (len(ranked) > 1 and ranked[-1][0] == ranked[-2][0]):
        return ""
    return ranked[-1][1]


def _rooted(step: tuple[str, str], endings: Sequence[str]) -> bool:
    added, _ = step
    return not added or any(ending.endswith(f"/{added}") for ending in endings)


def _tail(path: str) -> tuple[str, ...]:
    return tuple(path.split("/")[-2:])


def _between(name: str, path: str) -> tuple[str, str] | None:
    """What must be put before a recorded name, and what taken from it, to have the path; ``None`` when neither does."""
    if name == path:
        return "", ""
    if path.endswith(f"/{name}"):
        return path.removesuffix(name), ""
    if name.endswith(f"/{path}"):
        return "", name.removesuffix(path)
    return None


def _plain(route: str) -> str:
    return route.strip().lstrip("^/").removesuffix("$").rstrip("/")
