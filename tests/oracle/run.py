"""Runs the real frameworks and the tests of real projects, and prints what of it decompose says without running anything.

``python tests/oracle/run.py PROJECTS [--only NAME] [--show N]``: ``PROJECTS`` is a folder with checkouts, ``projects.toml`` says what to do with
each. For each one: a copy, an environment, the registries, the tests with their SQL captured, all of it kept below ``--cache`` until the
oracle, the entry or the source changes; then one table of true, found, missed and wrong facts. A project that cannot be prepared, or of
which a command fails, is named with the reason; the others go on, and the exit code is then 1. One without a checkout is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import compare

HERE = Path(__file__).parent
LIMIT = 3600
"""Seconds after which a project's tests are ended; what they sent until then is lost."""
LEFT_OUT = (".git", "node_modules", ".decompose", "__pycache__")
"""Folders of a checkout that are not copied."""
WHOLE = (0, 1)
"""Exit codes of tests that ran to their end; 1 when some of them failed."""


class NotRun(Exception):
    """Why a project, or one of its commands, was not run to its end."""


@dataclass(frozen=True)
class Project:
    """An entry of ``projects.toml``; the comment at its top says what each field means."""

    name: str
    family: str
    source: list[str]
    python: str
    prepare: list[str]
    registry: list[str] = field(default_factory=list)
    tests: str = ""
    folder: str = "."
    environment: dict[str, str] = field(default_factory=dict)
    services: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    test_words: list[str] = field(default_factory=list)
    library: list[str] = field(default_factory=list)


def entries() -> list[Project]:
    """All projects, in the order of the file."""
    return [Project(name=name, **fields) for name, fields in tomllib.loads((HERE / "projects.toml").read_text()).items()]


class Workshop:
    """Where one project is copied, installed and run."""

    def __init__(self, project: Project, checkout: Path, cache: Path) -> None:
        self.project = project
        self.checkout = checkout
        self.home = cache / project.name
        self.copy = self.home / "source"
        self.folder = self.copy / project.folder
        self.environment = self.home / "environment"

    def captured(self, cache: Path, without_tests: bool, failed: list[str]) -> dict[str, Any]:
        """What the registries and the tests say, from the cache where it is still true; what gave nothing is added to ``failed``."""
        wanted = [(f"registry-{number}", command) for number, command in enumerate(self.project.registry)]
        if self.project.tests and not without_tests:
            wanted.append(("accesses", self.project.tests))
        captured: dict[str, Any] = {}
        for what, command in wanted:
            try:
                said = self._kept(what, command, cache)
            except NotRun as reason:
                failed.append(f"{self.project.name}: {what} skipped: {reason}")
                say(failed[-1])
                continue
            if what == "accesses":
                captured[what] = said
            else:
                captured["registry"] = {**captured.get("registry", {}), **said}
        return captured

    def _kept(self, what: str, command: str, cache: Path) -> dict[str, Any]:
        key = hashlib.sha256(f"{self._entry()}{command}{_programs(command)}{self._source()}".encode()).hexdigest()[:16]
        kept = self.home / f"{what}-{key}.json"
        if not kept.exists():
            for old in self.home.glob(f"{what}-*.json"):
                old.unlink()
            with contextlib.ExitStack() as stack:
                running = {name: stack.enter_context(SERVICES[name](cache)) for name in self.project.services}
                self._capture(what, command, kept, running)
        said: dict[str, Any] = json.loads(kept.read_text())
        return said

    def _entry(self) -> str:
        chosen = self.project
        return repr((chosen.python, chosen.prepare, chosen.folder, chosen.environment, chosen.services))

    def _source(self) -> str:
        """What the copy is made from; tests read more than Python files."""
        digest = hashlib.sha256()
        for folder, folders, files in os.walk(self.checkout):
            folders[:] = sorted(set(folders) - set(LEFT_OUT))
            for path in sorted(Path(folder) / name for name in files):
                digest.update(f"{path.relative_to(self.checkout)} {path.lstat().st_size}\n".encode())
        return digest.hexdigest()

    def prepare(self) -> None:
        """A copy of the checkout and an environment with what the project needs, once."""
        mark = self.home / "prepared"
        wanted = f"{self._entry()}{self._source()}"
        if mark.exists() and mark.read_text() == wanted:
            return
        say(f"{self.project.name}: preparing")
        mark.unlink(missing_ok=True)  # whatever ends this half-way, the next run begins it again
        self.home.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.checkout, self.copy, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
        made = [] if (self.environment / "bin" / "pip").exists() else [f"{interpreter(self.project.python)} -m venv --clear {self.environment}"]
        with (self.home / "prepare.log").open("wb") as log:
            for command in (*made, *self.project.prepare):
                ended = run(self._filled(command), self.copy, self._variables({}), log)
                if ended:
                    raise NotRun(f"`{command[:60]}` ended with {ended}, see {log.name}")
        mark.write_text(wanted)

    def _capture(self, what: str, command: str, kept: Path, running: dict[str, dict[str, str]]) -> None:
        """Keeps what a command says, when it came to its end: a part of it would be taken for all."""
        say(f"{self.project.name}: {what}")
        began = time.monotonic()
        output = self.home / f"{what}.part"
        output.unlink(missing_ok=True)
        filled = self._filled(command).replace("{output}", str(output))
        if "{output}" not in command:
            filled = f"{filled} > {output}"
        with (self.home / f"{what}.log").open("wb") as log:
            ended = run(filled, self.folder, self._variables(running), log)
        if ended not in (WHOLE if what == "accesses" else (0,)) or not output.exists():
            raise NotRun(f"exit code {ended}, see {log.name}")
        said = _json_in(output.read_text())
        if what == "accesses" and not json.loads(said)["statements"]:
            raise NotRun(f"the tests sent nothing, see {log.name}")
        output.write_text(said)
        output.rename(kept)
        last = Path(log.name).read_text(errors="replace").strip().rpartition("\n")[2] if what == "accesses" else ""
        say(f"{self.project.name}: {what} took {time.monotonic() - began:.0f} s, exit code {ended} {last}".rstrip())

    def _filled(self, command: str) -> str:
        return command.replace("{oracle}", str(HERE)).replace("{environment}", str(self.environment))

    def _variables(self, running: dict[str, dict[str, str]]) -> dict[str, str]:
        given = {key: value for each in running.values() for key, value in each.items()}
        own = {key: self._filled(value) for key, value in self.project.environment.items()}
        paths = f"{self.folder}:{HERE}"
        return {
            **os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", **given, "ORACLE_ROOT": str(self.copy), **own,
            "PATH": f"{self.environment / 'bin'}:{os.environ['PATH']}", "VIRTUAL_ENV": str(self.environment),
        }  # fmt: skip


def run(command: str, folder: Path, variables: dict[str, str], log: IO[bytes]) -> int | str:
    """The exit code of a shell command; it and all that it started are ended with us, or at the limit."""
    started = subprocess.Popen(["bash", "-ec", command], cwd=folder, env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    try:
        return started.wait(LIMIT)
    except subprocess.TimeoutExpired:
        return f"none after {LIMIT} s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def _json_in(text: str) -> str:
    """The JSON object that a program printed, whatever the project printed before."""
    begin = 0 if text.startswith("{") else text.find("\n{")
    if begin < 0:
        raise NotRun("it printed no JSON")
    return text[begin:]


def _programs(command: str) -> str:
    """The text of the oracle's programs that a command runs."""
    names = sorted(path.name for path in HERE.glob("*.py") if path.stem in command)
    if any(path.stem in command for path in HERE.glob("*.py") if "import places" in path.read_text()):
        names.append("places.py")
    return "".join((HERE / name).read_text() for name in names)


def interpreter(version: str) -> str:
    """A Python of this version: on the path, else one that pyenv installed."""
    named = shutil.which(f"python{version}")
    roots = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    installed = sorted(path / "bin" / "python" for root in roots for path in root.glob(f"{version}.*"))
    if installed:
        return str(installed[-1])
    if named:
        return named
    raise NotRun(f"python {version} is needed and not installed")


# --- services --------------------------------------------------------------------------------------


@contextlib.contextmanager
def postgresql(cache: Path) -> Iterator[dict[str, str]]:
    """A PostgreSQL server of our own, trusting everybody on this machine; its place as libpq's variables."""
    data, port = cache / "postgresql", "55432"
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    folder = f"{programs[-1]}/" if programs else ""
    as_root = os.geteuid() == 0
    if (data / "postmaster.pid").exists():  # of a run that was killed
        with contextlib.suppress(NotRun):
            _as_server(as_root, f"{folder}pg_ctl -D {data} -m immediate stop")
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        if as_root:
            shutil.chown(data, "postgres", "postgres")
        _as_server(as_root, f"{folder}initdb -D {data} -U oracle --auth=trust -E UTF8 >/dev/null")
    _as_server(as_root, f"{folder}pg_ctl -D {data} -w -o '-p {port} -k /tmp -c fsync=off -c full_page_writes=off -c synchronous_commit=off' -l {data}/log start")
    try:
        yield {"PGHOST": "localhost", "PGPORT": port, "PGUSER": "oracle", "PGPASSWORD": "oracle", "DATABASE_URL": f"postgres://oracle:oracle@localhost:{port}/postgres"}
    finally:
        _as_server(as_root, f"{folder}pg_ctl -D {data} -m immediate stop")


def _as_server(as_root: bool, command: str) -> None:
    words = ["su", "postgres", "-s", "/bin/bash", "-c", command] if as_root else ["bash", "-c", command]
    ended = subprocess.run(words, cwd="/", stdout=subprocess.DEVNULL).returncode
    if ended:
        raise NotRun(f"PostgreSQL: `{command[:80]}` ended with {ended}")


@contextlib.contextmanager
def redis(cache: Path) -> Iterator[dict[str, str]]:
    """A Redis server that keeps nothing."""
    port = "56379"
    if not shutil.which("redis-server"):
        raise NotRun("redis-server is needed and not installed")
    server = subprocess.Popen(["redis-server", "--port", port, "--save", ""], stdout=subprocess.DEVNULL)
    try:
        _listening(server, int(port))
        yield {"REDIS_PORT": port, "REDIS_HOST": "localhost", "REDIS_URL": f"redis://localhost:{port}/0"}
    finally:
        server.terminate()
        server.wait()


def _listening(server: subprocess.Popen[bytes], port: int) -> None:
    """Waits until a server takes connections."""
    for _ in range(100):
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port), 1):
            return
        time.sleep(0.1)
    raise NotRun(f"nothing takes connections at port {port}")


SERVICES = {"postgresql": postgresql, "redis": redis}


# --- the table -------------------------------------------------------------------------------------

HEAD = f"{'project':15}{'family':27}{'kind of fact':18}{'true':>6}{'found':>7}{'missed':>8}{'wrong':>7}{'recall':>9}{'precision':>11}"


def row(project: Project, kind: compare.Kind) -> str:
    """A line of the table."""
    recall = f"{kind.recall:.1%}" if "recall" in kind.measures else ""
    precision = f"{kind.precision:.1%}" if "precision" in kind.measures else ""
    missed, wrong = len(kind.true - kind.found), len(kind.found - kind.true)
    counts = f"{len(kind.true):6}{kind.right:7}{missed:8}{wrong:7}"
    return f"{project.name:15}{project.family:27}{kind.name:18}{counts}{recall:>9}{precision:>11}"


def shown(kind: compare.Kind, most: int) -> Iterator[str]:
    """What is missed and wrong, a line each."""
    for word, items in (("missed", kind.true - kind.found), ("wrong", kind.found - kind.true)):
        for item in sorted(map(_shown, items))[:most]:
            yield f"    {word}: {item}\n"


def _shown(item: object) -> str:
    return " ".join(map(str, item)) if isinstance(item, tuple) else str(item)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def table(workshop: Workshop, captured: dict[str, Any], options: argparse.Namespace) -> None:
    """Prints the lines of a project."""
    project = workshop.project
    found = compare.analyzed(workshop.copy, project.exclude, project.test_words, project.library)
    kinds = [
        *(compare.kinds(found, captured["registry"]) if "registry" in captured else ()),
        *(compare.accesses(found, captured["accesses"]) if "accesses" in captured else ()),
    ]
    for kind in kinds:
        print(row(project, kind), flush=True)
        if kind.name.startswith(options.kind):
            print(*shown(kind, options.show), sep="", end="")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", type=Path, help="a folder with checkouts")
    parser.add_argument("--only", default="", help="names of projects, with commas between them")
    parser.add_argument("--kind", default="", help="show missed and wrong facts of kinds that begin so")
    parser.add_argument("--show", type=int, default=0, help="how many missed and wrong facts of each kind to print")
    parser.add_argument("--without-tests", action="store_true", help="registries alone")
    parser.add_argument("--cache", type=Path, default=Path("build/oracle"))
    options = parser.parse_args()
    cache = options.cache.resolve()
    only = set(filter(None, options.only.split(",")))
    if unknown := only - {project.name for project in entries()}:
        parser.error(f"no entry in projects.toml: {', '.join(sorted(unknown))}")
    failed: list[str] = []
    print(HEAD, flush=True)
    for project in entries():
        if only and project.name not in only:
            continue
        checkout = next((options.projects / each for each in project.source if (options.projects / each).is_dir()), None)
        if checkout is None:
            say(f"{project.name}: no checkout in {options.projects} ({', '.join(project.source)})")
            failed += [f"{project.name}: skipped: no checkout"] if project.name in only else []
            continue
        workshop = Workshop(project, checkout.resolve(), cache)
        try:
            workshop.prepare()
        except NotRun as reason:
            failed.append(f"{project.name}: skipped: {reason}")
            say(failed[-1])
            continue
        if captured := workshop.captured(cache, options.without_tests, failed):
            table(workshop, captured, options)
    if failed:
        print("not run:", *failed, sep="\n    ")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # through all that ends commands and services
    raise SystemExit(main())
