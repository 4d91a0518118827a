"""Runs the harness for odd and hostile inputs against ``decompose``, that for faults while writing against ``analyze``, ``plan`` and ``extract``, and prints one table.

``python tests/harness/run.py SHARED [PART...]``: SHARED holds ``reliability/``; a part is ``corpus``, ``determinism``, ``cache``, ``execution``,
``memory``, ``analyze``, ``plan``, ``extract``, ``artefacts`` or ``plans``, by default all of them. Memory is measured at up to 500,000 lines; FULL=1 adds 3,000,000
and looks at every point of a fault instead of some.
What a command prints is kept in a file whose name stands in the table where something failed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
OURS = [sys.executable, "-P", "-m", "decompose"]
ANALYZE = [*OURS, "analyze", "{p}"]
PLAN = [*OURS, "plan", "{p}", "--quiet"]
EXTRACT = [*OURS, "extract", "reviews", "-C", "{p}", "--allow-dirty", "--quiet"]
NOT_FOR_ANALYZE = ("h08", "h09")
"""Cases of the corpus about a plan: it is `extract` that has to refuse them."""


class Writer(NamedTuple):
    """A command that writes into the project.

    ``watch`` is the folder that has to be as before or as after. ``again`` are words of a run on a source that changed; ``edited`` is true when people
    edit what it writes, ``reads`` where it has to work in a project that cannot be written to. Of ``step`` points of a kind one is looked at.
    """

    command: list[str]
    planned: bool = False
    edited: bool = False
    reads: bool = False
    watch: str = "."
    again: tuple[str, ...] = ()
    step: str = "1"


WRITERS = {
    # Its cache holds times of files and is no more than time saved: what the next run makes of it is what counts.
    "analyze": Writer([*ANALYZE, "--format", "json", "-o", "{p}/seen/graph.json"], reads=True, watch="seen"),
    "plan": Writer([*PLAN, "--no-cache"], edited=True),
    "extract": Writer(EXTRACT, planned=True, edited=True, again=("--replan",), step="40"),
}
MUTATION = "sed -i 's/max_length=100, blank/max_length=110, blank/' {p}/shop/reviews/models.py"
"""News in the monolith between two runs: a moved file, the contract and a migration differ."""
MAIN_PROCESS = ((10_000, 600), (100_000, 600), (500_000, 600), (3_000_000, 2048))
"""Lines and the MiB that the main process may take."""


class Harness:
    def __init__(self, shared: Path, scratch: Path) -> None:
        self.programs = shared / "reliability"
        self.scratch = scratch
        self.rows: list[tuple[str, int, int, float, str]] = []
        self.canary = scratch / "canary"
        self.canary.mkdir()
        self.sample = scratch / "sample"
        shutil.copytree(ROOT / "sample_monolith", self.sample, ignore=shutil.ignore_patterns("__pycache__", ".decompose"))
        # A copy is judged: whoever works on the code or its templates meanwhile would make two runs of one program differ.
        self.judged = scratch / "judged"
        for name in ("decompose", "templates"):
            shutil.copytree(ROOT / name, self.judged / name, ignore=shutil.ignore_patterns("__pycache__"))
        # The runs are many, and each would compile all of it.
        subprocess.run([sys.executable, "-m", "compileall", "-q", self.judged / "decompose"], check=True)
        self.environment = {**os.environ, "PYTHONPATH": str(self.judged), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(scratch)}

    def run(self, title: str, *words: str | Path, forgiven: str = "") -> None:
        """One program; lines that match ``forgiven`` are no failures."""
        began = time.monotonic()
        done = subprocess.run(
            [*map(str, words)], cwd=self.scratch, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        found = re.findall(r"(\d+) passed, (\d+) failed", done.stdout)
        failures = [line for line in done.stdout.splitlines() if line.startswith("FAIL") and not (forgiven and re.search(forgiven, line))]
        whole = sum(map(int, found[-1])) if found else 1
        failed = max(len(failures), int(not found))
        log = ""
        if failed:
            log = str(self.scratch.parent / f"{self.scratch.name}-{len(self.rows)}.log")
            Path(log).write_text(done.stdout)
        self.rows.append((title, whole - failed, failed, time.monotonic() - began, log))
        print(f"{title}: {whole - failed} passed, {failed} failed", flush=True)
        for line in failures[:10]:
            print(f"    {line[:200]}", flush=True)

    def program(self, name: str) -> list[str]:
        path = str(self.programs / "harness" / name)
        return [sys.executable, path] if name.endswith(".py") else ["bash", path]

    # --- parts ----------------------------------------------------------------------------------

    def corpus(self) -> None:
        corpus = self.scratch / "corpus"
        subprocess.run(
            [sys.executable, self.programs / "build_corpus.py", corpus, "--canary", self.canary], check=True, stdout=subprocess.DEVNULL
        )
        cases = sorted({line.split(",")[0] for line in (corpus / "corpus.csv").read_text().splitlines()[1:]})
        chosen = ",".join(case for case in cases if not case.startswith(NOT_FOR_ANALYZE))
        check = [*self.program("corpus_check.py"), corpus, self.canary, "--work", self.scratch / "out"]
        output = ["--format", "json", "-o", "{o}/graph.json"]
        self.run("corpus, no cache", *check, "--only", chosen, "--", *ANALYZE, "--no-cache", *output)
        self.run("corpus, cold cache", *check, "--only", chosen, "--", *ANALYZE, *output, forgiven="^FAIL \\S+ target changed$")
        self.run("corpus, warm cache", *check, "--only", chosen, "--", *ANALYZE, *output)
        self.run("corpus, terminal", *check, "--only", "d,g,i", "--edge", "Analyzed", "--", *ANALYZE, "--no-cache", "--color", "never", "-o", "{o}/out.txt")
        self.run("corpus, plans", *check, "--only", ",".join(NOT_FOR_ANALYZE), "--", *OURS, "extract", "x", "-C", "{p}")
        subprocess.run(["chmod", "-R", "u+rwX", str(corpus)], check=False)

    def determinism(self) -> None:
        program = [*self.program("determinism.py"), "--project", self.sample, "--work", self.scratch / "det", "--extra", "--jobs 1|--jobs 2"]
        self.run("same bytes, no cache", *program, "--", *ANALYZE, "--no-cache", "--format", "json")
        self.run("same bytes, cache", *program, "--watch", "shop", "--", *ANALYZE, "--format", "json")

    def cache(self) -> None:
        program = [*self.program("hostile_cache.py"), "--project", self.sample, "--work", self.scratch / "hostile", "--canary", self.canary]
        self.run("hostile cache", *program, "--", *ANALYZE, "--format", "json")

    def execution(self) -> None:
        command = [str(self.sample) if word == "{p}" else word for word in ANALYZE]
        program = self.program("no_exec_no_net.sh")
        places = [self.sample, self.canary, self.sample / ".decompose"]
        self.run("no execution, no network", *program, *places, *command, "--format", "json")
        self.run("no execution, two jobs", *program, *places, *command, "--no-cache", "--jobs", "2", "--format", "json")

    def memory(self) -> None:
        for lines, limit in MAIN_PROCESS if os.environ.get("FULL") else MAIN_PROCESS[:-1]:
            program = [*self.program("memory_ceiling.sh"), str(lines), str(limit)]
            self.run(f"memory, {lines:,} lines <= {limit} MiB", *program, *ANALYZE, "--no-cache", "--format", "json", "-o", str(self.scratch / "big.json"))

    # --- writing --------------------------------------------------------------------------------

    def planned(self) -> Path:
        """The sample with a saved plan, as ``extract`` finds it."""
        folder = self.scratch / "planned"
        if not folder.exists():
            shutil.copytree(self.sample, folder, ignore=shutil.ignore_patterns(".decompose"))
            self.once(folder, *PLAN, "--no-cache")
        return folder

    def seen(self) -> Path:
        """The sample with a file for what a command prints: a new name in the project is news to the cache."""
        folder = self.scratch / "seen"
        if not folder.exists():
            shutil.copytree(self.sample, folder, ignore=shutil.ignore_patterns(".decompose"))
            (folder / "seen").mkdir()
            (folder / "seen" / "graph.json").touch()
        return folder

    def once(self, folder: Path, *command: str) -> None:
        """One command on ``folder`` that has to work."""
        words = [str(folder) if word == "{p}" else word for word in command]
        subprocess.run(words, check=True, cwd=self.scratch, env=self.environment, stdout=subprocess.DEVNULL)

    def writing(self) -> dict[str, Callable[[], None]]:
        """A part for each command that writes: every kind of fault while it does."""
        return {name: partial(self.faults, name) for name in WRITERS}

    def faults(self, name: str) -> None:
        """Every kind of fault for one command; where there are many points of a kind, all of them with FULL=1 and else some."""
        full = bool(os.environ.get("FULL"))
        writer = WRITERS[name]
        project = self.planned() if writer.planned else self.seen()

        def look(program: str, *options: str, title: str = "", more: Sequence[str] = ()) -> None:
            words = [*self.program(f"{program}.py"), "--project", project, "--work", self.scratch / f"{name}-{program}", "--watch", writer.watch, *options]
            self.run(f"{name}, {title or program}", *words, "--", *writer.command, *more)

        look("idempotence")
        if writer.edited:
            look("user_edits", "--max", "400", title="a user's edits, same source", more=writer.again)
            look("user_edits", "--max", "400", "--mutate", MUTATION, title="a user's edits, new source", more=writer.again)
        look("concurrent_runs", "--rounds", "20" if full else "3")
        look("sigint", "--runs", "40" if full else "5")
        look("kill9", "--runs", "200" if full else "15")
        look("crash_points", "--max", "500", "--step", "1" if full else writer.step)
        self.run(f"{name}, disk_full", *self.program("disk_full.sh"), project, *writer.command)
        if writer.reads:
            self.run(f"{name}, readonly", "env", "READONLY_OK=1", *self.program("readonly.sh"), project, *OURS, name, "{p}")
        else:
            self.run(f"{name}, readonly", *self.program("readonly.sh"), project, *writer.command)

    def artefacts(self) -> None:
        """What is written for a service, judged as a whole."""
        folder = self.scratch / "extracted"
        shutil.copytree(self.planned(), folder)
        self.once(folder, *EXTRACT)
        self.run("extract, artefacts", *self.program("artefact_lint.py"), folder)

    def plans(self) -> None:
        """Saved plans that somebody tampered with."""
        program = [sys.executable, "-P", str(Path(__file__).with_name("hostile_plans.py"))]
        every = "1" if os.environ.get("FULL") else "11"
        self.run("extract, hostile plans", *program, "--project", self.planned(), "--work", self.scratch / "hostile-plans", "--context", "reviews", "--every", every)

    def table(self) -> bool:
        print(f"\n{'':42}{'passed':>8}{'failed':>8}{'seconds':>9}")
        for title, passed, failed, seconds, log in self.rows:
            print(f"{title:42}{passed:8}{failed:8}{seconds:9.0f}  {log}".rstrip())
        return not any(row[2] for row in self.rows)


def main() -> int:
    shared = Path(sys.argv[1]).resolve()
    if not (shared / "reliability" / "build_corpus.py").is_file():
        print(f"{shared} holds no reliability/build_corpus.py; give the folder with SHARED=", file=sys.stderr)
        return 2
    scratch = tempfile.mkdtemp(prefix="harness-")
    try:
        harness = Harness(shared, Path(scratch))
        parts: dict[str, Callable[[], None]] = {
            "corpus": harness.corpus, "determinism": harness.determinism, "cache": harness.cache,
            "execution": harness.execution, "memory": harness.memory, **harness.writing(),
            "artefacts": harness.artefacts, "plans": harness.plans,
        }  # fmt: skip
        for name in sys.argv[2:] or parts:
            parts[name]()
        fine = harness.table()
    finally:
        subprocess.run(["rm", "-rf", scratch], check=False)  # folders too deep for Python's own removal
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
