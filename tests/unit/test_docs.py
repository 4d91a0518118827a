"""The page about what runs between monolith and service says what there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from decompose.resources import templates

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/between.md").read_text()


def test_its_commands_are_generated() -> None:
    named = set(re.findall(r"manage\.py (\w+)", PAGE)) - {"migrate"}
    there = {Path(name).name.partition(".")[0] for name in templates() if name.startswith("boundary/exchange/")}
    assert named and named <= there
    assert "boundary_exchange.dispatch_events" in templates()["boundary/exchange/tasks.py.j2"]
    for name, option in re.findall(r"manage\.py (\w+)[^\n]*?(--\w+)", PAGE):
        assert f'"{option}"' in templates()[f"boundary/exchange/{name}.py.j2"]


def test_its_options_are_read() -> None:
    source = "".join(text for name, text in templates().items() if name.startswith("boundary/"))
    options = {*re.findall(r"`(shadow_\w+)`", PAGE), *re.findall(r"`(breaker_\w+|max_depth)`", PAGE)}
    options |= {name.lower() for name in re.findall(r"REVIEWS_(\w+)", PAGE)}
    assert len(options) > 10
    for option in options:
        assert f'option("{option}"' in source, option


def test_its_configuration_is_read(tmp_path: Path) -> None:
    from decompose.config import load

    for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL):
        tomllib.loads(text)
        (tmp_path / "decompose.toml").write_text(text)
        found = load(tmp_path)
        assert [(each.timeout, each.fallback) for each in found.operations] == [(0.5, "last")]


def test_the_gates_that_it_names_are_run() -> None:
    ladder = "".join(path.read_text() for path in (ROOT / "decompose/verification").glob("*.py"))
    assert '"contract-shadow"' in ladder or 'f"contract-{mode}"' in ladder
    for gate in re.findall(r"`(callbacks)-(\w+)`", PAGE):
        assert f'f"{gate[0]}-{{mode}}"' in ladder and f'"{gate[1]}"' in ladder


# --- docs/ecs.md --------------------------------------------------------------------------------

ECS = (ROOT / "docs/ecs.md").read_text()


def test_every_setting_of_the_target_is_documented() -> None:
    from decompose import config_target as target

    rows = "\n".join(line for line in ECS.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`([a-z-]+)`", rows))
    own = {*target.OF_ALL, *target.DATABASE, *target.SIZES, *target.SCALING, *target.JOIN, *target.CAPACITY} - {"services", "provider", "base", "weight", "kind"}
    assert own <= named, own - named


def test_its_settings_are_accepted(tmp_path: Path) -> None:
    from decompose.config import load

    (text,) = re.findall(r"```toml\n(.*?)```", ECS, re.DOTALL)
    (tmp_path / "decompose.toml").write_text(text)
    found = load(tmp_path).target
    assert found.of("orders").strategy == "CANARY" and found.joined("staging")["vpc"].startswith("/platform")


def test_every_point_says_where_it_is_made() -> None:
    table = ECS.partition("## Every point")[2].partition("\n## ")[0]
    points = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| **", "| point"))]
    assert len(points) > 40
    for point, place in points:
        files = re.findall(r"`([\w/.-]+\.(?:py|j2))`", place)
        assert files or re.search(r"\boff\b", place), point
        for file in files:
            assert file in templates() or (ROOT / "decompose" / file).is_file(), f"{point}: {file}"
