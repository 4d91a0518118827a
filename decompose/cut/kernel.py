"""Shared code inside a project: technical modules that most contexts use and that belong to none of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from decompose.cut.survey import Survey

_KERNEL_USERS = 0.4
"""Share of the contexts that must use a technical module before it is shared."""

_TECHNICAL, _MOSTLY = 0.25, 0.5
"""Share of a package's lines in shared modules from which the rest follows: of a domain package, of a folder of a layer."""


def shared_kernel(survey: Survey, community: Mapping[str, int]) -> set[str]:
    """Modules without data that most contexts use and that use (almost) none: a library inside the project.

    In a folder called ``utils`` or the like two users are enough, and reading a table is allowed.

    Also what wires everything together (uses most contexts, is used by none), and technical modules that only shared
    modules use.
    """
    sizes = Counter(community[module] for module in survey.members)
    contexts = {c for c, size in sizes.items() if size >= 3}
    wide = max(3.0, _KERNEL_USERS * len(contexts))
    kernel: set[str] = set()
    in_folder = {module for module in survey.members if survey.in_technical_folder(module)}
    technical = [
        module for module in survey.members
        if module not in (survey.writing if module in in_folder else survey.with_data)
    ]

    def reach(modules: Iterable[str], own: int) -> int:
        return len({community[m] for m in modules if m in community and m not in kernel} & contexts - {own})

    for module in technical:
        own = community[module]
        users, uses = survey.users.get(module, set()), survey.uses.get(module, set())
        using = reach(users, own)
        widely = using >= wide and reach(uses, own) <= max(1, using // 4)
        if widely or (module in in_folder and reach(users, -1) >= 2):
            kernel.add(module)
    for module in technical:
        own = community[module]
        if not (survey.users.get(module, set()) - survey.glue) and reach(survey.uses.get(module, set()), own) >= wide:
            kernel.add(module)
    grown = True
    while grown:
        grown = False
        for module in technical:
            users = survey.users.get(module, set())
            if module not in kernel and users & kernel and users <= kernel | survey.glue and not (
                {survey.outer_of[u] for u in users} - {""} and survey.outer_of[module] not in {"", *(survey.outer_of[u] for u in users)}
            ):
                kernel.add(module)
                grown = True
    return _whole_packages(survey, kernel)


def _whole_packages(survey: Survey, kernel: Collection[str]) -> set[str]:
    """The kernel after each package had its say.

    A domain package with tables keeps its own technical modules unless they are a good part of it: the signals and
    constants that others use of ``orders`` are its published language, not a library. A package that is technical for a good
    part and whose tables nobody outside refers to or touches is shared as a whole, tables and all.
    """
    package_of_table = {t.id: survey.outer_of.get(survey.module_of.get(t.model, ""), "") for t in survey.graph.tables if t.model}
    wanted = {
        package_of_table.get(key.target, "")
        for key in survey.graph.foreign_keys
        if package_of_table.get(key.table, "") != package_of_table.get(key.target, "")
    }
    wanted |= {
        package_of_table.get(access.table, "")
        for access in survey.graph.accesses
        if access.mode == "write"
        and (module := survey.module_of.get(access.definition, "")) in survey.outer_of
        and survey.modules[module].role == "code"
        and survey.outer_of[module] != package_of_table.get(access.table, "")
    }
    with_tables = set(package_of_table.values())
    inside: dict[str, list[str]] = {}
    for module in survey.members:
        if survey.outer_of[module]:
            inside.setdefault(survey.outer_of[module], []).append(module)
    found = set(kernel)
    for package, modules in sorted(inside.items()):
        lines = sum(survey.modules[module].lines for module in modules)
        technical = sum(survey.modules[module].lines for module in modules if module in kernel)
        share = technical / lines if lines else 0.0
        domain = any(survey.package_of[module] == package for module in modules)
        if share < _TECHNICAL and domain and package in with_tables:
            found.difference_update(modules)
        elif share >= (_TECHNICAL if domain else _MOSTLY) and package not in wanted:
            found.update(modules)
    return found
