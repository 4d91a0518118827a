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
        "[decompose]\nsource-link = 'javascript:alert({path})'",
        "[decompose]\nsource-link = 'https://example.org/blob'",
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


def test_a_link_to_the_source_has_a_place_for_the_path() -> None:
    assert parse("[decompose]\nsource-link = 'https://example.org/blob/main/{path}#L{line}'").source_link == "https://example.org/blob/main/{path}#L{line}"


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


# --- [target.ecs] -------------------------------------------------------------------------------

TARGET = """
[target.ecs]
cluster = "platform"
formats = ["terraform"]
reserved-priorities = [7, "10-20"]
capacity = [{ provider = "FARGATE", base = 1 }, { provider = "FARGATE_SPOT", weight = 2 }]
log-retention-days = 60
exec = true
tags = { team = "shop" }
[target.ecs.database]
kind = "aurora-serverless"
minimum-units = 1
[target.ecs.scaling]
cpu = 50
[target.ecs.join]
vpc = "/platform/{environment}/vpc"
[target.ecs.join.production]
private-subnets = ["subnet-1", "subnet-2"]
[target.ecs.services.orders]
capacity = "machines"
strategy = "CANARY"
routes = "service"
sizes = { cpu = 1024 }
tags = { tier = "1" }
"""


def test_a_service_has_what_all_have_and_its_own_on_top() -> None:
    target = parse(TARGET).target
    orders, others = target.of("orders"), target.of("reviews")
    assert others is target and target.reserved_priorities == ((7, 7), (10, 20)) and target.formats == ("terraform",)
    assert [each.provider for each in others.capacity] == ["FARGATE", "FARGATE_SPOT"] and [each.provider for each in orders.capacity] == ["machines"]
    assert (orders.strategy, others.strategy) == ("CANARY", "ROLLING") and orders.exec and orders.cluster == "platform"
    assert (orders.sizes.cpu, orders.sizes.maximum) == (1024, 6) and orders.scaling.cpu == 50
    assert dict(orders.tags) == {"team": "shop", "tier": "1"} and orders.database.minimum_units == 1.0
    assert target.joined("production") == {"vpc": "/platform/{environment}/vpc", "private-subnets": "subnet-1,subnet-2"}
    assert target.joined("staging") == {"vpc": "/platform/{environment}/vpc"}


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('strategy = "CANARY"', 2, "CANARY rewrites the weights of the listener rule"),
        ('strategy = "FAST"', 2, "must be one of ROLLING, BLUE_GREEN"),
        ("log-retention-days = 8", 2, "must be one of 1, 3, 5"),
        ('exec = "yes"', 2, "must be true or false"),
        ('formats = ["cdk"]', 2, "'cdk' is no format"),
        ('reserved-priorities = ["9-3"]', 2, "neither a priority"),
        ("capacity = []", 2, "must be a provider or a list"),
        ('capacity = [{ weight = 1 }]', 2, "needs a provider"),
        ('capacity = [{ provider = "FARGATE", wight = 1 }]', 2, "unknown key 'wight'"),
        ('capacity = [{ provider = "FARGATE" }, { provider = "machines" }]', 2, "not on both"),
        ('capacity = [{ provider = "FARGATE", weight = 0 }]', 2, "a weight to one at least"),
        ("bake-minutes = 2000", 2, "whole number from 0 to 1440"),
        ('tags = { project = "x" }', 2, "is set for every service by itself"),
        ('tags = { "aws:x" = "y" }', 2, "no tag that AWS takes"),
        ('[target.ecs.database]\nkind = "dynamo"', 3, "must be one of rds"),
        ("[target.ecs.database]\nmaximum-storage = 20\nstorage = 30", 3, "must not be less than storage"),
        ("[target.ecs.scaling]\ncpu = 5", 3, "whole number from 10 to 100"),
        ('[target.ecs.join]\nvpc = "sg-1"', 3, "is not a VPC such as vpc-0a1b, or a name in the parameter store"),
        ('[target.ecs.join]\nlistener = "/x/listener"', 3, "a joined listener needs load-balancer"),
        ('[target.ecs.join]\nnamespace-id = "ns-1"', 3, "needs namespace-id and namespace-arn"),
        ('[target.ecs.join.staging]\nvpc = "vpc-1"\n[target.ecs.join.production]\nvpc = "/x/vpc"', 2, "a value in one place and a name"),
        ("[target.ecs.services.orders]\nregion = 'eu-west-1'", 3, "region is the same for all services"),
        ("[target.ecs.services.orders]\nsize = 1", 3, "unknown key 'size'"),
        ("[target.ecs.worker-sizes]\nminimum = 9", 2, "minimum <= desired <= maximum"),
    ],
)
def test_a_setting_of_the_target_is_refused_with_place_and_reason(text: str, place: int, said: str) -> None:
    error = problem(f"[target.ecs]\n{text}\n")
    assert said in error.message and error.place is not None and error.place.startswith("decompose.toml:")
    assert int(error.place.rpartition(":")[2]) >= place - 1


def test_settings_of_the_target_are_shown_and_known_to_editors() -> None:
    import jsonschema

    from decompose.config import json_schema, values

    document = tomllib.loads(TARGET)
    jsonschema.validate(document, json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"target": {"ecs": {"services": {"orders": {"region": "eu-west-1"}}}}}, json_schema())
    shown = values(parse(TARGET))
    assert shown["target.ecs.services.orders.strategy"] == "CANARY" and "target.ecs.services.orders.exec" not in shown
    assert shown["target.ecs.join.vpc"].startswith("/platform") and shown["target.ecs.reserved-priorities"] == [7, "10-20"]


def test_a_waiver_among_the_decisions_is_told_where_it_belongs() -> None:
    with pytest.raises(ConfigError) as error:
        parse('[[decisions]]\nid = "FK-001"\nchoice = "waive"\n', "decompose.toml")
    assert error.value.place == "decompose.toml:3" and "[[waivers]]" in error.value.hint


@pytest.mark.parametrize("kind", ["foreign-key", "transaction", "table"])
def test_a_treatment_may_be_chosen_for_what_is_named_by_what_it_is(tmp_path: Path, kind: str) -> None:
    (tmp_path / "decompose.toml").write_text(f'[[decisions]]\nid = "orders:{kind}:shop.orders.*"\nchoice = "merge-contexts"\n')
    assert [each.choice for each in config.load(tmp_path).decisions] == ["merge-contexts"]


def test_a_treatment_is_no_choice_for_another_edge(tmp_path: Path) -> None:
    (tmp_path / "decompose.toml").write_text('[[decisions]]\nid = "orders:orm:shop.orders.*"\nchoice = "merge-contexts"\n')
    with pytest.raises(ConfigError, match="not a disposition"):
        config.load(tmp_path)


def test_since_is_a_day_in_the_file_or_on_the_command_line_which_wins() -> None:
    own = parse('[decompose]\nsince = 2024-01-31\n', "decompose.toml")
    assert own.since == parse('[decompose]\nsince = "2024-01-31"\n', "decompose.toml").since == "2024-01-31"
    assert config.with_options(own).since == "2024-01-31" and config.with_options(own, since="2025-02-01").since == "2025-02-01"
    with pytest.raises(UsageError):
        config.with_options(own, since="yesterday")
    with pytest.raises(ConfigError):
        parse('[decompose]\nsince = "yesterday"\n', "decompose.toml")


@pytest.mark.parametrize(("text", "line"), [("[decompose]\nexclude =", 2), ('[decompose]\nseed = 1\nexclude = [\n"a",\n\n\n', 4), ("[decompose]\n= 1\n", 2)])
def test_text_that_is_no_toml_has_its_line_also_where_the_file_ends_too_soon(text: str, line: int) -> None:
    found = problem(text)
    assert found.place == f"decompose.toml:{line}" and "end of document" not in found.message
