"""Time as ratios in one run: what `ast.parse` needs for the same files is 1. `python bench.py [TREE]`; the sample is the default."""

from __future__ import annotations

import ast
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def floor(tree: Path) -> tuple[int, float]:
    """Lines and CPU seconds of reading and parsing every Python file once, in one process."""
    lines, started = 0, time.process_time()
    for path in sorted(tree.rglob("*.py")):
        text = path.read_bytes()
        try:
            ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            continue
        lines += text.count(b"\n")
    return lines, time.process_time() - started


def measured(words: list[str], folder: Path) -> tuple[float, float]:
    """CPU and wall seconds of a command, its children included."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, time.monotonic() - started


def main() -> None:
    source = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "sample_monolith"
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / source.name
        shutil.copytree(source, tree, symlinks=True, ignore=shutil.ignore_patterns(".git", ".decompose", ".venv", "node_modules", "__pycache__"))
        lines, base = floor(tree)
        command = [sys.executable, "-m", "decompose", "analyze", ".", "--format", "json", "-o", str(Path(scratch) / "analysis.json"), "-q"]
        rows = [("ast.parse, one process", base, base)]
        rows.append(("analyze, cold", *measured(command, tree)))
        rows.append(("analyze, nothing changed", *measured(command, tree)))
        rows.append(("decompose --help", *measured([sys.executable, "-m", "decompose", "--help"], tree)))
        print(f"{source.name}: {lines:,} lines")
        print(f"{'':28}{'CPU s':>8}{'wall s':>8}{'CPU / ast.parse':>18}")
        for name, cpu, wall in rows:
            print(f"{name:28}{cpu:8.2f}{wall:8.2f}{cpu / base:18.2f}")


if __name__ == "__main__":
    main()
