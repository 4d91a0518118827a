"""Runs the harness for odd and hostile inputs against ``decompose analyze``, that for faults while writing against ``plan`` and ``extract``, and prints one table.

``python tests/harness/run.py SHARED [PART...]``: SHARED holds ``reliability/``. Memory is measured at up to 500,000 lines; FULL=1 adds 3,000,000
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
from pathlib import Path

ROOT = Path(__file__).parents[2]
OURS = [sys.executable, "-P", "-m", "decompose"]
ANALYZE = [*OURS, "analyze", "{p}"]
PLAN = [*OURS, "plan", "{p}", "--quiet"]
EXTRACT = [*OURS, "extract", "reviews", "-C", "{p}", "--allow-dirty", "--quiet"]
NOT_FOR_ANALYZE = ("h08", "h09")
"""Cases of the corpus about a plan: it is `extract` that has to refuse them."""
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

    def run(self, title: str, *words: str | Path, forgiven: str = "") -> None:
        """One program; lines that match ``forgiven`` are no failures."""
        began = time.monotonic()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(self.scratch)}
        done = subprocess.run(
            [*map(str, words)], cwd=self.scratch, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
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
            environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
            command = [str(folder) if word == "{p}" else word for word in PLAN]
            subprocess.run([*command, "--no-cache"], check=True, cwd=self.scratch, env=environment, stdout=subprocess.DEVNULL)
        return folder

    def faults(self, name: str, *options: str, title: str = "", more: Sequence[str] = ()) -> None:
        """One program of the harness against ``extract``."""
        self.run(f"extract, {title or name}", *self.program(f"{name}.py"), "--project", self.planned(), "--work", self.scratch / name, *options, "--", *EXTRACT, *more)

    def writing(self) -> None:
        full = bool(os.environ.get("FULL"))
        self.faults("idempotence")
        self.faults("user_edits", "--max", "400", title="a user's edits, same source", more=["--replan"])
        self.faults("user_edits", "--max", "400", "--mutate", MUTATION, title="a user's edits, new source", more=["--replan"])
        self.faults("concurrent_runs", "--rounds", "20" if full else "3")
        self.faults("sigint", "--runs", "40" if full else "5")
        self.faults("kill9", "--runs", "200" if full else "15")
        self.faults("crash_points", "--max", "400", "--step", "1" if full else "40")
        for script in ("disk_full.sh", "readonly.sh"):
            self.run(f"extract, {script}", *self.program(script), self.planned(), *EXTRACT)
        for name, options in (("idempotence", ()), ("kill9", ("--runs", "50" if full else "5"))):
            self.run(f"plan, {name}", *self.program(f"{name}.py"), "--project", self.sample, "--work", self.scratch / f"plan-{name}", *options, "--", *PLAN)

    def artefacts(self) -> None:
        """What is written for a service, judged as a whole."""
        folder = self.scratch / "extracted"
        shutil.copytree(self.planned(), folder)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [str(folder) if word == "{p}" else word for word in EXTRACT]
        subprocess.run(command, check=True, cwd=self.scratch, env=environment, stdout=subprocess.DEVNULL)
        self.run("extract, artefacts", *self.program("artefact_lint.py"), folder)

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
            "execution": harness.execution, "memory": harness.memory, "writing": harness.writing,
            "artefacts": harness.artefacts,
        }  # fmt: skip
        for name in sys.argv[2:] or parts:
            parts[name]()
        fine = harness.table()
    finally:
        subprocess.run(["rm", "-rf", scratch], check=False)  # folders too deep for Python's own removal
    return 0 if fine else 1


if __name__ == "__main__":
    raise SystemExit(main())
