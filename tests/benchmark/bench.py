"""Time and memory as ratios in one run: what `ast.parse` needs for the same files is 1.

    python tests/benchmark/bench.py [TREE ...] [--lines N] [--repeat N]

Without a tree a monolith is generated, so that it runs offline. Every figure is the best of all rounds; a round takes all rows once, so
that a busy minute of the machine spoils no single row. Times of tools are those of whole processes, their start included, and of all
processes that they start; the floor is the parsing alone, in one process with the garbage collector off.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
LINES = 60_000
LEFT_OUT = (".git", ".hg", ".decompose", ".venv", "venv", "node_modules", "__pycache__", "site-packages", ".grimp_cache")


class Cost(NamedTuple):
    """CPU and wall seconds, and the largest process in MiB (0: not known)."""

    cpu: float
    wall: float
    peak: float = 0.0


class Skipped(Exception):
    """A row that cannot be measured here, and why."""


# --- what runs in a process of its own ------------------------------------------------------------


def floor(tree: str) -> dict[str, Any]:
    """Reading and parsing every Python file once."""
    import ast
    import gc
    import warnings

    gc.disable()
    warnings.simplefilter("ignore")
    paths = sorted(Path(tree).rglob("*.py"))
    lines = size = failed = 0
    cpu, wall = time.process_time(), time.perf_counter()
    for path in paths:
        source = path.read_bytes()
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            failed += 1
        lines += source.count(b"\n")
        size += len(source)
    return {
        "stages": [["floor", time.process_time() - cpu, time.perf_counter() - wall]],
        "files": len(paths), "lines": lines, "bytes": size, "failed": failed,
    }  # fmt: skip


def facts(tree: str, jobs: str, cached: str) -> dict[str, Any]:
    """All facts without any opinion on contexts, stage by stage, as the pipeline makes them."""
    import gc

    gc.freeze()
    from decompose.detect import detectors
    from decompose.graph.build import build
    from decompose.link.program import Program
    from decompose.scan.cache import Cache
    from decompose.scan.tree import discover
    from decompose.syntax import summaries

    stages: list[list[Any]] = []

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        cpu, wall = _cpu(), time.perf_counter()
        yield
        stages.append([name, _cpu() - cpu, time.perf_counter() - wall])

    with stage("scan"):
        found = discover(Path(tree))
    with stage("read"):
        summarized = summaries(found, jobs=int(jobs), cache=Cache(Path(cached)) if cached else None)
    if cached:
        return {"stages": stages}
    with stage("write out"):
        for summary in summarized:
            _ = summary.uses
    found_detectors = detectors()
    with stage("link"):
        program = Program(summarized)
    with stage("detect"):
        claims = [fact for _, detect in found_detectors for fact in detect(program)]
    with stage("graph"):
        build(program, found, claims)
    return {"stages": stages}


def grimp_graph(tree: str, cache: str) -> dict[str, Any]:
    """grimp's import graph of all top packages."""
    import grimp

    roots, packages = top_packages(Path(tree))
    sys.path[:0] = roots
    graph = grimp.build_graph(*packages, cache_dir=cache or None)
    return {"stages": [], "modules": len(graph.modules)}


def _cpu() -> float:
    """Seconds of this process and of those that it waited for."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def top_packages(tree: Path) -> tuple[list[str], list[str]]:
    """Folders to import from, and the names of the packages in them; of several with one name the first."""
    found: dict[str, str] = {}
    for place in sorted(tree.rglob("__init__.py"), key=lambda place: (len(place.parts), place)):
        package = place.parent
        if (package.parent / "__init__.py").exists() or package == tree or not package.name.isidentifier():
            continue
        found.setdefault(package.name, str(package.parent))
    return sorted(set(found.values())), sorted(found)


# --- measuring ------------------------------------------------------------------------------------


def run(words: list[str], folder: Path) -> tuple[Cost, bytes]:
    """A command and all that it starts. Raises :class:`Skipped` when it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(words, cwd=folder, env=_ENVIRONMENT, stdout=out, stderr=errors, stdin=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            last = errors.read().decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise Skipped(f"exit code {process.returncode}: {last[0][:120]}")
        out.seek(0)
        # The unit of ru_maxrss is KiB on Linux, bytes on macOS.
        peak = used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
        return Cost(used.ru_utime + used.ru_stime, wall, peak), out.read()


def inside(folder: Path, what: str, *given: str) -> tuple[Cost, dict[str, Any]]:
    """One of the functions above in a process of its own: the cost of the process, and what it says."""
    cost, out = run([sys.executable, str(HERE / "bench.py"), "--inside", what, *given], folder)
    found: dict[str, Any] = json.loads(out)
    return cost, found


class Bench:
    """The rows for one tree. ``tree`` is a copy that may be changed."""

    def __init__(self, tree: Path, scratch: Path) -> None:
        self.tree = tree
        self.scratch = scratch
        self.best: dict[str, Cost] = {}
        self.skipped: dict[str, str] = {}
        self.stages: dict[str, dict[str, Cost]] = {}
        self.measured: dict[str, Any] = {}
        self.changes = 0

    def rows(self) -> list[tuple[str, Callable[[], Cost]]]:
        return [
            ("floor: ast.parse", self.floor),
            ("ruff analyze graph", self.ruff),
            ("grimp build_graph, cold", lambda: self.grimp(warm=False)),
            ("grimp build_graph, warm", lambda: self.grimp(warm=True)),
            ("pydeps", self.pydeps),
            ("decompose: facts, cold, 1 process", lambda: self.facts(1)),
            ("decompose: facts, cold, 2 processes", lambda: self.facts(2)),
            ("decompose analyze, cold, 1 process", lambda: self.cold(1)),
            ("decompose analyze, cold, 2 processes", lambda: self.cold(2)),
            ("decompose analyze, nothing changed", self.warm),
            ("decompose analyze, one file changed", self.changed),
            ("decompose --help", lambda: run([*DECOMPOSE, "--help"], self.tree)[0]),
        ]

    def round(self) -> None:
        for name, measure in self.rows():
            if name in self.skipped:
                continue
            try:
                cost = measure()
            except Skipped as reason:
                self.skipped[name] = str(reason)
                continue
            known = self.best.get(name, cost)
            self.best[name] = Cost(*map(min, known, cost))

    def floor(self) -> Cost:
        cost, said = inside(self.tree, "floor", str(self.tree))
        self.measured = said
        _, cpu, wall = said["stages"][0]
        return Cost(cpu, wall, cost.peak)

    def ruff(self) -> Cost:
        if find_spec("ruff") is None:
            raise Skipped("ruff is not installed")
        return run([sys.executable, "-m", "ruff", "analyze", "graph", "--quiet", "."], self.tree)[0]

    def grimp(self, *, warm: bool) -> Cost:
        if find_spec("grimp") is None:
            raise Skipped("grimp is not installed")
        cache = str(self.scratch / "grimp") if warm else ""
        if warm and not Path(cache).exists():
            inside(self.scratch, "grimp_graph", str(self.tree), cache)
        return inside(self.scratch, "grimp_graph", str(self.tree), cache)[0]

    def pydeps(self) -> Cost:
        if find_spec("pydeps") is None:
            raise Skipped("pydeps is not installed")
        _, packages = top_packages(self.tree)
        sizes = {name: sum(1 for place in self.tree.rglob(f"{name}/**/*.py")) for name in packages}
        if not sizes:
            raise Skipped("no package")
        largest = max(sizes, key=lambda name: (sizes[name], name))
        place = next(place for place in self.tree.rglob(largest) if (place / "__init__.py").exists())
        words = [sys.executable, "-m", "pydeps", "--no-config", "--no-output", "--no-show", "--max-bacon", "0", place.name]
        return run(words, place.parent)[0]

    def facts(self, jobs: int) -> Cost:
        cost, said = inside(self.tree, "facts", str(self.tree), str(jobs), "")
        self._stages(f"cold, {jobs} process{'es' if jobs > 1 else ''}", said["stages"])
        return cost

    def cold(self, jobs: int) -> Cost:
        shutil.rmtree(self.tree / ".decompose", ignore_errors=True)
        return self.analyze("--jobs", str(jobs))

    def warm(self) -> Cost:
        if not (self.tree / ".decompose").exists():
            self.analyze()
        cache = self.scratch / "stages.db"
        _, said = inside(self.tree, "facts", str(self.tree), "1", str(cache))
        _, said = inside(self.tree, "facts", str(self.tree), "1", str(cache))
        self._stages("nothing changed", said["stages"])
        return self.analyze()

    def changed(self) -> Cost:
        if not (self.tree / ".decompose").exists():
            self.analyze()
        self.changes += 1
        by_size = sorted((place for place in self.tree.rglob("*.py")), key=lambda place: (place.stat().st_size, place))
        middle = by_size[len(by_size) * 3 // 4]
        with middle.open("a") as file:
            file.write(f"\n\ndef appended_{self.changes}(value):\n    return [each for each in value if each]\n")
        return self.analyze()

    def analyze(self, *options: str) -> Cost:
        out = str(self.scratch / "analysis.json")
        return run([*DECOMPOSE, "analyze", ".", "--format", "json", "-o", out, "-q", *options], self.tree)[0]

    def _stages(self, name: str, stages: list[list[Any]]) -> None:
        known = self.stages.setdefault(name, {})
        for stage, cpu, wall in stages:
            before = known.get(stage, Cost(cpu, wall))
            known[stage] = Cost(min(before.cpu, cpu), min(before.wall, wall))


DECOMPOSE = [sys.executable, "-m", "decompose"]

# The decompose of this checkout, on a machine where it has run before: Python's own cache of compiled code is there.
_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    "PYTHONPATH": str(ROOT),
}


def warm_up(scratch: Path) -> None:
    """Runs everything once on something small, so that no row pays for compiling the tools themselves."""
    import monolith

    monolith.write(scratch / "small", 4_000)
    bench = Bench(scratch / "small", scratch)
    bench.round()
    shutil.rmtree(scratch / "grimp", ignore_errors=True)


# --- the report -----------------------------------------------------------------------------------


def shown(name: str, bench: Bench) -> str:
    """The figures of one tree in Markdown."""
    one = bench.best["floor: ast.parse"]
    said = bench.measured
    lines = [
        f"## {name}: {said['files']:,} files, {said['lines']:,} lines, {said['bytes'] / 1e6:.1f} MB"
        + (f", {said['failed']} not parsed" if said["failed"] else ""),
        "",
        f"| {'':36} | {'CPU s':>7} | {'wall s':>7} | {'CPU/floor':>9} | {'wall/floor':>10} | {'peak MiB':>8} |",
        f"|{'-' * 38}|{'-' * 8}:|{'-' * 8}:|{'-' * 10}:|{'-' * 11}:|{'-' * 9}:|",
    ]
    for row, _ in bench.rows():
        if row in bench.skipped:
            lines.append(f"| {row:36} | {'':7} | {'':7} | {'':9} | {'':10} | {'':8} | skipped: {bench.skipped[row]}")
            continue
        cost = bench.best[row]
        lines.append(
            f"| {row:36} | {cost.cpu:7.2f} | {cost.wall:7.2f} | {cost.cpu / one.cpu:9.2f} | {cost.wall / one.cpu:10.2f} | {cost.peak:8.0f} |"
        )
    for title, stages in bench.stages.items():
        lines += ["", f"Stages, {title} (CPU/floor, wall/floor): " + ", ".join(
            f"{stage} {cost.cpu / one.cpu:.3f} {cost.wall / one.cpu:.3f}" for stage, cost in stages.items()
        )]  # fmt: skip
    return "\n".join(lines)


def versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in ("decompose-cli", "ruff", "grimp", "pydeps", "msgspec"):
        try:
            found.append(f"{name} {version(name)}")
        except ImportError:
            found.append(f"no {name}")
    return f"{', '.join(found)}; {len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} processors"


@contextmanager
def copies(trees: list[Path], lines: int) -> Iterator[Iterator[tuple[str, Path, Path]]]:
    """Name, copy and scratch folder for each tree."""
    with tempfile.TemporaryDirectory() as scratch:
        warm_up(Path(scratch))
        yield (_copy(tree, lines, Path(scratch) / str(number)) for number, tree in enumerate(trees or [None]))


def _copy(tree: Path | None, lines: int, scratch: Path) -> tuple[str, Path, Path]:
    scratch.mkdir()
    if tree is None:
        import monolith

        monolith.write(scratch / "monolith", lines)
        return "generated monolith", scratch / "monolith", scratch
    copy = scratch / tree.name
    shutil.copytree(tree, copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    return tree.name, copy, scratch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", type=Path, help="folders to measure; they are copied first")
    parser.add_argument("--lines", type=int, default=LINES, help="size of the generated monolith")
    parser.add_argument("--repeat", type=int, default=3, help="rounds, of which the best figure counts")
    parser.add_argument("--inside", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.inside:
        what, *words = given.inside
        print(json.dumps({"floor": floor, "facts": facts, "grimp_graph": grimp_graph}[what](*words)))
        return
    print(versions())
    with copies([tree.resolve() for tree in given.trees], given.lines) as found:
        for name, tree, scratch in found:
            bench = Bench(tree, scratch)
            for _ in range(given.repeat):
                bench.round()
            print(f"\n{shown(name, bench)}", flush=True)


if __name__ == "__main__":
    main()
