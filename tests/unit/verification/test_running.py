"""What a service's process is told when it is tried out."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

sys.path.append(str(Path(__file__).parents[1] / "generate"))

from service_plans import library_plan

from decompose.model.facts import EnvironmentRead, Setting
from decompose.model.location import Location
from decompose.model.verification import Gate
from decompose.verification.ladder import _at_home
from decompose.verification.running import missing_requirements, variables

HERE = Location("library/settings.py", 3)


def test_a_service_gets_the_variables_that_its_own_code_reads_and_no_others() -> None:
    plan = library_plan()
    read = (EnvironmentRead("library.loans.services.lend", "LOAN_KEY", "", HERE),)
    settings = (Setting("WEEKS", "4", HERE, "LOAN_WEEKS"), Setting("SHELVES", "count()", HERE))
    plan = msgspec.structs.replace(plan, context=msgspec.structs.replace(plan.context, environment=read, settings=settings))
    given = {"LOAN_KEY": "k", "LOAN_WEEKS": "2", "SHELVES": "[]", "OTHER": "x", "DATABASE_URL": "postgres://production"}
    told = variables(plan, "sqlite:///own.sqlite3", given)
    assert {name: told.get(name) for name in given} == {
        "LOAN_KEY": "k", "LOAN_WEEKS": "2", "SHELVES": "[]", "OTHER": None, "DATABASE_URL": "sqlite:///own.sqlite3",
    }  # fmt: skip


def test_a_module_that_only_another_package_imports_is_named_with_the_line_that_the_monolith_has() -> None:
    plan = library_plan()
    lines = (("pytz", "pytz==2025.2"), ("pyyaml", "PyYAML==6.0"))
    plan = msgspec.structs.replace(plan, project=msgspec.structs.replace(plan.project, requirements=lines))
    output = "a.b: ModuleNotFoundError: No module named 'pytz'\nc: ModuleNotFoundError: No module named 'pytz.tz'\nd: No module named 'yaml'\ne: No module named 'own'"
    assert missing_requirements(plan, output) == (
        "pytz is imported by a package that does not require it; the monolith does: add `pytz==2025.2` to services/loans/requirements.txt",
        "yaml is imported by a package that does not require it; the monolith does: add `PyYAML==6.0` to services/loans/requirements.txt",
    )


def test_places_in_copies_are_told_as_places_in_the_tree() -> None:
    details = ("/tmp/x/service/a.py:3: broken", "SKIPPED [1] ../../service/tests/test_contract.py:9: why", "in /tmp/x/monolith/shop")
    homes = {"/tmp/x/service": "/home/shop/services/loans", "/tmp/x/monolith/shop": "/home/shop", "../../service/": "services/loans/"}
    assert _at_home(Gate("imports", "failed", "broken", details), homes).details == (
        "/home/shop/services/loans/a.py:3: broken", "SKIPPED [1] services/loans/tests/test_contract.py:9: why", "in /home/shop",
    )  # fmt: skip
