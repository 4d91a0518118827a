"""Compares the import edges of an analysis with those that grimp finds.

``python tests/oracle/compare_imports.py ROOT PACKAGE...`` analyzes the project at ROOT and lets grimp build the graph of the packages, which
lie in ROOT or one of its import roots. Every difference gets a reason by rule; those without are listed, and the program then ends with 1.
"""

from __future__ import annotations

import logging
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import grimp
from grimp.exceptions import SourceSyntaxError

from decompose import pipeline
from decompose.model.codegraph import CodeGraph

Pair = tuple[str, str]


class Judge(NamedTuple):
    """What grimp says: its modules and edges, and the files that were emptied because it ends at them."""

    modules: set[str]
    edges: set[Pair]
    emptied: frozenset[str]


def judge(root: Path, packages: list[str]) -> Judge:
    """grimp's graph of a copy of the packages, with the files emptied at which it would end."""
    emptied: set[str] = set()
    with tempfile.TemporaryDirectory() as scratch:
        for package in packages:
            shutil.copytree(root / package, Path(scratch) / package, ignore=shutil.ignore_patterns("node_modules", ".git", "__pycache__"))
        sys.path.insert(0, scratch)
        try:
            while True:
                try:
                    graph = grimp.build_graph(*packages, cache_dir=None)
                    break
                except (SourceSyntaxError, UnicodeError) as error:
                    file = Path(_file_of(error))
                    assert file.is_relative_to(scratch) and file.stat().st_size, f"grimp ends: {error}"
                    file.write_text("")
                    emptied.add(str(file.relative_to(scratch)))
        finally:
            sys.path.remove(scratch)
    edges = {(src, dst) for src in graph.modules for dst in graph.find_modules_directly_imported_by(src)}
    return Judge(set(graph.modules), edges, frozenset(emptied))


def _file_of(error: Exception) -> str:
    if isinstance(error, SourceSyntaxError):
        return error.filename
    found = re.search(r"file (\S+\.py)", str(error))
    return found[1] if found else ""


class Ours(NamedTuple):
    """What the analysis says, under the names by which grimp knows the modules: dotted from ``root``."""

    modules: dict[str, Path]
    edges: dict[Pair, str]
    """With ``when``."""


def ours(graph: CodeGraph, base: Path, root: Path, packages: list[str]) -> Ours:
    names = {}
    for module in graph.modules:
        path = base / module.path
        if path.is_relative_to(root) and path.relative_to(root).parts[0] in packages:
            parts = path.relative_to(root).with_suffix("").parts
            names[module.id] = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    edges = {
        (names[edge.src], names[edge.dst]): edge.when
        for edge in graph.edges
        if edge.kind == "import" and edge.src in names and edge.dst in names
    }
    paths = {module.id: base / module.path for module in graph.modules}
    return Ours({name: paths[id] for id, name in names.items()}, edges)


# --- reasons ------------------------------------------------------------------------------------


def reason_ours(pair: Pair, found: Ours, judged: Judge, root: Path) -> str:
    """Why only the analysis has an edge, ``""`` when no rule says it."""
    for module in pair:
        if module not in judged.modules:
            return reason_module(module, found, judged, root)
    if str(found.modules[pair[0]].relative_to(root)) in judged.emptied:
        return "grimp ends at a file that it cannot read"
    if found.edges[pair] == "string":
        return "a module named by a literal string (import_module, settings)"
    return ""


def reason_module(module: str, found: Ours, judged: Judge, root: Path) -> str:
    path = found.modules.get(module)
    if path is None:
        return ""
    relative = path.relative_to(root)
    if any(not part.isidentifier() for part in relative.with_suffix("").parts):
        return "grimp leaves out files whose name is no identifier"
    folder = path.parent
    while folder != root:
        if not (folder / "__init__.py").exists():
            return "grimp does not follow into folders without __init__.py"
        folder = folder.parent
    return ""


def reason_judge(pair: Pair, found: Ours) -> str:
    """Why only grimp has an edge, ``""`` when no rule says it."""
    for module in pair:
        if module not in found.modules:
            if any(other.startswith(f"{module}.") for other in found.modules):
                return "a folder without a file of its own"
            return ""
    return ""


# --- report -------------------------------------------------------------------------------------


def compare(base: Path, root: Path, packages: list[str], graph: CodeGraph) -> bool:
    """Prints agreement and reasons; true when every difference has one."""
    judged = judge(root, packages)
    found = ours(graph, base, root, packages)
    both = found.edges.keys() & judged.edges
    only_ours = {pair: reason_ours(pair, found, judged, root) for pair in sorted(found.edges.keys() - judged.edges)}
    only_judge = {pair: reason_judge(pair, found) for pair in sorted(judged.edges - found.edges.keys())}
    lost = sorted(judged.modules - found.modules.keys())
    print(f"{', '.join(packages)}: {len(found.modules)} modules (grimp {len(judged.modules)}), {len(both)} edges in both, {len(only_ours)} only here, {len(only_judge)} only in grimp")
    for title, differences in (("only here", only_ours), ("only in grimp", only_judge)):
        for reason, count in sorted(Counter(differences.values()).items()):
            print(f"    {title:14} {count:6}  {reason or 'UNEXPLAINED'}")
        for src, dst in [pair for pair, reason in differences.items() if not reason][:20]:
            print(f"        {src} -> {dst}  {found.edges.get((src, dst), '')}")
    for module in lost:
        explained = any(other.startswith(f"{module}.") for other in found.modules)
        if not explained:
            print(f"    module only in grimp: {module}")
    return not [reason for reason in (*only_ours.values(), *only_judge.values()) if not reason]


def main(words: Iterable[str]) -> int:
    place, *packages = words
    base = Path(place).resolve()
    logging.getLogger("grimp").setLevel(logging.ERROR)
    analysis = pipeline.analyze(base, cache=False)
    roots: dict[Path, list[str]] = {}
    for package in packages:
        root = next((base / each for each in (".", *analysis.tree.roots) if (base / each / package / "__init__.py").is_file()), None)
        if root is None:
            print(f"{package}: no package of that name below {base}")
            return 2
        roots.setdefault(root.resolve(), []).append(package)
    agreed = [compare(base, root, names, analysis.graph) for root, names in roots.items()]
    return 0 if all(agreed) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
