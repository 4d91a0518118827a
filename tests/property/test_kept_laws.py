"""Laws of the accepted map: a small change of the code changes nothing else, and decisions can be taken back."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from drawing import draw
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from decompose import Analysis, analyze
from decompose.cut.propose import propose
from decompose.model.contexts import ContextMap
from decompose.model.settings import Config, ContextSettings

SAMPLE = Path(__file__).parents[2] / "sample_monolith"
QUICK = settings(max_examples=40, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
WHOLE = settings(QUICK, max_examples=10)

APPS = ("orders", "stock", "billing", "people", "catalog")
FILES = ("models", "services", "views", "tasks", "forms")
modules = st.builds("shop.{}.{}".format, st.sampled_from(APPS), st.sampled_from(FILES))
imports = st.lists(st.tuples(modules, modules), min_size=8, max_size=40, unique=True)
writes = st.lists(st.tuples(modules, st.sampled_from(APPS)), max_size=12, unique=True)


def project(pairs: list[tuple[str, str]], written: list[tuple[str, str]], added: str = "") -> str:
    lines = []
    for app in APPS:
        for file in FILES:
            name = f"shop.{app}.{file}"
            used = [target for source, target in pairs if source == name and target != name]
            clauses = [f"table {app}_item"] if file == "models" else []
            clauses += [f"imports {', '.join([*used, f'shop.{app}.models'])}"] if file != "models" or used else []
            clauses += [f"writes {table}_item" for module, table in written if module == name]
            lines.append(f"{name}: {'; '.join(clauses)}")
    return "\n".join([*lines, added])


def places(found: ContextMap) -> dict[str, str]:
    return {membership.module: membership.context for membership in found.memberships}


@QUICK
@given(imports, writes, st.tuples(modules, modules))
def test_one_more_import_moves_no_module(pairs: list[tuple[str, str]], written: list[tuple[str, str]], one: tuple[str, str]) -> None:
    accepted = propose(draw(project(pairs, written)), Config())
    found = propose(draw(project([*pairs, one], written)), Config(), previous=accepted)
    assert places(found) == places(accepted)


@QUICK
@given(imports, writes, st.lists(modules, max_size=3, unique=True))
def test_one_more_module_moves_no_other(pairs: list[tuple[str, str]], written: list[tuple[str, str]], used: list[str]) -> None:
    accepted = propose(draw(project(pairs, written)), Config())
    added = "shop.stock.extra: " + (f"imports {', '.join(used)}" if used else "")
    found = propose(draw(project(pairs, written, added)), Config(), previous=accepted)
    assert {module: name for module, name in places(found).items() if module != "shop.stock.extra"} == places(accepted)


@QUICK
@given(imports, writes, st.lists(st.tuples(modules, st.sampled_from(("here", "there"))), max_size=4, unique_by=lambda pin: pin[0]))
def test_decisions_can_be_taken_back(pairs: list[tuple[str, str]], written: list[tuple[str, str]], pins: list[tuple[str, str]]) -> None:
    graph = draw(project(pairs, written))
    accepted = propose(graph, Config())
    chosen = tuple(ContextSettings(name, modules=tuple(m for m, n in pins if n == name)) for name in sorted({n for _, n in pins}))
    decided = propose(graph, Config(contexts=chosen), previous=accepted)
    assert {module: name for module, name in places(decided).items() if module in dict(pins)} == dict(pins)
    after = propose(graph, Config(), previous=decided)
    assert (places(after), after.scores, after.ownership, after.proposal) == (places(accepted), accepted.scores, accepted.ownership, accepted.proposal)


# --- the sample, as a whole ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    copy = tmp_path_factory.mktemp("kept") / "shop"
    shutil.copytree(SAMPLE, copy, ignore=shutil.ignore_patterns(".decompose", "__pycache__"))
    return analyze(copy, jobs=1)


@WHOLE
@given(data=st.data())
def test_a_small_edit_of_the_sample_changes_no_other_place(sample: Analysis, data: st.DataObject) -> None:
    code = [module for module in sample.graph.modules if module.role == "code"]
    models = [table.model for table in sample.graph.tables if table.model.startswith("shop.")]
    where, other = data.draw(st.sampled_from(code)), data.draw(st.sampled_from(code))
    module, _, model = data.draw(st.sampled_from(models)).rpartition(".")
    kind = data.draw(st.sampled_from(("function", "import", "module", "sql")))
    file = sample.base / where.path
    text = file.read_text()
    beside = file.with_name("added_beside.sql" if kind == "sql" else "added_beside.py")
    use = f"\n\ndef added(key):\n    from {module} import {model}\n\n    return {model}.objects.filter(pk=key).update(pk=key)\n"
    try:
        if kind in ("function", "import"):
            file.write_text(text + (use if kind == "function" else f"\nimport {other.id}\n"))
        else:
            beside.write_text(f"import {other.id}\n{use}" if kind == "module" else "SELECT * FROM orders_order;\n")
        graph = analyze(sample.base, jobs=1).graph
    finally:
        file.write_text(text)
        beside.unlink(missing_ok=True)
    found = propose(graph, sample.config, previous=sample.context_map)
    assert [change for change in found.changes if change.kind in ("module", "context", "definition") and "added_beside" not in change.subject] == []
