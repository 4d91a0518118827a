"""How good the cut is, beside plain folder names as contexts.

    python tests/benchmark/cut.py [--shared FOLDER] [--tree FOLDER[=LABELS.json] ...] [--size MODULES:DEFINITIONS]

Graphs of published studies (``FOLDER/bench/graphs``) are cut with every name hidden, so no folder helps. A tree is analysed as a user would;
its labels file maps modules (or globs over paths) and tables to their true part: ``{"modules": {...}, "tables": {...}}``. A tree in
layers gets a *vertical score* without labels: a module that carries a domain word found in two or more layers should be with that word.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import combinations
from pathlib import Path
from statistics import mean
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]

import graphs  # noqa: E402
import partitions  # noqa: E402

from decompose.cut.propose import propose  # noqa: E402
from decompose.cut.words import LAYERS, singular, words  # noqa: E402
from decompose.model.codegraph import CodeGraph  # noqa: E402
from decompose.model.contexts import ContextMap  # noqa: E402
from decompose.model.settings import Config  # noqa: E402

SEEDS = 10
LOST = 0.05
"""Share of the edges that are taken away to see whether the cut stands."""


# --- figures --------------------------------------------------------------------------------------


def described(found: ContextMap) -> dict[str, Any]:
    figures = found.scores
    return {
        "contexts": figures.contexts,
        "largest": figures.largest_share,
        "coverage": figures.coverage,
        "cut FKs": figures.cut_foreign_keys,
        "cut tx": figures.cut_transactions,
        "stability": figures.stability,
    }


def places(found: ContextMap) -> dict[str, str]:
    return {entry.module: entry.context for entry in found.memberships}


def seeds_agree(graph: CodeGraph, config: Config, **more: Any) -> float:
    """The least agreement of any two cuts of the same graph from different seeds."""
    from msgspec.structs import replace

    cuts = [places(propose(graph, replace(config, seed=seed), **more)) for seed in range(SEEDS)]
    return min(partitions.ari(a, b) for a, b in combinations(cuts, 2))


def without_some(graph: CodeGraph, config: Config, found: Mapping[str, str], **more: Any) -> float:
    """The mean agreement of the cut with those of the graph after :data:`LOST` of its edges are gone at random."""
    import random

    from msgspec.structs import replace

    agreements = []
    for seed in range(5):
        draw = random.Random(seed)
        kept = tuple(edge for edge in graph.edges if draw.random() >= LOST)
        agreements.append(partitions.ari(places(propose(replace(graph, edges=kept), config, **more)), found))
    return mean(agreements)


# --- graphs with hidden names ---------------------------------------------------------------------


def on_graph(path: Path, judge: Any, *, firm: bool) -> dict[str, Any]:
    bench = graphs.read(path)
    config = Config(weights=(("package", 0.0),))
    started = time.perf_counter()
    found = propose(bench.graph, config, observed=bench.observed)
    seconds = time.perf_counter() - started
    parts = bench.partition(found)
    row: dict[str, Any] = {"graph": bench.name, **described(found), "seconds": seconds}
    if bench.reference:
        row |= {"ARI": partitions.ari(parts, bench.reference), "MoJoFM": partitions.mojofm(parts, bench.reference)}
        folders = {own: own.rpartition(".")[0].partition(".")[0] for own in bench.name_of.values()}
        row["folders"] = "are the reference" if all("." in own for own in folders) else ""
    row["cut FKs"] = sum(1 for a, b in bench.foreign_keys if parts.get(a) != parts.get(b))
    calls = calls_of(bench)
    if calls:
        row |= {"ICP": judge.icp(parts, calls), "SM": judge.sm(parts, calls)}
    access = entries(bench, parts)
    if access:
        row["DTP"] = judge.dtp(parts, access)
    if firm:
        row["seeds"] = seeds_agree(bench.graph, config, observed=bench.observed)
        row["5 % lost"] = without_some(bench.graph, config, places(found), observed=bench.observed)
    return row


def calls_of(bench: graphs.Benchmark) -> dict[tuple[str, str], float]:
    calls: dict[tuple[str, str], float] = {}
    known = set(bench.name_of.values())
    for edge in bench.raw["edges"]:
        if edge["kind"] in ("import", "call", "use") and edge["src"] in known and edge["dst"] in known:
            calls[edge["src"], edge["dst"]] = calls.get((edge["src"], edge["dst"]), 0) + edge.get("weight", 1)
    return calls


def entries(bench: graphs.Benchmark, parts: Mapping[str, str]) -> dict[str, set[str]]:
    """For every table the entries of the transactions that touch it."""
    access: dict[str, set[str]] = {}
    for transaction in bench.raw.get("transactions", ()):
        entry = transaction["entry"] if transaction["entry"] in parts else transaction["entry"].rsplit(".", 1)[0]
        for table, _ in transaction.get("tables", ()):
            access.setdefault(table, set()).add(entry)
    return access


# --- trees ----------------------------------------------------------------------------------------


def on_tree(tree: Path, labels: Path | None, *, firm: bool) -> list[dict[str, Any]]:
    """Two rows: with folders hidden, and with the default prior; a third for the plain folder names."""
    from msgspec.structs import replace

    from decompose.pipeline import analyze

    analysis = analyze(tree, cache=False, jobs=1)
    graph, config = analysis.graph, analysis.config
    truth = Truth(graph, json.loads(labels.read_text(encoding="utf-8"))) if labels else None
    vertical = vertical_labels(graph)
    rows = []
    for name, weights in (("prior 0", (("package", 0.0),)), ("default", config.weights)):
        chosen = replace(config, weights=weights)
        started = time.perf_counter()
        found = propose(graph, chosen)
        row: dict[str, Any] = {"graph": f"{tree.name}, {name}", **described(found), "seconds": time.perf_counter() - started}
        row["vertical"] = partitions.ari(places(found), vertical) if vertical else "-"
        if truth:
            row["agree"] = truth.agreement(places(found), {entry.table: entry.owner for entry in found.ownership}, dict(found.definitions))
        if firm:
            row["seeds"] = seeds_agree(graph, chosen)
            row["5 % lost"] = without_some(graph, chosen, places(found))
        rows.append(row)
    folders = {module.id: folder_of(module.id) for module in graph.modules if module.role == "code"}
    row = {"graph": f"{tree.name}, folders", "contexts": len(set(folders.values())), "vertical": partitions.ari(folders, vertical) if vertical else "-"}
    row["largest"] = max(Counter(folders.values()).values()) / len(folders) if folders else 0.0
    if truth:
        declared = {table.id: folders.get(table.model.rpartition(".")[0], "") for table in graph.tables}
        row["agree"] = truth.agreement(folders, declared, {})
    return [*rows, row]


def folder_of(module: str) -> str:
    """The first folder below the project's own package."""
    parts = module.split(".")
    return parts[1] if len(parts) > 2 else parts[0]


def vertical_labels(graph: CodeGraph) -> dict[str, str]:
    """The domain word of every module that carries exactly one that is found in two or more layers.

    A layer is the outermost folder (or the file) of a module's path whose words all name layers. A module of several
    such words (``household/controller_mealplan``) is left out: which of them is its own is the very question.
    """
    carried: dict[str, tuple[str, set[str]]] = {}
    roots = Counter(module.id.partition(".")[0] for module in graph.modules if module.role == "code")
    # The package that holds nearly everything is the project: its name says nothing.
    project = next((root for root, count in roots.items() if count > 0.5 * sum(roots.values())), "")
    for module in graph.modules:
        parts = module.id.removeprefix(f"{project}.").split(".")
        layers = [part for part in parts if all(word in LAYERS for word in words(part))]
        spoken = {singular(word) for part in parts for word in words(part) if word not in LAYERS and not word.isdigit() and len(word) > 2}
        if module.role == "code" and layers:
            carried[module.id] = (layers[0], spoken)
    layers_of: dict[str, set[str]] = {}
    for layer, spoken in carried.values():
        for word in spoken:
            layers_of.setdefault(word, set()).add(layer)
    found = {}
    for module_id, (_, spoken) in carried.items():
        shared = [word for word in spoken if len(layers_of[word]) > 1]
        if len(shared) == 1:
            found[module_id] = shared[0]
    return found


class Truth:
    """Where tables and modules of a tree went when people split it. A label may name several parts: ``users+booking``."""

    def __init__(self, graph: CodeGraph, labels: Mapping[str, Any]) -> None:
        self.true: dict[str, frozenset[str]] = {}
        for table, label in labels.get("tables", {}).items():
            name = label.get("owner") if isinstance(label, dict) else label
            if name:
                self.true[f"table:{table}"] = frozenset(name.split("+"))
        by_path = {module.path: module.id for module in graph.modules}
        for pattern, label in labels.get("modules", {}).items():
            for path, module in by_path.items():
                if fnmatchcase(path, pattern) or module == pattern:
                    self.true[module] = frozenset(label.split("+"))

    def agreement(self, modules: Mapping[str, str], tables: Mapping[str, str], definitions: Mapping[str, str]) -> float:
        found = {**modules, **{f"table:{table}": owner for table, owner in tables.items()}}
        right, compared, _ = partitions.matched(found, self.true)
        return right / compared if compared else 0.0


# --- size -----------------------------------------------------------------------------------------


def of_size(modules: int, definitions: int) -> dict[str, Any]:
    """Time and memory of the cut of a generated monolith."""
    graph = graphs.grown(modules, definitions)
    started, cpu = time.perf_counter(), time.process_time()
    found = propose(graph, Config())
    return {
        "graph": f"{modules} modules, {definitions} definitions",
        **described(found),
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - cpu,
        "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


# --- printing -------------------------------------------------------------------------------------


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    lines = [columns, *([shown(row.get(column, "")) for column in columns] for row in rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def shown(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def judge_of(shared: Path) -> Any:
    """The reference implementation of the measures, which lies beside the graphs."""
    import importlib.util

    spec = importlib.util.spec_from_file_location("score", shared / "bench" / "score.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=HERE.parents[1] / ".." / "shared")
    parser.add_argument("--tree", action="append", default=[], metavar="FOLDER[=LABELS]")
    parser.add_argument("--size", default="", metavar="MODULES:DEFINITIONS")
    parser.add_argument("--firm", action="store_true", help="also ten seeds, and five times with 5 %% of the edges gone")
    chosen = parser.parse_args(arguments if arguments is None else list(arguments))
    folder = chosen.shared / "bench" / "graphs"
    if folder.is_dir():
        judge = judge_of(chosen.shared)
        rows = [on_graph(path, judge, firm=chosen.firm) for path in sorted(folder.glob("*.json"))]
        print(table(rows))
        labelled = [row for row in rows if "ARI" in row and row["graph"].startswith("py_")]
        print(f"\nmean of the labelled Python graphs: ARI {mean(r['ARI'] for r in labelled):.3f}, MoJoFM {mean(r['MoJoFM'] for r in labelled):.3f}\n")
    rows = []
    for entry in chosen.tree:
        tree, _, labels = entry.partition("=")
        rows += on_tree(Path(tree).resolve(), Path(labels) if labels else None, firm=chosen.firm)
    if rows:
        print(table(rows))
    if chosen.size:
        modules, _, definitions = chosen.size.partition(":")
        print(table([of_size(int(modules), int(definitions))]))


if __name__ == "__main__":
    main()
