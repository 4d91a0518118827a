"""The folder of a project and the files in it that matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from decompose.config import CONTEXT_NAME, settings_in, upwards
from decompose.errors import FileError, Incomplete, UsageError
from decompose.model.service import boundary_of
from decompose.model.settings import Config
from decompose.model.source import SkippedFile, SourceTree
from decompose.scan.tree import discover

_PACKAGING = (
    "Pipfile", "Pipfile.lock", "pdm.lock", "poetry.lock", "pyproject.toml", "pytest.ini", "runtime.txt", "setup.cfg", "tox.ini", "uv.lock",
)  # fmt: skip


def project_folder(path: str | Path) -> Path:
    """The absolute folder of a project. Raises :class:`UsageError` unless it is one."""
    if not str(path):
        raise UsageError("the path is empty", hint="give the folder that holds the monolith, . for this one")
    base = Path(path).absolute()
    if not base.is_dir():
        kind = "is not a folder" if base.exists() else "does not exist"
        raise UsageError(f"{path} {kind}", hint="give the folder that holds the monolith")
    return base


def project_around(folder: Path) -> Path:
    """The nearest folder from ``folder`` upwards that decompose works in, ``folder`` itself when there is none. Nothing above a repository counts."""
    return next((each for each in upwards(folder) if settings_in(each) is not None or (each / ".decompose/plan.json").is_file()), folder)


def source_tree(base: Path, config: Config, generated: Iterable[str] = ()) -> SourceTree:
    """The files of the monolith, without those that decompose ``generated``. Raises :class:`FileError`."""
    services = f"{config.services_folder}/"
    inside = [path for path in generated if path.startswith(services)]
    ours = {f"/{services}{path.removeprefix(services).partition('/')[0]}/" for path in inside}
    files = {f"/{_literal(path)}" for path in generated if not path.startswith(services) and path.endswith(".py")}
    # Evidence from run time is read apart, and may be larger than any source.
    seen = config.evidence
    recorded = {pattern for path in (*seen.coverage, *seen.statements, *seen.spans) if (pattern := _left_out(base, path))}
    try:
        return discover(base, exclude=[*config.exclude, *sorted(ours), *sorted(files), *sorted(recorded)], include_roots=config.source)
    except OSError as error:
        raise FileError(f"cannot read {base}: {error.strerror}", place=str(base)) from error


def _left_out(base: Path, path: str) -> str:
    """The pattern of ``.gitignore`` for a file or glob of evidence, ``""`` for one outside the project."""
    if not path.startswith("/"):
        return f"/{path}"
    return f"/{_literal(path.removeprefix(f'{base}/'))}" if path.startswith(f"{base}/") else ""


def _literal(path: str) -> str:
    """``path`` as a pattern of ``.gitignore`` that means nothing but itself."""
    return "".join(f"\\{c}" if c in "\\*?[]!# " else c for c in path)


def packaging_paths(tree: SourceTree) -> set[str]:
    """Packaging files of the tree, and hidden ones that a tree does not list; these need not exist."""
    named = {file.path for file in tree.other if file.path.rpartition("/")[2] in _PACKAGING}
    lists = {file.path for file in tree.other if file.path.endswith((".txt", ".in")) and "require" in file.path}
    scripts = {file.path for file in tree.python if file.path.rpartition("/")[2] == "setup.py"}
    return named | lists | scripts | {".python-version"}


LONGEST_SQL = 200_000
"""Bytes of a ``.sql`` file; a longer one is a dump of data rather than statements."""


def sql_paths(tree: SourceTree) -> list[str]:
    """The files of SQL statements."""
    return [file.path for file in tree.other if file.path.endswith(".sql") and file.size <= LONGEST_SQL]


def read_paths(tree: SourceTree) -> set[str]:
    """Every file whose contents an analysis or a plan is made from."""
    return {file.path for file in tree.python} | packaging_paths(tree) | set(sql_paths(tree))


def complete(failed: Sequence[SkippedFile], files: int, limit: float) -> None:
    """Raises :class:`Incomplete` when more than the share ``limit`` (0..1) of ``files`` could not be read."""
    # Pipes and links count among what could not be read, and not among the files.
    if failed and limit < 1.0 and len(failed) > limit * max(files, 1):
        raise Incomplete(
            f"{len(failed)} of {max(files, len(failed))} files could not be read",
            place=f"{failed[0].path}:{failed[0].line}",
            hint="see `decompose show unresolved`",
        )


def generated_folder(base: Path, config: Config, context: str) -> str:
    """The folder of a context's service, or of its boundary in the monolith, as it looks when decompose generated it; ``""`` when there is none.

    It is recognised by what stands in it, without any record.
    """
    if not CONTEXT_NAME.fullmatch(context):
        return ""
    service = base / config.services_folder / context
    if all((service / name).is_file() for name in ("shared.lock.json", "openapi.json")):
        return f"{config.services_folder}/{context}"
    opening = f'"""{boundary_of(context)}'.encode()
    for above in ("*", "*/*", "*/*/*"):
        for folder in sorted(base.glob(f"{above}/{context.replace('-', '_')}")):
            start = folder / "__init__.py"
            if (folder / "contract.py").is_file() and start.is_file() and start.read_bytes().startswith(opening):
                return folder.relative_to(base).as_posix()
    return ""
