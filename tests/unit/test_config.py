"""Settings: where they are found, what is refused and where the error points."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from decompose import config
from decompose.errors import ConfigError, FileError, UsageError
from decompose.model.settings import Config, EvidenceSettings


def parse(text: str, name: str = "decompose.toml") -> Config:
    return config.parse(text, name).config


def problem(text: str, name: str = "decompose.toml") -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, name)
    return caught.value


FULL = """
[decompose]
source = ["src"]
exclude = ["**/legacy/**"]
settings = "shop/settings/base.py"
contexts = "4-8"
services-folder = "out/services"
boundary-package = "shop.boundaries"
seed = 7
[weights]
fk = 8
data = 0.5
[evidence]
coverage = "coverage.xml"
spans = ["spans/*.json"]
[contexts.orders]
description = "Cart to fulfilled order"
team = "@shop/orders"
modules = ["shop.orders.**"]
owns = ["orders_*"]
merge = ["cart"]
was = "checkout"
[shared]
modules = ["shop.core.**"]
reference-tables = ["django_content_type"]
[[decisions]]
id = "FK-001"
choice = "replica"
by = "mk"
[[decisions]]
id = "reviews:orm:shop.**"
choice = "stay"
[verify]
python = "bin/python"
test-command = "{python} manage.py test"
timeout = 60
environment = { DEBUG = "1" }
[target.ecs]
region = "eu-north-1"
architecture = "ARM64"
listener-priority = 20
sizes = { cpu = 512, memory = 1024 }
"""


def test_every_key_reaches_its_field() -> None:
    read = parse(FULL)
    assert (read.source, read.exclude, read.settings_module) == (("src",), ("**/legacy/**",), "shop.settings.base")
    assert (read.contexts_min, read.contexts_max, read.seed) == (4, 8, 7)
    assert read.weights == (("data", 0.5), ("fk", 8.0))
    assert read.contexts[0].owns == ("orders_*",) and read.contexts[0].was == "checkout"
    assert [decision.choice for decision in read.decisions] == ["replica", "stay"]
    assert read.verify.environment == (("DEBUG", "1"),) and read.verify.timeout == 60
    assert (read.target.region, read.target.sizes.cpu, read.target.sizes.desired) == ("eu-north-1", 512, 2)


def test_an_empty_file_gives_the_defaults() -> None:
    assert parse("") == Config(path="decompose.toml")


def test_an_unknown_key_points_to_its_line_and_to_the_nearest_name() -> None:
    error = problem('[decompose]\nsource = ["a"]\nexclud = []\n')
    assert (error.place, error.hint) == ("decompose.toml:3", "did you mean 'exclude'?")


def test_an_unknown_key_of_a_context_points_to_its_line() -> None:
    error = problem('[contexts.orders]\nmodules = ["a.**"]\n[contexts.billing]\nmoduls = []\n')
    assert (error.place, error.hint) == ("decompose.toml:4", "did you mean 'modules'?")


def test_an_unknown_key_of_the_second_decision_points_to_its_line() -> None:
    error = problem('[[decisions]]\nid = "FK-1"\nchoice = "x"\n[[decisions]]\nid = "FK-2"\nchoise = "x"\n')
    assert error.place == "decompose.toml:6"


def test_a_general_key_outside_its_table_says_where_it_belongs() -> None:
    assert problem('exclude = ["a"]\n').hint == "move it under [decompose]"


def test_broken_toml_points_to_its_line() -> None:
    assert problem("[decompose]\nsource = [\n[x]\n").place.startswith("decompose.toml:")


def test_a_context_called_like_a_word_of_python_is_refused() -> None:
    found = problem("[contexts.class]\n")
    assert "'class' is a word of Python's own" in found.message and "class-context" in found.hint


@pytest.mark.parametrize("name", ["Orders", "1st", "a_b", "a" * 41, "../up", "a b"])
def test_a_context_name_that_is_not_a_label_is_refused(name: str) -> None:
    assert "not a context name" in problem(f"[contexts.{name!r}]\n").message


@pytest.mark.parametrize(
    "text",
    [
        "[decompose]\nsource = 'src'",
        "[decompose]\nseed = -1",
        "[decompose]\ncontexts = '8-4'",
        "[decompose]\ncontexts = true",
        "[decompose]\nservices-folder = '../out'",
        "[decompose]\nservices-folder = '/out'",
        "[decompose]\nboundary-package = 'a..b'",
        "[weights]\nfk = -1",
        "[weights]\nfk = nan",
        "[weights]\nfk = 'x'",
        "decisions = 3",
        "[[decisions]]\nid = 'FK-1'",
        "[[decisions]]\nid = 'orders:*'\nchoice = 'opration'",
        "[verify]\ntimeout = 0",
        "[verify.environment]\nA = 1",
        "[target.ecs]\nregion = 'x; rm'",
        "[target.ecs]\narchitecture = 'arm'",
        "[target.ecs.sizes]\ndesired = 9",
        "[target.gke]\nx = 1",
        "contexts = 4",
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_place(text: str) -> None:
    assert problem(text).place.startswith("decompose.toml:")


def test_a_project_that_wants_a_newer_version_is_refused() -> None:
    assert "999.0" in problem('[decompose]\nmin-version = "999.0"').message


def test_pyproject_tables_are_read_under_tool_decompose() -> None:
    read = parse('[tool.decompose]\nseed = 3\ncontext-count = 5\n[tool.decompose.contexts.orders]\nowns = ["o_*"]\n', "pyproject.toml")
    assert (read.seed, read.contexts_max, read.contexts[0].name) == (3, 5, "orders")


def test_an_error_in_pyproject_points_to_its_line() -> None:
    assert problem('[project]\nname = "x"\n[tool.decompose]\nsedd = 3\n', "pyproject.toml").place == "pyproject.toml:4"


def test_every_value_knows_its_place() -> None:
    places = config.parse(FULL, "decompose.toml").places
    assert places["decompose.source"] == "decompose.toml:3"
    assert places["contexts.orders.modules"] == "decompose.toml:19"
    assert places["decisions.1.choice"] == "decompose.toml:32"


def test_the_nearest_file_wins_and_the_search_ends_at_the_git_root(tmp_path: Path) -> None:
    (tmp_path / "decompose.toml").write_text("[decompose]\nseed = 1\n")
    inner = tmp_path / "repo" / "app" / "deep"
    inner.mkdir(parents=True)
    (tmp_path / "repo" / ".git").mkdir()
    assert config.load(inner) == Config()
    (tmp_path / "repo" / "pyproject.toml").write_text("[tool.decompose]\nseed = 2\n")
    assert config.load(inner).seed == 2
    (tmp_path / "repo" / "app" / "decompose.toml").write_text("[decompose]\nseed = 3\n")
    assert config.load(inner).seed == 3


def test_a_pyproject_without_our_table_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "decompose.toml").write_text("[decompose]\nseed = 5\n")
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "pyproject.toml").write_text("[project]\nname = 'app'\n")
    assert config.load(tmp_path / "app").seed == 5


def test_without_a_repository_parents_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "decompose.toml").write_text("[decompose]\nseed = 1\n")
    (tmp_path / "app").mkdir()
    assert config.load(tmp_path / "app") == Config()


def test_isolated_reads_nothing(tmp_path: Path) -> None:
    (tmp_path / "decompose.toml").write_text("not toml")
    assert config.load(tmp_path, isolated=True) == Config()


def test_an_explicit_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        config.load(tmp_path, explicit=tmp_path / "none.toml")


def test_options_win_over_the_file() -> None:
    read = config.with_options(parse(FULL), contexts="3", weights=["fk=1"], pins=["shop.tax=billing", "x_tax=billing"], seed=9)
    assert (read.contexts_min, read.contexts_max, read.seed) == (3, 3, 9)
    assert dict(read.weights) == {"data": 0.5, "fk": 1.0}
    first = read.contexts[0]
    assert (first.name, first.modules, first.owns) == ("billing", ("shop.tax",), ("x_tax",))


@pytest.mark.parametrize("options", [{"weights": ["fks=1"]}, {"weights": ["fk=x"]}, {"pins": ["a.b"]}, {"contexts": "0"}])
def test_an_option_that_cannot_be_is_a_usage_error(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        config.with_options(Config(), **options)  # type: ignore[arg-type]


def test_the_starter_file_reads_back_as_what_was_found() -> None:
    text = config.starter(source=["src"], settings='sh"op', contexts=[("orders", ["shop.orders.**"], ["orders_*"])])
    assert parse(text).source == ("src",)
    assert tomllib.loads(text)["decompose"]["settings"] == 'sh"op'


def test_a_proposal_in_the_starter_file_is_valid_when_its_comment_is_taken_away() -> None:
    text = config.starter(contexts=[("orders", ["shop.orders.**"], ["orders_*"])])
    tables = "\n".join(line.removeprefix("# ") for line in text.split("\n# [contexts.orders]", 1)[1].splitlines()[1:])
    assert parse(f"[contexts.orders]\n{tables}").contexts[0].owns == ("orders_*",)


def test_all_values_are_listed_by_key_and_every_place_has_a_value() -> None:
    loaded = config.parse(FULL, "decompose.toml")
    assert set(loaded.places) <= set(config.values(loaded.config))


def test_the_schema_accepts_the_full_file_and_refuses_an_unknown_key() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    validator = jsonschema.Draft202012Validator(config.json_schema())
    assert not list(validator.iter_errors(tomllib.loads(FULL)))
    assert list(validator.iter_errors({"decompose": {"exclud": []}}))


@pytest.mark.parametrize(
    ("text", "says"),
    [("x = " + "[" * 100_000, "nested"), (".".join("a" * 100_000) + " = 1", "parts"), ("'a'." * 50_000 + "b = 1", "parts"), ("#" * 2_000_000, "larger")],
)
def test_a_file_made_to_exhaust_the_parser_is_refused_at_once(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "decompose.toml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        config.load(tmp_path)


@pytest.mark.parametrize("text", ["[[[", "x = " + "[" * 100_000, "name = '\xe9'"])
def test_a_broken_pyproject_that_does_not_speak_of_us_is_not_ours_to_judge(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_bytes(text.encode("latin-1"))
    assert config.load(tmp_path) == Config()


def test_plugins_named_by_a_project_are_noted_and_have_no_effect() -> None:
    loaded = config.parse('[decompose]\nplugins = ["evil"]\nseed = 7\n', "decompose.toml")
    assert loaded.places["decompose.plugins"] == "decompose.toml:2" and loaded.config.seed == 7


# --- evidence -----------------------------------------------------------------------------------


def test_evidence_is_one_path_or_several() -> None:
    found = parse('[evidence]\ncoverage = "coverage.xml"\nspans = ["a/*.json", "b/**/spans.json"]\n').evidence
    assert (found.coverage, found.statements, found.spans) == (("coverage.xml",), (), ("a/*.json", "b/**/spans.json"))
    assert parse('[tool.decompose.evidence]\nstatements = "s.csv"\n', "pyproject.toml").evidence.statements == ("s.csv",)


@pytest.mark.parametrize("value", ['"/etc/passwd"', '"../other/coverage.xml"', '["a/../../b.xml"]', '""', '"a\\\\b"', "5", "[5]"])
def test_evidence_lies_in_the_project(value: str) -> None:
    found = problem(f"[evidence]\ncoverage = {value}\n")
    assert found.place == "decompose.toml:2"


def test_an_unknown_kind_of_evidence_is_an_error_with_the_nearest() -> None:
    assert problem('[evidence]\nstatement = "s.csv"\n').hint == "did you mean 'statements'?"


def test_weights_of_what_was_seen_at_run_time_can_be_set() -> None:
    assert dict(parse("[weights]\ncoverage = 0\nstatement = 1\nspan = 2\ntrace = 3\n").weights) == {"coverage": 0, "statement": 1, "span": 2, "trace": 3}


def test_evidence_of_the_command_line_replaces_its_kind() -> None:
    settings = parse('[evidence]\ncoverage = "a.xml"\nspans = "b.json"\n')
    given = EvidenceSettings(coverage=("/tmp/c.xml",))
    assert config.with_options(settings, evidence=given).evidence == EvidenceSettings(coverage=("/tmp/c.xml",), spans=("b.json",))
