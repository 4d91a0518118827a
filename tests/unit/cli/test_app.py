"""Rules that hold for every command: streams, exit codes, errors, help."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import jsonschema
import pytest
from command_tree import commands

from decompose.cli import app

Typed = Callable[..., "object"]

NAMES = list(app.COMMANDS)


def pages() -> list[tuple[str, ...]]:
    """Every help page there is."""
    return [(), *(words for words, _ in commands(app.root, click.Context(app.root)))]


@pytest.mark.parametrize("page", pages(), ids=" ".join)
def test_every_command_has_help_with_examples(decompose: Typed, page: tuple[str, ...]) -> None:
    answer = decompose(*page, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert "Examples:" in answer.out


def test_every_command_in_the_list_exists_and_says_what_the_list_says() -> None:
    for name, entry in app.COMMANDS.items():
        command = app.root.get_command(click.Context(app.root), name)
        assert command is not None and command.name == name and entry.summary.endswith(".")


def test_without_a_command_the_help_is_shown_and_the_exit_code_is_2(decompose: Typed) -> None:
    answer = decompose()
    assert answer.code == 2 and "Understand" in answer.out + answer.err


def test_a_misspelt_command_is_answered_with_the_nearest(decompose: Typed) -> None:
    answer = decompose("analyse")
    assert answer.code == 2 and "'analyze'" in answer.err and answer.out == ""


COMMANDS = commands(app.root, click.Context(app.root))


def formats(command: click.Command) -> tuple[str, ...]:
    """The forms that a command gives its result in."""
    return next((tuple(each.type.choices) for each in command.params if each.name == "format" and isinstance(each.type, click.Choice)), ())


FORMATTED = [(words, command) for words, command in COMMANDS if formats(command)]


@pytest.mark.parametrize(("words", "command"), FORMATTED, ids=lambda value: " ".join(value) if isinstance(value, tuple) else "")
def test_a_bad_format_prints_the_valid_ones(decompose: Typed, words: tuple[str, ...], command: click.Command) -> None:
    answer = decompose(*words, "--format", "yaml")
    assert answer.code == 2 and answer.out == "" and "D101" in answer.err
    assert all(f"'{name}'" in answer.err for name in formats(command))


def test_every_form_for_programs_is_json_and_text_comes_first() -> None:
    assert {words for words, command in FORMATTED if formats(command)[0] != "text" or formats(command)[1] != "json"} == set()


@pytest.mark.parametrize("page", pages(), ids=" ".join)
def test_a_short_option_gives_the_same_help(decompose: Typed, page: tuple[str, ...]) -> None:
    assert decompose(*page, "-h").out == decompose(*page, "--help").out


def test_an_option_means_the_same_everywhere() -> None:
    """One name, one meaning: an option that several commands have has one type and one short form."""
    known: dict[str, tuple[object, ...]] = {}
    for words, command in COMMANDS:
        for option in (each for each in command.params if isinstance(each, click.Option)):
            kind = (sorted(option.opts), option.is_flag, option.count, option.metavar, type(option.type))
            assert known.setdefault(max(option.opts, key=len), kind) == kind, (words, option.opts)
            assert option.help and option.help.endswith((".", "]")), (words, option.opts)


def test_every_option_has_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for words, command in COMMANDS:
        context = click.Context(command, info_name=words[-1], auto_envvar_prefix="_".join(["DECOMPOSE", *words]).upper().replace("-", "_"))
        for option in (each for each in command.params if isinstance(each, click.Option) and each.name != "help"):
            name = "_".join([str(context.auto_envvar_prefix), str(option.name)]).upper()
            monkeypatch.setenv(name, "x")
            assert option.resolve_envvar_value(context) == "x", name
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variable", "value", "holds"),
    [
        ("DECOMPOSE_QUIET", "1", lambda answer: answer.err == ""),
        ("DECOMPOSE_VERBOSE", "2", lambda answer: " s  read" in answer.err),
        ("DECOMPOSE_COLOR", "always", lambda answer: "\x1b[" in answer.out),
        ("DECOMPOSE_NO_CACHE", "1", lambda answer: "Wrote" not in answer.err),
        ("DECOMPOSE_CONFIG", "other.toml", lambda answer: answer.code == 3 and "other.toml" in answer.err),
        ("DECOMPOSE_ISOLATED", "1", lambda answer: answer.code == 0),
        ("DECOMPOSE_JOBS", "0", lambda answer: answer.code == 2 and "--jobs" in answer.err),
    ],
)
def test_an_option_of_many_commands_has_one_for_all(
    decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, holds: Callable[[object], bool]
) -> None:
    monkeypatch.setenv(variable, value)
    assert holds(decompose("analyze", shop))


def test_very_verbose_says_what_takes_how_long(decompose: Typed, shop: Path) -> None:
    assert decompose("plan", shop, "-v").err.count(" s  ") == 0
    stages = re.findall(r"^ +\d+\.\d\d s  (\w+)", decompose("plan", shop, "-vv").err, re.MULTILINE)
    assert len(stages) > 3 and len(stages) == len(set(stages))


def test_an_error_is_json_where_a_variable_asks_for_json(decompose: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECOMPOSE_ANALYZE_FORMAT", "json")
    assert json.loads(decompose("analyze", tmp_path / "none").err)["error"]["code"] == "D101"


def test_an_error_asked_for_as_json_is_json(decompose: Typed, tmp_path: Path) -> None:
    answer = decompose("analyze", tmp_path / "none", "--format", "json")
    error = json.loads(answer.err)["error"]
    assert answer.code == 2 and answer.out == "" and error["code"] == "D101" and "does not exist" in error["message"]


def test_a_bad_setting_is_shown_with_its_line(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text("[decompose]\nsed = 1\n")
    answer = decompose("analyze", shop)
    assert answer.code == 2 and "decompose.toml:2" in answer.err and "'seed'" in answer.err


def test_isolated_ignores_the_settings(decompose: Typed, shop: Path) -> None:
    (shop / "decompose.toml").write_text("[decompose]\nsed = 1\n")
    assert decompose("analyze", shop, "--isolated").code == 0


def test_a_bug_ends_with_70_and_a_traceback_only_with_debug(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from decompose import pipeline

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(pipeline, "analyze", broken)
    answer = decompose("analyze", shop)
    assert answer.code == 70 and "oops" in answer.err and "Traceback" not in answer.err
    assert "Traceback" in decompose("analyze", shop, "--debug").err


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), 130), (OSError(28, "No space left on device"), 3), (MemoryError(), 3)])
def test_the_end_of_a_run_from_outside_has_its_exit_code(
    decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    from decompose import pipeline

    def ended(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(pipeline, "analyze", ended)
    answer = decompose("analyze", shop)
    assert answer.code == code and "Traceback" not in answer.err


def test_quiet_silences_everything_but_the_result(decompose: Typed, shop: Path) -> None:
    answer = decompose("analyze", shop, "-q")
    assert answer.err == "" and "Proposed contexts" in answer.out


def test_options_are_understood_before_and_after_the_command(decompose: Typed, shop: Path) -> None:
    assert decompose("-q", "analyze", shop).err == decompose("analyze", shop, "--quiet").err == ""


@pytest.mark.parametrize(
    ("environment", "options", "coloured"),
    [({}, (), False), ({"FORCE_COLOR": "1"}, (), True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False), ({"NO_COLOR": "1"}, ("--color", "always"), True)],
)
def test_colour_obeys_option_then_environment_then_terminal(
    decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], options: tuple[str, ...], coloured: bool
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in decompose("analyze", shop, *options).out) == coloured


def test_every_option_can_come_from_the_environment(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECOMPOSE_ANALYZE_FORMAT", "json")
    assert json.loads(decompose("analyze", shop).out)["schema"] == "decompose/analysis/1"


def test_output_goes_to_the_file_and_says_so(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    answer = decompose("analyze", shop, "-f", "json", "-o", tmp_path / "out.json")
    assert answer.out == "" and "out.json" in answer.err
    assert json.loads((tmp_path / "out.json").read_bytes())["schema"] == "decompose/analysis/1"


def test_output_into_a_missing_folder_is_an_input_error(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    answer = decompose("analyze", shop, "-o", tmp_path / "none" / "out.txt")
    assert answer.code == 3 and "none" in answer.err


def process(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "decompose", *arguments], capture_output=True, text=True, **options)  # type: ignore[call-overload,no-any-return]


def test_a_reader_that_goes_away_is_no_error(shop: Path) -> None:
    command = f"{shlex.quote(sys.executable)} -m decompose analyze {shlex.quote(str(shop))} -f json | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert "Traceback" not in done.stderr and "BrokenPipe" not in done.stderr


def test_a_full_standard_output_is_an_input_error(shop: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "decompose", "analyze", str(shop)], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3 and "No space left" in done.stderr and "Traceback" not in done.stderr


def test_a_screen_without_unicode_gets_ascii(shop: Path) -> None:
    (shop / "shop" / "catalog" / "größe.py").write_text("x = 1\n")
    done = process("analyze", str(shop), env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and done.stdout.isascii()


def test_help_imports_no_more_than_click(tmp_path: Path) -> None:
    code = "import sys; from decompose.cli.app import run; run(['--help']); print(sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"networkx", "libcst", "msgspec", "jinja2", "tomlkit", "yaml", "asyncio", "multiprocessing", "sqlite3"}
    assert not heavy & set(re.findall(r"'(\w+)'", done.stdout.splitlines()[-1]))


def test_analysis_imports_nothing_that_only_other_commands_need(shop: Path) -> None:
    code = "import sys; from decompose.cli.app import run; run(['analyze', sys.argv[1], '-q']); print(sorted({m.split('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code, str(shop)], capture_output=True, text=True, check=True)
    assert not {"libcst", "jinja2", "tomlkit", "networkx"} & set(re.findall(r"'(\w+)'", done.stdout.splitlines()[-1]))


# --- examples -----------------------------------------------------------------------------------


def shown_examples() -> list[str]:
    """The command lines in all help pages."""
    found = []
    for page in pages():
        context = click.Context(app.root, info_name="decompose")
        command: click.Command | None = app.root
        for name in page:
            assert isinstance(command, click.Group)
            command = command.get_command(context, name)
        assert command is not None
        lines = (command.epilog or "").splitlines()
        found += [line.strip() for line in lines if line.strip().startswith("decompose ")]
    return sorted(set(found))


def signed(shop: Path) -> None:
    """A repository in which somebody has signed the plan and committed it."""
    git = ["git", "-C", str(shop), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for name in ("name", "email"):
        subprocess.run([*git, "config", f"user.{name}", "ann@example.org"], check=True)
    assert app.run(["plan", str(shop), "--quiet"]) == 0
    assert app.run(["plan", str(shop), "--accept", "--quiet"]) == 0
    subprocess.run([*git, "add", "--all"], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message", "signed"], check=True)


@pytest.mark.parametrize("example", [line for line in shown_examples() if line.split()[1] not in ("extract", "verify")])
def test_the_examples_in_help_pages_work(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch, example: str, tmp_path: Path) -> None:
    monkeypatch.chdir(shop)
    words = shlex.split(example.partition(" >")[0], comments=True)[1:]
    words = [{"CONTEXT": "orders", "path/to/monolith": str(shop)}.get(word, word) for word in words]
    if "--check" in words or words[0] == "deploy-plan":
        decompose("plan", ".")
    if words[0] in ("check", "diff", "export") or "--accept" in words:
        signed(shop)
    (shop / "edits.json").write_text('{"edits": [{"op": "rename", "context": "orders", "to": "sales"}]}')
    monkeypatch.setattr("webbrowser.open", lambda address: True)
    monkeypatch.setattr("decompose.cli.serving.ReviewServer.serve_forever", lambda server, poll_interval: None)  # a person ends it
    answer = decompose(*words)
    assert answer.code in ((0, 1) if words[0] in ("doctor", "deploy-plan") else (0,)), answer.err


@pytest.mark.parametrize("example", [line for line in shown_examples() if line.split()[1] == "extract"])
def test_the_examples_of_extract_work(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch, example: str) -> None:
    monkeypatch.chdir(shop)
    words = ["reviews" if word == "CONTEXT" else word for word in shlex.split(example, comments=True)[1:]]
    decompose("plan", ".")
    if {"--undo", "--step"} & set(words):
        assert decompose("extract", "reviews", "--allow-dirty").code == 0
    answer = decompose(*words, *([] if "--dry-run" in words or "--undo" in words else ["--allow-dirty"]))
    assert answer.code == 0, answer.err


@pytest.mark.parametrize("example", [line for line in shown_examples() if line.split()[1] == "verify"])
def test_the_examples_of_verify_ask_for_an_extraction_first(decompose: Typed, planned_shop: Path, monkeypatch: pytest.MonkeyPatch, example: str) -> None:
    """That they prove something is shown in tests/e2e, for it takes a minute."""
    monkeypatch.chdir(planned_shop)
    answer = decompose(*["reviews" if word == "CONTEXT" else word for word in shlex.split(example, comments=True)[1:]])
    assert answer.code == 2 and "decompose extract reviews" in answer.err and answer.out == ""


CALLS = (
    "analyze .", "show contexts", "show boundary orders", "explain orders", "explain D201", "explain TBL-orders_order", "explain orders-1-seal", "plan .", "check", "diff",
    "export codeowners", "config show", "schema plan", "completion zsh", "extract reviews --dry-run --allow-dirty", "deploy-plan reviews",
)  # fmt: skip
"""A call of every command that gives a result and ends by itself, but for those that run code or ask somebody."""


def test_the_calls_are_of_every_command() -> None:
    assert {call.split()[0] for call in CALLS} == set(NAMES) - {"init", "review", "verify", "doctor"}


@pytest.fixture(scope="module")
def agreed(planned_shop: Path) -> Path:
    """The shop with a plan that somebody signed."""
    signed(planned_shop)
    return planned_shop


@pytest.mark.parametrize("call", CALLS)
def test_standard_output_carries_the_result_and_nothing_else(decompose: Typed, agreed: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """However much is said, and when nothing is said, the result is the same bytes."""
    monkeypatch.chdir(agreed)
    silent, loud = decompose(*call.split(), "-q"), decompose(*call.split(), "-vv")
    assert silent.code == loud.code and silent.code in (0, 1) and silent.err == ""
    assert silent.out == loud.out != ""


def test_every_text_is_ascii_where_the_screen_is(agreed: Path) -> None:
    """All calls in one process whose streams are ASCII, in a project with names that are not."""
    code = (
        "import sys; from decompose.cli.app import run\n"
        "for call in sys.argv[1:]:\n    assert run(call.split()) in (0, 1), call\n    assert run([*call.split(), '--no-such-option']) == 2, call"
    )
    (agreed / "shop/catalog/größe.py").write_text("x = 1\n")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "60"}
    done = subprocess.run([sys.executable, "-c", code, *CALLS], cwd=agreed, env=environment, capture_output=True, check=False)
    (agreed / "shop/catalog/größe.py").unlink()
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.isascii() and done.stderr.isascii()


@pytest.mark.parametrize(("words", "near"), [(("analyze", "--formt", "json"), "--format"), (("plan", "--acept"), "--accept"), (("check", "--update-baselin"), "--update-baseline")])
def test_a_misspelt_option_is_answered_with_the_nearest(decompose: Typed, words: tuple[str, ...], near: str) -> None:
    answer = decompose(*words)
    assert answer.code == 2 and near in answer.err and answer.out == ""


@pytest.mark.parametrize("call", [call for call in CALLS if formats(dict(COMMANDS).get(tuple(call.split()[:1]), click.Command("")))] + ["config show", "doctor"])
def test_what_programs_read_names_its_schema(decompose: Typed, agreed: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    monkeypatch.chdir(agreed)
    kind = json.loads(decompose(*call.split(), "--format", "json").out)["schema"]
    assert re.fullmatch(r"decompose/[a-z-]+/\d+", kind)


@pytest.mark.parametrize("kind", ["analysis", "plan", "lock", "check", "diff"])
def test_what_is_written_fits_the_schema_that_is_printed(decompose: Typed, agreed: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.chdir(agreed)
    made = {"analysis": "analyze", "check": "check", "diff": "diff HEAD", "plan": "plan"}
    content = (agreed / "plan.lock").read_text() if kind == "lock" else decompose(*made[kind].split(), "--format", "json").out
    assert json.loads(content)["schema"] == f"decompose/{'plan-lock' if kind == 'lock' else kind}/1"
    jsonschema.validate(json.loads(content), json.loads(decompose("schema", kind).out))


def test_a_command_in_a_sub_folder_works_on_the_project_around_it_and_says_so(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / ".git").mkdir()
    assert decompose("plan", shop).code == 0
    below = shop / "services/reviews"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    answer = decompose("show", "order", "--no-cache")
    assert answer.code == 0 and "reviews" in answer.out and f"Project: {shop}" in answer.err
    assert decompose("plan").code == 0 and not list(below.iterdir())
    assert decompose("plan", "--quiet").err == ""


def test_a_folder_that_is_given_is_the_project_and_so_is_one_inside_a_repository_of_its_own(
    decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shop / ".git").mkdir()
    (shop / "decompose.toml").write_text("")
    monkeypatch.chdir(shop / "shop")
    answer = decompose("show", "order", "-C", ".", "--no-cache")
    assert answer.code == 0 and "Project:" not in answer.err
    (shop / "shop/.git").mkdir()
    answer = decompose("show", "order", "--no-cache")
    assert answer.code == 0 and "Project:" not in answer.err
