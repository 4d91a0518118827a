"""Writing into somebody's repository: every promise about their files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from decompose import emit
from decompose.emit import transaction
from decompose.emit.tree import Tree
from decompose.errors import Drifted, EditConflict, FileError, Locked, RefusedInput, UsageError
from decompose.model.artifacts import Artifact, FileClass

BODY = "".join(f"line {n}\n" for n in range(9)).encode()


def art(path: str, content: bytes = BODY, file_class: FileClass = "merged", context: str = "orders") -> Artifact:
    return Artifact(path, content, file_class, context=context)


def edit(path: str, before: bytes, after: bytes, context: str = "orders") -> Artifact:
    return Artifact(path, after, "edited", base=before, context=context)


def files(base: Path) -> dict[str, bytes]:
    """The user's files by path, without decompose's own memory."""
    found = (p for p in base.rglob("*") if p.is_file() and ".decompose" not in p.parts)
    return {str(p.relative_to(base)): p.read_bytes() for p in found}


def actions(report: emit.WriteReport) -> dict[str, str]:
    return {outcome.path: outcome.action for outcome in report.outcomes}


# --- creating and updating ----------------------------------------------------------------------


def test_artifacts_become_files_with_their_modes(tmp_path: Path) -> None:
    report = emit.write(tmp_path, [art("a/b.py"), Artifact("run.sh", b"#!\n", "owned", executable=True, context="orders")])
    assert files(tmp_path) == {"a/b.py": BODY, "run.sh": b"#!\n"}
    assert os.access(tmp_path / "run.sh", os.X_OK) and not os.access(tmp_path / "a/b.py", os.X_OK)
    assert actions(report) == {"a/b.py": "create", "run.sh": "create"}


def test_a_second_run_touches_nothing(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py")])
    before = {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in tmp_path.rglob("*") if p.is_file()}
    assert actions(emit.write(tmp_path, [art("a.py")])) == {"a.py": "unchanged"}
    assert {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_file_that_nobody_edited_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py")])
    (tmp_path / "a.py").chmod(0o600)
    emit.write(tmp_path, [art("a.py", b"new\n")])
    assert (tmp_path / "a.py").read_bytes() == b"new\n"
    assert (tmp_path / "a.py").stat().st_mode & 0o777 == 0o600


def test_a_dry_run_writes_nothing_and_shows_everything(tmp_path: Path) -> None:
    report = emit.write(tmp_path, [art("a.py")], dry_run=True)
    assert list(tmp_path.iterdir()) == []
    assert "+line 0" in report.diff() and report.dry_run


def test_nothing_to_write_leaves_no_trace(tmp_path: Path) -> None:
    emit.write(tmp_path, [])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_a_complete_context_no_longer_has_goes_with_its_folder(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("s/old/a.py"), art("s/b.py")])
    report = emit.write(tmp_path, [art("s/b.py")], complete=["orders"])
    assert actions(report) == {"s/old/a.py": "remove", "s/b.py": "unchanged"}
    assert not (tmp_path / "s/old").exists()


def test_a_part_of_a_context_removes_nothing(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py"), art("b.py")])
    emit.write(tmp_path, [art("b.py")])
    assert set(files(tmp_path)) == {"a.py", "b.py"}


def test_a_file_shared_by_two_contexts_outlives_one_of_them(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("shared.py"), art("a.py")])
    emit.write(tmp_path, [art("shared.py", context="billing")])
    emit.undo(tmp_path, "orders")
    assert set(files(tmp_path)) == {"shared.py"}
    emit.undo(tmp_path, "billing")
    assert files(tmp_path) == {}


# --- a person's edits ---------------------------------------------------------------------------


def test_an_edit_is_kept_when_there_is_nothing_new(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py")])
    (tmp_path / "a.py").write_bytes(BODY + b"mine\n")
    assert actions(emit.write(tmp_path, [art("a.py")])) == {"a.py": "kept"}
    assert (tmp_path / "a.py").read_bytes() == BODY + b"mine\n"


@pytest.mark.parametrize("file_class", ["owned", "merged", "moved"])
def test_an_edit_and_new_output_are_merged(tmp_path: Path, file_class: FileClass) -> None:
    emit.write(tmp_path, [art("a.py", file_class=file_class)])
    (tmp_path / "a.py").write_bytes(b"mine\n" + BODY)
    report = emit.write(tmp_path, [art("a.py", BODY + b"theirs\n", file_class)])
    assert actions(report) == {"a.py": "merge"}
    assert (tmp_path / "a.py").read_bytes() == b"mine\n" + BODY + b"theirs\n"


def test_edits_survive_a_second_merge(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py")])
    (tmp_path / "a.py").write_bytes(b"mine\n" + BODY)
    emit.write(tmp_path, [art("a.py", BODY + b"two\n")])
    emit.write(tmp_path, [art("a.py", BODY + b"three\n")])
    assert (tmp_path / "a.py").read_bytes() == b"mine\n" + BODY + b"three\n"


def test_edits_of_the_same_line_become_a_conflict_with_both_texts(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py", b"x = 1\n")])
    (tmp_path / "a.py").write_bytes(b"x = 2\n")
    report = emit.write(tmp_path, [art("a.py", b"x = 3\n")])
    assert b"x = 2\n" in (tmp_path / "a.py").read_bytes() and b"x = 3\n" in (tmp_path / "a.py").read_bytes()
    with pytest.raises(EditConflict) as caught:
        report.raise_conflicts()
    assert caught.value.exit_code == 4 and "a.py" in caught.value.message


def test_a_conflict_stays_one_until_its_markers_are_gone(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py", b"x = 1\n")])
    (tmp_path / "a.py").write_bytes(b"x = 2\n")
    emit.write(tmp_path, [art("a.py", b"x = 3\n")])
    text = (tmp_path / "a.py").read_bytes()
    assert actions(emit.write(tmp_path, [art("a.py", b"x = 3\n")])) == {"a.py": "conflict"}
    assert (tmp_path / "a.py").read_bytes() == text
    (tmp_path / "a.py").write_bytes(b"x = 2 + 3\n")
    assert actions(emit.write(tmp_path, [art("a.py", b"x = 3\n")])) == {"a.py": "kept"}


def test_a_file_that_a_person_deleted_stays_deleted(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py"), art("b.py")])
    (tmp_path / "a.py").unlink()
    for content in (BODY, b"new\n"):
        assert actions(emit.write(tmp_path, [art("a.py", content), art("b.py")]))["a.py"] == "deleted"
    assert set(files(tmp_path)) == {"b.py"}


@pytest.mark.parametrize("there", [b"another run's\n", b"<<<<<<< ours\n", None])
def test_what_is_rendered_is_made_anew_whatever_stands_there(tmp_path: Path, there: bytes | None) -> None:
    emit.write(tmp_path, [art("page.html", b"first\n", "rendered")])
    (tmp_path / "page.html").unlink()
    if there is not None:
        (tmp_path / "page.html").write_bytes(there)
    report = emit.write(tmp_path, [art("page.html", b"second\n", "rendered")])
    report.raise_conflicts()
    assert (tmp_path / "page.html").read_bytes() == b"second\n" and emit.edited_by_hand(tmp_path) == ()
    assert [each.action for each in emit.write(tmp_path, [art("page.html", b"second\n", "rendered")]).outcomes] == ["unchanged"]


def test_a_file_written_once_is_never_touched_again(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py", file_class="once")])
    (tmp_path / "a.py").write_bytes(b"mine\n")
    emit.write(tmp_path, [art("a.py", b"new\n", "once")])
    assert (tmp_path / "a.py").read_bytes() == b"mine\n"


def test_a_file_that_decompose_did_not_write_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "b.py").write_bytes(b"theirs\n")
    with pytest.raises(EditConflict):
        emit.write(tmp_path, [art("a.py"), art("b.py")])
    assert files(tmp_path) == {"b.py": b"theirs\n"}


def test_a_file_that_is_already_right_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(BODY)
    assert actions(emit.write(tmp_path, [art("a.py")])) == {"a.py": "unchanged"}
    assert actions(emit.write(tmp_path, [art("a.py", b"new\n")])) == {"a.py": "update"}


def test_a_binary_file_with_edits_is_left_alone_and_reported(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.bin", b"\0one")])
    (tmp_path / "a.bin").write_bytes(b"\0mine")
    assert emit.write(tmp_path, [art("a.bin", b"\0two")]).conflicts
    assert (tmp_path / "a.bin").read_bytes() == b"\0mine"


def test_lost_bases_are_said_and_nothing_is_written(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py"), art("b.py")])
    for kept in (tmp_path / ".decompose/base").rglob("*"):
        if kept.is_file():
            kept.unlink()
    (tmp_path / "a.py").write_bytes(b"mine\n")
    with pytest.raises(FileError, match="lost"):
        emit.write(tmp_path, [art("a.py", b"new\n"), art("b.py", b"new\n")])
    assert files(tmp_path) == {"a.py": b"mine\n", "b.py": BODY}


# --- rewriting the monolith ---------------------------------------------------------------------


def test_a_rewrite_replaces_exactly_the_text_that_was_read(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(BODY)
    emit.write(tmp_path, [edit("m.py", BODY, b"import api\n" + BODY)])
    assert (tmp_path / "m.py").read_bytes() == b"import api\n" + BODY


def test_a_rewrite_of_another_text_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(BODY + b"newer\n")
    with pytest.raises(Drifted):
        emit.write(tmp_path, [art("a.py"), edit("m.py", BODY, b"import api\n" + BODY)])
    assert files(tmp_path) == {"m.py": BODY + b"newer\n"}


def test_undo_gives_the_monolith_back_with_later_edits_kept(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(BODY)
    emit.write(tmp_path, [art("s/a.py"), edit("m.py", BODY, b"import api\n" + BODY)])
    (tmp_path / "m.py").write_bytes(b"import api\n" + BODY + b"later\n")
    emit.undo(tmp_path, "orders")
    assert files(tmp_path) == {"m.py": BODY + b"later\n"}


def test_undo_takes_back_several_rewrites_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(BODY)
    emit.write(tmp_path, [edit("m.py", BODY, b"one\n" + BODY)])
    emit.write(tmp_path, [edit("m.py", b"one\n" + BODY, b"one\n" + BODY + b"two\n")])
    emit.undo(tmp_path, "orders")
    assert (tmp_path / "m.py").read_bytes() == BODY


def test_undo_of_one_context_leaves_the_rewrites_of_another(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(BODY)
    emit.write(tmp_path, [edit("m.py", BODY, b"orders\n" + BODY)])
    emit.write(tmp_path, [edit("m.py", b"orders\n" + BODY, b"orders\n" + BODY + b"billing\n", "billing")])
    emit.undo(tmp_path, "orders")
    assert (tmp_path / "m.py").read_bytes() == BODY + b"billing\n"


def test_undo_keeps_generated_files_that_a_person_edited(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py"), art("b.py")])
    (tmp_path / "a.py").write_bytes(b"mine\n")
    assert actions(emit.undo(tmp_path, "orders")) == {"a.py": "kept", "b.py": "remove"}
    assert files(tmp_path) == {"a.py": b"mine\n"}


def test_undo_where_an_edit_meets_the_rewrite_is_a_conflict(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(b"a()\n")
    emit.write(tmp_path, [edit("m.py", b"a()\n", b"api.a()\n")])
    (tmp_path / "m.py").write_bytes(b"api.a(1)\n")
    assert emit.undo(tmp_path, "orders").conflicts


def test_undo_of_what_was_never_written_names_what_was(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py")])
    with pytest.raises(UsageError) as caught:
        emit.undo(tmp_path, "order")
    assert "orders" in caught.value.hint


def test_undo_as_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py")])
    emit.undo(tmp_path, "orders", dry_run=True)
    assert set(files(tmp_path)) == {"a.py"}


# --- paths and links ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "a//b", "", "a/", "./a", "a\\b", "a\0b", "a\nb", ".git/hooks/x", "a/.GIT/x", ".decompose/x"]
)
def test_a_path_that_leads_elsewhere_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(RefusedInput):
        emit.write(tmp_path, [art("ok.py"), art(path)])
    assert files(tmp_path) == {}


@pytest.mark.parametrize("paths", [("a.py", "a.py"), ("a.py", "A.py"), ("a", "a/b")])
def test_two_artifacts_in_one_place_are_refused(tmp_path: Path, paths: tuple[str, str]) -> None:
    with pytest.raises(RefusedInput):
        emit.write(tmp_path, [art(path) for path in paths])


def test_a_link_on_the_way_is_not_followed(tmp_path: Path) -> None:
    base, outside = tmp_path / "base", tmp_path / "outside"
    base.mkdir()
    outside.mkdir()
    (base / "services").symlink_to(outside)
    with pytest.raises(RefusedInput):
        emit.write(base, [art("services/a.py")])
    assert list(outside.iterdir()) == []


def test_a_link_in_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    base, outside = tmp_path / "base", tmp_path / "outside.py"
    base.mkdir()
    outside.write_bytes(b"theirs\n")
    (base / "a.py").symlink_to(outside)
    with pytest.raises(RefusedInput):
        emit.write(base, [edit("a.py", b"theirs\n", b"ours\n")])
    assert outside.read_bytes() == b"theirs\n"


def test_a_memory_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    base, outside = tmp_path / "base", tmp_path / "outside"
    base.mkdir()
    outside.mkdir()
    (base / ".decompose").symlink_to(outside)
    with pytest.raises((RefusedInput, FileError)):
        emit.write(base, [art("a.py")])
    assert list(outside.iterdir()) == [] and files(base) == {}


def test_a_journal_that_leads_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "base"
    (base / ".decompose/staging").mkdir(parents=True)
    (base / ".decompose/staging/new-0").write_bytes(b"evil\n")
    (base / ".decompose/journal.json").write_text('{"operations": [{"path": "../x", "new": "0"}], "folders": []}')
    with pytest.raises(FileError, match="damaged"):
        emit.write(base, [art("a.py")])
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("content", ["{", '{"files": 3}', '{"schema": "decompose/lock/9"}'])
def test_a_damaged_ledger_is_an_input_error(tmp_path: Path, content: str) -> None:
    (tmp_path / ".decompose").mkdir()
    (tmp_path / ".decompose/lock.json").write_text(content)
    with pytest.raises(FileError):
        emit.write(tmp_path, [art("a.py")])
    assert files(tmp_path) == {}


# --- crashes and errors -------------------------------------------------------------------------


class Crash(BaseException):
    """Stands for the end of the process: nothing below catches it."""


def run_until(monkeypatch: pytest.MonkeyPatch, method: str, nth: int, error: BaseException) -> None:
    """Makes the ``nth`` call of a method of :class:`Tree` fail."""
    real, calls = getattr(Tree, method), [0]

    def failing(self: Tree, *arguments: object, **options: object) -> object:
        calls[0] += 1
        if calls[0] == nth:
            raise error
        return real(self, *arguments, **options)

    monkeypatch.setattr(Tree, method, failing)


def project(base: Path) -> list[Artifact]:
    (base / "m.py").write_bytes(BODY)
    emit.write(base, [art("s/a.py"), art("s/gone.py")])
    return [art("s/a.py", b"new\n"), art("s/deep/b.py"), edit("m.py", BODY, b"import api\n" + BODY)]


@pytest.mark.parametrize("method", ["create", "link", "sync", "sync_folder", "rename", "folder"])
@pytest.mark.parametrize("nth", [1, 2, 3, 5, 7])
def test_an_error_of_the_disk_leaves_the_tree_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, nth: int
) -> None:
    new = project(tmp_path)
    before = files(tmp_path)
    with monkeypatch.context() as patch:
        run_until(patch, method, nth, OSError(28, "No space left on device"))
        try:
            emit.write(tmp_path, new, complete=["orders"])
        except FileError as error:
            assert error.exit_code == 3 and "No space left" in error.message
            assert files(tmp_path) == before
        else:
            assert (tmp_path / "s/a.py").read_bytes() == b"new\n"
    emit.write(tmp_path, new, complete=["orders"])
    assert files(tmp_path) == {"m.py": b"import api\n" + BODY, "s/a.py": b"new\n", "s/deep/b.py": BODY}
    assert not (tmp_path / ".decompose/staging").exists()


@pytest.mark.parametrize("method", ["create", "link", "sync_folder", "rename", "folder", "unlink"])
@pytest.mark.parametrize("nth", [1, 2, 3, 5, 7])
def test_a_dead_run_is_healed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, nth: int) -> None:
    new = project(tmp_path)
    with monkeypatch.context() as patch:
        run_until(patch, method, nth, Crash())
        try:
            emit.write(tmp_path, new, complete=["orders"])
        except Crash:
            pass
    emit.write(tmp_path, new, complete=["orders"])
    assert files(tmp_path) == {"m.py": b"import api\n" + BODY, "s/a.py": b"new\n", "s/deep/b.py": BODY}
    assert not [p.name for p in (tmp_path / ".decompose").iterdir() if p.name not in (".gitignore", "base", "lock.json")]


def test_an_edit_made_between_a_crash_and_the_next_run_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emit.write(tmp_path, [art("a.py"), art("b.py")])
    new = [art("a.py", BODY + b"ours\n"), art("b.py", BODY + b"ours\n")]
    with monkeypatch.context() as patch:
        run_until(patch, "rename", 3, Crash())
        with pytest.raises(Crash):
            emit.write(tmp_path, new)
    assert emit.interrupted(tmp_path)
    (tmp_path / "b.py").write_bytes(b"mine\n" + BODY)
    emit.write(tmp_path, new)
    assert files(tmp_path) == {"a.py": BODY + b"ours\n", "b.py": b"mine\n" + BODY + b"ours\n"}


def test_a_dry_run_does_not_guess_over_an_interrupted_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        run_until(patch, "rename", 2, Crash())
        with pytest.raises(Crash):
            emit.write(tmp_path, [art("a.py"), art("b.py")])
    with pytest.raises(FileError, match="interrupted"):
        emit.write(tmp_path, [art("a.py")], dry_run=True)


def test_a_file_that_changes_during_the_run_stops_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emit.write(tmp_path, [art("a.py"), art("b.py")])
    stage = transaction._stage_one

    def late_edit(tree: Tree, index: int, change: transaction.Change) -> None:
        (tmp_path / "b.py").write_bytes(b"mine\n")
        stage(tree, index, change)

    monkeypatch.setattr(transaction, "_stage_one", late_edit)
    with pytest.raises(Drifted):
        emit.write(tmp_path, [art("a.py", b"new\n"), art("b.py", b"new\n")])
    assert files(tmp_path) == {"a.py": BODY, "b.py": b"mine\n"}


def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(FileError, match="Permission denied"):
        emit.write(tmp_path, [art("a.py")])
    tmp_path.chmod(0o700)


# --- one writer at a time -----------------------------------------------------------------------

HOLD = "import sys, pathlib, decompose.emit as e\nwith e.exclusive(pathlib.Path(sys.argv[1])):\n print('held', flush=True)\n sys.stdin.read()\n"


def holder(base: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(base)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "held\n"
    return process


def test_a_second_writer_is_refused_at_once_and_told_who_writes(tmp_path: Path) -> None:
    process = holder(tmp_path)
    with pytest.raises(Locked, match=str(process.pid)) as caught:
        emit.write(tmp_path, [art("a.py")])
    process.communicate("")
    assert caught.value.exit_code == 5
    emit.write(tmp_path, [art("a.py")])


def test_a_dead_holder_does_not_block(tmp_path: Path) -> None:
    process = holder(tmp_path)
    process.kill()
    process.communicate()
    assert (tmp_path / ".decompose/run.pid").exists()
    emit.write(tmp_path, [art("a.py")])
    assert not (tmp_path / ".decompose/run.pid").exists()


def test_the_lock_may_be_nested_in_one_process(tmp_path: Path) -> None:
    with emit.exclusive(tmp_path):
        emit.write(tmp_path, [art("a.py")])
        emit.write(tmp_path, [art("b.py")])
    assert set(files(tmp_path)) == {"a.py", "b.py"}


# --- single files -------------------------------------------------------------------------------


def test_saving_replaces_in_one_step_and_sweeps_what_dead_runs_left(tmp_path: Path) -> None:
    emit.save(tmp_path, {"plan.json": b"1"})
    (tmp_path / ".decompose/.plan.json.999999999.new").write_bytes(b"half")
    emit.save(tmp_path, {"plan.json": b"2"})
    assert (tmp_path / ".decompose/plan.json").read_bytes() == b"2"
    assert {p.name for p in (tmp_path / ".decompose").iterdir()} == {".gitignore", "plan.json"}


def test_git_is_told_to_leave_out_the_environments_of_services(tmp_path: Path) -> None:
    emit.save(tmp_path, {})
    assert b"\nenvironments/\n" in (tmp_path / ".decompose/.gitignore").read_bytes()


@pytest.mark.parametrize("run", [lambda base: emit.save(base, {}), lambda base: emit.write(base, [art("a.py")])])
@pytest.mark.parametrize(
    "before, after",
    [
        (emit.IGNORED.removesuffix(b"environments/\n"), emit.IGNORED),
        (b"cache/\nmine", b"cache/\nmine\nenvironments/\n"),
        (b"!environments/\n", b"!environments/\n"),
    ],
)
def test_an_ignore_file_of_an_earlier_run_is_brought_up_to_date(tmp_path: Path, run: Callable[[Path], object], before: bytes, after: bytes) -> None:
    (tmp_path / ".decompose").mkdir()
    (tmp_path / ".decompose/.gitignore").write_bytes(before)
    run(tmp_path)
    assert (tmp_path / ".decompose/.gitignore").read_bytes() == after


def test_output_follows_the_users_own_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_bytes(b"")
    (tmp_path / "out.json").symlink_to(tmp_path / "real.json")
    emit.save_output(tmp_path / "out.json", b"{}")
    assert (tmp_path / "real.json").read_bytes() == b"{}" and (tmp_path / "out.json").is_symlink()


def test_output_into_a_folder_that_is_not_there_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="none"):
        emit.save_output(tmp_path / "none/out.json", b"{}")


# --- looking at the project as if nothing had been written --------------------------------------

TOP = b"import a\nimport b\n\n"


def two_contexts(base: Path) -> None:
    """Two contexts rewrite one file, with import lines side by side."""
    (base / "m.py").write_bytes(TOP + BODY)
    emit.write(base, [art("s/a.py"), edit("m.py", TOP + BODY, b"import a\nimport orders\nimport b\n\n" + BODY)])
    both = b"import a\nimport orders\nimport zebra\nimport b\n\n" + BODY
    emit.write(base, [art("z/a.py", context="zebra"), edit("m.py", b"import a\nimport orders\nimport b\n\n" + BODY, both, "zebra")])


def test_the_footprint_has_what_was_generated_and_the_originals(tmp_path: Path) -> None:
    two_contexts(tmp_path)
    found = emit.footprint(tmp_path)
    assert found.generated == {"s/a.py": ("orders",), "z/a.py": ("zebra",)}
    assert found.originals == {"m.py": TOP + BODY}


def test_originals_keep_a_persons_own_edits(tmp_path: Path) -> None:
    two_contexts(tmp_path)
    (tmp_path / "m.py").write_bytes((tmp_path / "m.py").read_bytes() + b"mine\n")
    assert emit.footprint(tmp_path).originals == {"m.py": TOP + BODY + b"mine\n"}


@pytest.mark.parametrize("order", [("orders", "zebra"), ("zebra", "orders")])
def test_contexts_are_taken_back_in_any_order(tmp_path: Path, order: tuple[str, str]) -> None:
    two_contexts(tmp_path)
    assert not emit.undo(tmp_path, order[0]).conflicts
    assert (b"import " + order[1].encode()) in (tmp_path / "m.py").read_bytes()
    assert (b"import " + order[0].encode()) not in (tmp_path / "m.py").read_bytes()
    assert emit.footprint(tmp_path).originals == {"m.py": TOP + BODY}
    assert not emit.undo(tmp_path, order[1]).conflicts
    assert files(tmp_path) == {"m.py": TOP + BODY}


def test_a_project_without_record_has_no_footprint(tmp_path: Path) -> None:
    assert emit.footprint(tmp_path) == emit.Footprint({}, {})


def test_what_all_contexts_share_is_generated_too_and_goes_with_the_last_of_them(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("common.py", context=""), art("a.py"), art("b.py", context="billing")])
    assert set(emit.footprint(tmp_path).generated) == {"a.py", "b.py", "common.py"}
    emit.undo(tmp_path, "orders")
    assert set(files(tmp_path)) == {"b.py", "common.py"}
    emit.undo(tmp_path, "billing")
    assert files(tmp_path) == {}


def test_rewrites_of_one_line_for_two_contexts_are_taken_back_in_order_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(b"f(a, b)\n")
    emit.write(tmp_path, [edit("m.py", b"f(a, b)\n", b"f(api.a, b)\n")])
    emit.write(tmp_path, [edit("m.py", b"f(api.a, b)\n", b"f(api.a, api.b)\n", "zebra")])
    with pytest.raises(EditConflict, match="zebra"):
        emit.undo(tmp_path, "orders")
    assert files(tmp_path) == {"m.py": b"f(api.a, api.b)\n"}
    emit.undo(tmp_path, "zebra")
    emit.undo(tmp_path, "orders")
    assert files(tmp_path) == {"m.py": b"f(a, b)\n"}


def test_saving_over_a_link_replaces_the_link_and_leaves_its_target(tmp_path: Path) -> None:
    (tmp_path / ".decompose").mkdir()
    (tmp_path / "precious").write_bytes(b"theirs")
    (tmp_path / ".decompose/plan.json").symlink_to(tmp_path / "precious")
    emit.save(tmp_path, {"plan.json": b"{}"})
    assert (tmp_path / "precious").read_bytes() == b"theirs"
    assert not (tmp_path / ".decompose/plan.json").is_symlink()


def test_a_huge_record_is_refused_before_it_is_read(tmp_path: Path) -> None:
    (tmp_path / ".decompose").mkdir()
    (tmp_path / ".decompose/lock.json").write_bytes(b"")
    os.truncate(tmp_path / ".decompose/lock.json", 1 << 34)
    with pytest.raises(FileError, match="larger"):
        emit.write(tmp_path, [art("a.py")])


def test_a_damaged_base_counts_as_lost(tmp_path: Path) -> None:
    emit.write(tmp_path, [art("a.py")])
    kept = next(path for path in (tmp_path / ".decompose/base").rglob("*") if path.is_file())
    kept.write_bytes(b"something else\n")
    (tmp_path / "a.py").write_bytes(b"mine\n" + BODY)
    with pytest.raises(FileError, match="lost"):
        emit.write(tmp_path, [art("a.py", BODY + b"ours\n")])


# --- steps --------------------------------------------------------------------------------------


def step(artifact: Artifact, name: str) -> Artifact:
    return msgspec.structs.replace(artifact, step=name)


def test_a_step_is_taken_back_alone(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(BODY)
    sealed, split = BODY.replace(b"line 1", b"sealed"), BODY.replace(b"line 1", b"sealed").replace(b"line 7", b"split")
    emit.write(tmp_path, [art("a.py"), edit("m.py", BODY, sealed)])
    emit.write(tmp_path, [step(art("b.py"), "split"), step(edit("m.py", sealed, split), "split")])
    assert emit.written_steps(tmp_path) == {"orders": frozenset({"", "split"})}
    assert emit.written_contexts(tmp_path) == ("orders",)
    assert emit.footprint(tmp_path).originals == {"m.py": BODY}
    assert emit.footprint(tmp_path).generated == {"a.py": ("orders",), "b.py": ("orders",)}
    emit.undo(tmp_path, "orders", step="split")
    assert files(tmp_path) == {"a.py": BODY, "m.py": sealed}
    emit.undo(tmp_path, "orders", step="")
    assert files(tmp_path) == {"m.py": BODY}


def test_all_steps_are_taken_back_newest_first(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(b"one\n")
    emit.write(tmp_path, [edit("m.py", b"one\n", b"two\n")])
    emit.write(tmp_path, [step(edit("m.py", b"two\n", b"three\n"), "split")])
    emit.undo(tmp_path, "orders")
    assert files(tmp_path) == {"m.py": b"one\n"}


def test_a_removed_file_comes_back(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(BODY)
    gone = step(Artifact("m.py", b"", "edited", base=BODY, context="orders", removed=True), "retire")
    assert actions(emit.write(tmp_path, [gone])) == {"m.py": "remove"}
    assert files(tmp_path) == {}
    assert actions(emit.write(tmp_path, [gone])) == {"m.py": "unchanged"}
    assert emit.footprint(tmp_path).originals == {"m.py": BODY}
    emit.undo(tmp_path, "orders", step="retire")
    assert files(tmp_path) == {"m.py": BODY}


def test_a_file_that_a_person_made_in_its_place_stays(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(BODY)
    emit.write(tmp_path, [Artifact("m.py", b"", "edited", base=BODY, context="orders", removed=True)])
    (tmp_path / "m.py").write_bytes(b"mine\n")
    emit.undo(tmp_path, "orders")
    assert files(tmp_path) == {"m.py": b"mine\n"}


def test_a_file_that_changed_since_it_was_read_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_bytes(b"mine\n")
    with pytest.raises(Drifted):
        emit.write(tmp_path, [Artifact("m.py", b"", "edited", base=BODY, context="orders", removed=True)])
    assert files(tmp_path) == {"m.py": b"mine\n"}
