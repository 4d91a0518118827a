"""Five services of one monolith, extracted in any order while the plan changes: nothing of theirs collides or moves."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from pathlib import Path

import msgspec
import pytest
from deployment_plans import LOANS, route, service_plan
from hypothesis import given
from hypothesis import strategies as st

from decompose import pipeline
from decompose.errors import EditConflict, FileError, NotReady
from decompose.generate import priorities
from decompose.generate.crosscheck import load_yaml
from decompose.generate.deployment import deployment
from decompose.model.priorities import LAST, SIZE, Priorities
from decompose.model.target import Target

# --- the record ---------------------------------------------------------------------------------


def test_services_get_blocks_beside_one_another_past_reserved_ones() -> None:
    first = Priorities().room("loans", 3, 100)
    second = first.room("people", 3, 100, [(150, 210), (400, 400)])
    assert second.services == {"loans": ((100, 149),), "people": ((211, 260),)}


def test_what_a_service_has_it_keeps() -> None:
    known = Priorities({"loans": ((100, 149),)})
    assert known.room("loans", 50, 1, [(1, 90)]) is known


def test_a_service_that_grows_gets_a_further_block_after_its_own() -> None:
    known = Priorities({"loans": ((100, 149),), "people": ((150, 199),)})
    grown = known.room("loans", 60, 1)
    assert grown.services == {"loans": ((100, 149), (200, 249)), "people": ((150, 199),)}
    assert grown.numbers("loans")[49:51] == [149, 200]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 180), st.integers(1, 900)), max_size=12), st.lists(st.tuples(st.integers(1, 2000), st.integers(0, 300)), max_size=4))
def test_no_two_services_ever_share_a_priority(wishes: list[tuple[str, int, int]], others: list[tuple[int, int]]) -> None:
    reserved = [(start, start + length) for start, length in others]
    record = Priorities()
    for name, count, first in wishes:
        before, record = record, record.room(name, count, first, reserved)
        for other, blocks in before.services.items():
            assert record.services[other][: len(blocks)] == blocks
        numbers = [number for each in record.services for number in record.numbers(each)]
        assert len(set(numbers)) == len(numbers) and record.numbers(name) == sorted(record.numbers(name)) and len(record.numbers(name)) >= count
        assert not any(start <= number <= last for start, last in reserved for number in numbers)
        assert record.overlap() is None


def test_a_full_listener_is_reported() -> None:
    with pytest.raises(NotReady, match="book-loans needs 3 priorities"):
        deployment(service_plan(target=Target(listener_priority=LAST - SIZE + 2)))


def test_the_file_says_what_was_read() -> None:
    known = Priorities({"people": ((150, 199),), "loans": ((100, 149), (200, 249))})
    assert priorities.decode(priorities.encode(known), "p.json") == known
    assert b'    "loans": [[100, 149], [200, 249]],\n    "people": [[150, 199]]\n' in priorities.encode(known)
    assert priorities.decode(priorities.encode(Priorities()), "p.json") == priorities.decode(None, "p.json") == Priorities()


@pytest.mark.parametrize(
    ("services", "reason"),
    [
        ({"a": [[100, 149]], "b": [[149, 160]]}, "blocks of a and b overlap"),
        ({"a": [[100, 90]]}, "not ascending"),
        ({"a": [[0, 9]]}, "not ascending within 1"),
        ({"a": 7}, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(services: object, reason: str) -> None:
    content = json.dumps({"schema": priorities.SCHEMA, "services": services}).encode()
    with pytest.raises(FileError, match=reason) as raised:
        priorities.decode(content, "services/shared/priorities.json")
    assert raised.value.place == "services/shared/priorities.json" and raised.value.hint


# --- one service --------------------------------------------------------------------------------


def test_rules_take_the_numbers_of_all_blocks_in_their_order() -> None:
    many = msgspec.structs.replace(LOANS, routes=tuple(route(f"/loans/{n}/") for n in range(90)))
    known = Priorities({"book-loans": ((100, 149),), "people": ((150, 199),)})
    found = [rule.priority for rule in deployment(service_plan(many, priorities=known)).rules]
    assert found == [*range(100, 150), *range(200, 250)][: len(found)] and len(found) == 60


def test_a_reservation_of_what_is_given_already_is_refused() -> None:
    plan = service_plan(priorities=Priorities({"book-loans": ((100, 149),)}), target=Target(reserved_priorities=((102, 102),)))
    with pytest.raises(NotReady, match="priority 102 is reserved"):
        deployment(plan)


def test_a_service_without_routes_has_a_place_and_no_rule() -> None:
    plan = service_plan(msgspec.structs.replace(LOANS, routes=()), priorities=Priorities({"people": ((100, 149),)}))
    assert deployment(plan).allocated.services["book-loans"] == ((150, 199),) and deployment(plan).rules == ()


def test_services_on_one_laptop_answer_on_ports_of_their_own() -> None:
    ports = {deployment(service_plan(name=f"s{start}", priorities=Priorities({f"s{start}": ((start, start + 49),)}))).local_port for start in range(100, 600, 50)}
    assert len(ports) == 10 and 8000 not in ports


def test_names_that_aws_would_cut_are_reported() -> None:
    plan = service_plan(name="a-context-with-quite-a-long-name", project=msgspec.structs.replace(service_plan().project, name="The Whole Library Of A Town"))
    assert "leave 2 characters for the environment" in next(gap.reason for gap in deployment(plan).gaps if "<environment>" in gap.subject)


# --- five services ------------------------------------------------------------------------------

NAMES = ("billing", "catalog", "loans", "people", "reviews")


def write_monolith(base: Path) -> None:
    files = {
        "manage.py": "import os\nfrom django.core.management import execute_from_command_line\n"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'town.settings')\nexecute_from_command_line([])\n",
        "requirements.txt": "Django==4.2.11\ndjangorestframework==3.15.2\n",
        "town/__init__.py": "",
        "town/settings.py": f"INSTALLED_APPS = {[f'town.{name}' for name in NAMES]!r}\nROOT_URLCONF = 'town.urls'\n",
        "town/urls.py": "from django.urls import include, path\nurlpatterns = [\n"
        + "".join(f"    path('{name}/', include('town.{name}.urls')),\n" for name in NAMES) + "]\n",
        "decompose.toml": "".join(f'[contexts.{name}]\nmodules = ["town.{name}.**"]\n\n' for name in NAMES),
    }
    for name in NAMES:
        model = name.title()
        files[f"town/{name}/__init__.py"] = ""
        files[f"town/{name}/models.py"] = f"from django.db import models\n\n\nclass {model}(models.Model):\n    title = models.CharField(max_length=50)\n"
        files[f"town/{name}/urls.py"] = (
            f"from django.urls import path\nfrom town.{name} import views\n"
            "urlpatterns = [path('', views.Listing.as_view()), path('<int:pk>/', views.Detail.as_view())]\n"
        )
        body = "\n\n".join(
            f"class {view}(APIView):\n    def get(self, request, pk=0):\n        return Response(list({model}.objects.values()))\n" for view in ("Listing", "Detail")
        )
        heads = "from rest_framework.response import Response\nfrom rest_framework.views import APIView\n"
        files[f"town/{name}/views.py"] = f"{heads}\nfrom town.{name}.models import {model}\n\n\n{body}"
    for path, text in files.items():
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text(text)


def replanned(base: Path) -> None:
    pipeline.save_plan(base, pipeline.plan(base, cache=False, fresh=True))


def deployed(base: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """All files of some services, their workflows too."""
    found = {path.relative_to(base).as_posix(): path.read_bytes() for path in base.rglob("*") if path.is_file()}
    return {path: text for path, text in found.items() if any(path.startswith(f"services/{name}/") or path.endswith(f"/service-{name}.yml") for name in names)}


def added_context(base: Path, name: str) -> None:
    """Another app of the monolith, before all others by name."""
    shutil.copytree(base / "town/reviews", base / f"town/{name}")
    for file in (base / f"town/{name}").glob("*.py"):
        file.write_text(file.read_text().replace("reviews", name).replace("Reviews", name.title()))
    settings = base / "town/settings.py"
    settings.write_text(settings.read_text().replace("INSTALLED_APPS = [", f"INSTALLED_APPS = ['town.{name}', "))
    urls = base / "town/urls.py"
    urls.write_text(urls.read_text().replace("urlpatterns = [\n", f"urlpatterns = [\n    path('{name}/', include('town.{name}.urls')),\n"))
    (base / "decompose.toml").write_text(f'[contexts.{name}]\nmodules = ["town.{name}.**"]\n\n' + (base / "decompose.toml").read_text())


@pytest.mark.parametrize("order", [NAMES, NAMES[::-1]], ids=["in order", "backwards"])
def test_five_services_collide_in_nothing_and_leave_one_another_alone(order: tuple[str, ...], tmp_path: Path) -> None:
    write_monolith(tmp_path)
    replanned(tmp_path)
    before: dict[str, bytes] = {}
    for index, name in enumerate(order):
        if index == 2:
            added_context(tmp_path, "accounts")
            replanned(tmp_path)
        pipeline.extract(tmp_path, name, allow_dirty=True)
        assert {path: text for path, text in deployed(tmp_path, order[:index]).items() if path in before} == before
        before = deployed(tmp_path, order[: index + 1])
    replanned(tmp_path)
    for name in order:
        assert pipeline.extract(tmp_path, name, allow_dirty=True).report.changed == ()
    templates = {name: load_yaml((tmp_path / f"services/{name}/deploy/template.yaml").read_bytes()) for name in NAMES}
    rules = [
        resource["Properties"]["Priority"] for template in templates.values() for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ElasticLoadBalancingV2::ListenerRule"
    ]
    assert len(set(rules)) == len(rules) >= 10
    composed = {name: load_yaml((tmp_path / f"services/{name}/compose.yaml").read_bytes()) for name in NAMES}
    ports = {re.search(r":-(\d+)\}", composed[name]["services"][name]["ports"][0])[1] for name in NAMES}  # type: ignore[index]
    assert len(ports) == 5
    inputs = {name: {p.name: json.loads(p.read_text()) for p in (tmp_path / f"services/{name}/deploy").glob("*.json")} for name in NAMES}
    for key in ("family", "serviceName"):
        named = {name: {value[key] for value in inputs[name].values() if key in value} for name in NAMES}
        assert not any(one & other for one, other in itertools.combinations(named.values(), 2))
    reached = [connected["discoveryName"] for name in NAMES for connected in inputs[name]["service.json"]["serviceConnectConfiguration"]["services"]]
    assert len(set(reached)) == 5


def test_priorities_that_somebody_deleted_are_asked_for(tmp_path: Path) -> None:
    write_monolith(tmp_path)
    replanned(tmp_path)
    pipeline.extract(tmp_path, "loans", allow_dirty=True)
    (tmp_path / "services/shared/priorities.json").unlink()
    with pytest.raises(EditConflict, match=r"services/shared/priorities\.json"):
        pipeline.extract(tmp_path, "people", allow_dirty=True)


def test_a_name_that_a_part_of_another_service_has_is_refused(tmp_path: Path) -> None:
    write_monolith(tmp_path)
    toml = tmp_path / "decompose.toml"
    toml.write_text(toml.read_text().replace("[contexts.reviews]", "[contexts.loans-job]"))
    replanned(tmp_path)
    with pytest.raises(NotReady, match="what the job of the service loans is called"):
        pipeline.extract(tmp_path, "loans-job", allow_dirty=True)
