"""What ``extract`` makes of a saved plan that somebody tampered with.

``python tests/harness/hostile_plans.py --project P --work W --context NAME [--every N]``: P holds a saved plan. For each kind of text in it (a kind is
the way to it, positions in lists left out) some texts of that kind are replaced, one file at a time, by each hostile text in turn, and the context is extracted.

Pass: an exit code that the documentation names, no traceback, nothing outside the project written or read into it, the monolith whole where the
exit code says that nothing was written, and where something was written every Python file of it parses and no line of a Dockerfile is one from the plan.
``--every N`` takes every N-th of all pairs of kind and hostile text.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

EXPECTED = {0, 1, 2, 3, 4}
SECRET = "HELD-OUTSIDE-OF-THE-PROJECT"
BREAKOUT = "x\nRUN touch broken-out\nUSER root"
Way = tuple[str | int, ...]


def texts(value: Any, way: Way = ()) -> Iterator[tuple[Way, str]]:
    """Every text in a JSON value and the way to it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, (*way, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from texts(inner, (*way, index))
    elif isinstance(value, str):
        yield way, value


def kind(way: Way) -> str:
    return ".".join("*" if isinstance(part, int) else part for part in way)


def replaced(plan: Any, way: Way, text: str) -> bytes:
    changed = copy.deepcopy(plan)
    holder = changed
    for part in way[:-1]:
        holder = holder[part]
    holder[way[-1]] = text
    return json.dumps(changed).encode()


def cases(plan: dict[str, Any], context: str, outside: Path) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every tampered plan: damaged as a whole first, then text by text."""
    yield "not JSON", b"\0" * 4096
    yield "nested too deep", b"[" * 100_000
    yield "nested too deep inside", json.dumps(plan).encode().replace(b'"project":', b'"x":' + b"[" * 100_000 + b"]" * 100_000 + b',"project":', 1)
    yield "another shape", b'{"version": 999999, "contexts": [{"name": "x"}]}'
    hostile = {
        "relative": f"../{outside.name}/secret.py",
        "absolute": str(outside / "secret.py"),
        "lines": BREAKOUT,
        "code": "a'\"\"\"); import os; os.system('touch broken-out') #",
        "empty": "",
    }
    position = next(index for index, each in enumerate(plan["contexts"]) if each["name"] == context)
    kinds: dict[str, list[Way]] = {}
    for way, _ in texts(plan):
        if way[0] in ("project", "modules", "tables", "routes") or way[:2] == ("contexts", position):
            kinds.setdefault(kind(way), []).append(way)
    for name, ways in kinds.items():
        for title, text in hostile.items():
            yield f"{name} = {title}", replaced(plan, ways[len(ways) // 2], text)


def extracted(project: Path, context: str, log: Path) -> int:
    """The exit code of one extraction in a process of its own; a fork, so that nothing is imported anew."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.chdir(project)
    from decompose.cli.app import run

    code = 99
    with contextlib.suppress(BaseException):
        code = run(["--debug", "extract", context, "-C", str(project), "--allow-dirty", "--quiet"])
    sys.stdout.flush()
    os._exit(code)


def contents(base: Path) -> dict[str, bytes]:
    """The regular files below ``base`` but for decompose's own memory."""
    found = {}
    for folder, names, files in os.walk(base):
        names[:] = [name for name in names if name not in (".git", ".decompose", "__pycache__")]
        for name in files:
            path = Path(folder) / name
            found[str(path.relative_to(base))] = path.read_bytes()
    return found


def faults(before: dict[str, bytes], after: dict[str, bytes], code: int, said: bytes) -> Iterator[str]:
    """What is wrong with one outcome."""
    if code not in EXPECTED:
        yield f"exit {code}: {said.decode(errors='replace').strip().splitlines()[-1:]}"
    if code not in (0, 4) and before != after:
        yield f"exit {code}, but written: {sorted(path for path in after if after[path] != before.get(path))[:3]}"
    for path, content in after.items():
        if content == before.get(path):
            continue
        if SECRET.encode() in content:
            yield f"{path} holds what lies outside of the project"
        if path.endswith(".py"):
            try:
                ast.parse(content)
            except (SyntaxError, ValueError) as error:
                yield f"{path} does not parse: {error}"
        if path.rpartition("/")[2].startswith("Dockerfile") and b"\nRUN touch broken-out" in content:
            yield f"{path} holds an instruction from the plan"


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--project", type=Path, required=True)
    words.add_argument("--work", type=Path, required=True)
    words.add_argument("--context", required=True)
    words.add_argument("--every", type=int, default=1)
    options = words.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    outside = options.work / "outside"
    outside.mkdir(parents=True)
    (outside / "secret.py").write_text(f"TOKEN = '{SECRET}'\n")
    project = options.work / "project"
    before = contents(options.project)
    plan = json.loads((options.project / ".decompose/plan.json").read_bytes())
    passed = failed = 0
    for index, (name, tampered) in enumerate(cases(plan, options.context, outside)):
        if index >= 4 and index % options.every:
            continue
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(options.project, project, symlinks=True)
        (project / ".decompose/plan.json").write_bytes(tampered)
        log = options.work / "log"
        code = extracted(project, options.context, log)
        found = list(faults(before, contents(project), code, log.read_bytes()))
        if sorted(path.name for path in options.work.iterdir()) != ["log", "outside", "project"]:
            found.append("something was written outside of the project")
        passed, failed = passed + (not found), failed + bool(found)
        if found:
            print(f"FAIL hostile_plans: {name}: {'; '.join(found)}", flush=True)
    print(f"hostile_plans: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
