"""`plan --apply`, and the page as `review` serves it."""

from __future__ import annotations

import http.client
import json
import random
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from decompose import pipeline
from decompose.cli.serving import ReviewServer, Save
from decompose.config_edits import read_edits
from decompose.cut.edited import Edited, differences
from decompose.errors import ConfigError, UsageError
from decompose.model.edits import Edit, Edits, Library, Merge, Move, Own, Pin, Rename, Split
from decompose.pipeline import Analysis

Typed = Callable[..., Any]


def exported(path: Path, *edits: Edit) -> Path:
    """The file that the page exports."""
    path.write_bytes(msgspec.json.encode(Edits(edits)))
    return path


def told(analysis: Analysis) -> dict[str, Any]:
    """A map without the figures that say how firmly things are where they are."""
    found = analysis.context_map
    code = {module.id for module in analysis.graph.modules if module.role in ("code", "settings")}
    return {
        "place": {each.module: each.context for each in found.memberships if each.module in code},
        "parts": dict(found.definitions),
        "owner": {each.table: each.owner for each in found.ownership},
        "scores": found.scores,
    }


# --- plan --apply -------------------------------------------------------------------------------


def test_edits_are_written_and_told_and_the_plan_follows(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    (shop / "decompose.toml").write_text("# ours\n[decompose]\nseed = 0  # as it was\n")
    assert decompose("plan", shop).code == 0
    edits = exported(tmp_path / "edits.json", Move(("shop.reviews.words",), "catalog"), Rename("orders", "sales"))
    answer = decompose("plan", shop, "--apply", edits)
    assert answer.code == 0, answer.err
    assert "~ move   shop.reviews.words -> catalog" in answer.err and "dependencies across" in answer.err
    assert "Plan: 1 move, 1 new name. Written to decompose.toml (comments kept)." in answer.err
    text = (shop / "decompose.toml").read_text()
    assert text.startswith("# ours\n[decompose]\nseed = 0  # as it was\n") and 'was = "orders"' in text
    saved = json.loads((shop / ".decompose/plan.json").read_bytes())
    assert "sales" in {each["name"] for each in saved["context_map"]["contexts"]}
    assert decompose("plan", shop, "--check").code == 0


def test_an_edit_that_does_not_fit_writes_nothing(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    answer = decompose("plan", shop, "--apply", exported(tmp_path / "edits.json", Rename("orders", "sales"), Move(("shop.nowhere",), "sales")))
    assert answer.code == 2 and "edit 2 cannot be applied" in answer.err and "shop.nowhere" in answer.err
    assert not (shop / "decompose.toml").exists() and not (shop / ".decompose/plan.json").exists()


def test_a_choice_that_a_decision_does_not_have_writes_nothing(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "edits.json").write_text('{"edits": [{"op": "accept", "id": "FK-001", "choice": "magic"}]}')
    answer = decompose("plan", shop, "--apply", tmp_path / "edits.json")
    assert answer.code == 2 and "magic" in answer.err and not (shop / "decompose.toml").exists()


@pytest.mark.parametrize("content", ["", "{}", '{"edits": [{"op": "explode"}]}'])
def test_a_file_that_holds_no_edits(decompose: Typed, shop: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "edits.json").write_text(content)
    answer = decompose("plan", shop, "--apply", tmp_path / "edits.json")
    assert answer.code == 2 and "no edits of a plan" in answer.err and not (shop / "decompose.toml").exists()


def test_an_op_that_is_none_gets_those_there_are(decompose: Typed, shop: Path) -> None:
    (shop / "edits.json").write_text('{"schema": "decompose/edits/1", "edits": [{"op": "foo", "id": "FK-001"}]}')
    answer = decompose("plan", shop, "--apply", shop / "edits.json")
    assert answer.code == 2 and "'foo'" in answer.err
    assert "an op is one of move, pin, split, merge, rename, own, library, accept, waive" in answer.err


def test_edits_of_another_state_of_the_source_are_applied_with_a_warning(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    (tmp_path / "edits.json").write_bytes(msgspec.json.encode(Edits((Rename("orders", "sales"),), plan="another")))
    answer = decompose("plan", shop, "--apply", tmp_path / "edits.json")
    assert answer.code == 0 and "source has changed" in answer.err


def test_check_and_apply_do_not_go_together(decompose: Typed, shop: Path, tmp_path: Path) -> None:
    assert decompose("plan", shop, "--check", "--apply", exported(tmp_path / "edits.json")).code == 2


def walk(analysis: Analysis, count: int, seed: int) -> tuple[Edit, ...]:
    chance, done = random.Random(seed), []
    while len(done) < count:
        edited = Edited(analysis.graph, analysis.context_map, analysis.config)
        for edit in done:
            edited.apply(edit)
        contexts = [name for name in edited.contexts if name != "shared"]
        module, table, context = chance.choice(sorted(edited.place)), chance.choice(analysis.graph.tables), chance.choice(contexts)
        edit = chance.choice(
            [
                Move((module,), context), Move((f"{module.rpartition('.')[0] or module}.**",), context), Own(table.id, context), Library((module,)), Pin((module,)), Rename(context, f"name-{len(done)}"),
                Split(edited.place[module], (module,), f"part-{len(done)}"), Merge(context, chance.choice(contexts)), Move((table.model,), context),
            ]
        )  # fmt: skip
        if isinstance(edit, Merge) and (edit.context == edit.to or len(contexts) < 3):
            continue
        try:
            edited.apply(edit)
        except UsageError:
            continue
        done.append(edit)
    return tuple(done)


@pytest.mark.parametrize("seed", range(8))
def test_the_settings_give_the_edited_map_again(shop: Path, seed: int) -> None:
    analysis = pipeline.analyze(shop)
    pipeline.save_plan(shop, pipeline.plan(analysis))
    analysis = pipeline.analyze(shop)
    edits = walk(analysis, 5, seed)
    path = shop / "decompose.toml"
    path.write_text("# ours\n\n[decompose]\n# exclude nothing\nseed = 0  # as it was\n")
    try:
        revised = pipeline.revise(analysis, Edits(edits), path)
    except (UsageError, ConfigError) as error:
        pytest.fail(f"{edits}: {error.message}")
    path.write_text(revised.text)
    again = pipeline.analyze(shop)
    edited = Edited(analysis.graph, analysis.context_map, analysis.config)
    for edit in edits:
        edited.apply(edit)
    assert differences(edited, again.context_map) == ()
    assert again.context_map.scores == edited.scores() == revised.done[-1][2]
    assert told(again) == told(revised.analysis)
    assert [line for line in revised.text.splitlines() if "#" in line] == ["# ours", "# exclude nothing", "seed = 0  # as it was"]


# --- serving ------------------------------------------------------------------------------------


class Desk:
    """A person's settings: what was saved, and what stands against it."""

    def __init__(self) -> None:
        self.saved: list[Edits] = []

    def save(self, edits: Edits, doing: Callable[[str, int, int], None]) -> dict[str, Any]:
        doing("Trying the edits", 0, 0)
        if any(isinstance(edit, Merge) for edit in edits.edits):
            raise UsageError("no context is called 'x'", hint="contexts are a, b")
        self.saved.append(edits)
        return {"lines": ["done"]}


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def server(desk: Desk) -> Iterator[ReviewServer]:
    with ReviewServer(lambda token: f"<p>{token}</p>", desk.save) as found:
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def asked(server: ReviewServer, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=10)
    sent = {"Host": f"127.0.0.1:{server.server_address[1]}"} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, sent)
    response = connection.getresponse()
    found = response.status, response.read()
    connection.close()
    return found


def edits_from(server: ReviewServer, body: bytes, **headers: str) -> tuple[int, bytes]:
    own = {"Origin": server.origins[0], "X_Decompose_Token": server.token, "Content_Type": "application/json"}
    return asked(server, "POST", f"/{server.token}/edits", body, **(own | headers))


def test_the_page_is_at_its_address_only(server: ReviewServer) -> None:
    assert server.server_address[0] == "127.0.0.1" and len(server.token) >= 32
    assert asked(server, "GET", f"/{server.token}/") == (200, f"<p>{server.token}</p>".encode())
    for path in ("/", f"/{server.token}", f"/{server.token}/../", "/wrong/", f"/{server.token}/edits"):
        assert asked(server, "GET", path)[0] == 404


def test_another_name_for_this_machine_is_refused(server: ReviewServer) -> None:
    assert asked(server, "GET", f"/{server.token}/", Host="evil.example:80")[0] == 421


def test_edits_of_the_page_are_saved(server: ReviewServer, desk: Desk) -> None:
    body = msgspec.json.encode(Edits((Rename("a", "b"),)))
    status, answer = edits_from(server, body)
    assert (status, desk.saved) == (200, [read_edits(body, "")])
    assert [json.loads(line) for line in answer.splitlines()] == [{"doing": "Trying the edits", "done": 0, "of": 0}, {"saved": {"lines": ["done"]}}]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"X_Decompose_Token": "guess"}, {"X_Decompose_Token": "é"}, {"Host": "evil.example"}],
    ids=lambda headers: next(iter(headers.items()))[0] + "=" + next(iter(headers.values())),
)
def test_edits_from_elsewhere_are_refused(server: ReviewServer, desk: Desk, headers: dict[str, str]) -> None:
    status, _ = edits_from(server, msgspec.json.encode(Edits((Rename("a", "b"),))), **headers)
    assert status in (403, 421) and not desk.saved


def test_what_stands_against_edits_reaches_the_page(server: ReviewServer) -> None:
    status, answer = edits_from(server, msgspec.json.encode(Edits((Merge("x", "b"),))))
    assert status == 200 and json.loads(answer.splitlines()[-1])["error"] == {"code": "D101", "message": "no context is called 'x'", "hint": "contexts are a, b"}
    assert edits_from(server, b"nonsense")[0] == 409


def test_more_than_any_edits_is_not_read(server: ReviewServer) -> None:
    assert edits_from(server, b"", Content_Length="99999999999")[0] == 413


def test_a_port_in_use_is_named(server: ReviewServer, desk: Desk) -> None:
    with pytest.raises(Exception, match="cannot listen on port"):
        ReviewServer(str, desk.save, port=server.server_address[1])


def test_a_review_saves_into_the_settings(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command itself, with a browser of our own that saves an edit and leaves."""
    found: dict[str, Any] = {}

    def browse(page: Callable[[str], str], save: Save, *, port: int, ready: Callable[[str], None]) -> None:
        ready("http://127.0.0.1/word/")
        found["before"] = page("word")
        found["said"] = []
        found["saved"] = save(Edits((Rename("orders", "sales"),)), lambda stage, done, of: found["said"].append(stage))
        found["after"] = page("word")

    monkeypatch.setattr("decompose.cli.serving.serve", browse)
    answer = decompose("review", shop, "--no-open")
    assert answer.code == 0 and answer.out == "http://127.0.0.1/word/\n", answer.err
    names = [{each["name"] for each in json.loads(re.search(r'id="model">(.*?)</script>', found[key], re.DOTALL)[1])["contexts"]} for key in ("before", "after")]  # type: ignore[index]
    assert "orders" in names[0] and "sales" in names[1] and 'was = "orders"' in (shop / "decompose.toml").read_text()
    assert [stage for stage in found["said"] if stage in ("Trying the edits", "Planning every context")] == ["Trying the edits", "Planning every context"]
    assert "~ name   orders -> sales" in found["saved"]["lines"][0]


def test_edits_are_made_on_the_source_as_it_is_when_they_are_saved(decompose: Typed, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, Any] = {}

    def browse(page: Callable[[str], str], save: Save, *, port: int, ready: Callable[[str], None]) -> None:
        ready("http://127.0.0.1/word/")
        digest = json.loads(re.search(r'id="model">(.*?)</script>', page("word"), re.DOTALL)[1])["digest"]  # type: ignore[index]
        (shop / "shop/orders/extra.py").write_text("from shop.orders import models\n")
        found["saved"] = save(Edits((Move(("shop.orders.extra",), "catalog"),), plan=digest), lambda stage, done, of: None)

    monkeypatch.setattr("decompose.cli.serving.serve", browse)
    assert decompose("review", shop, "--no-open").code == 0
    assert "source has changed" in found["saved"]["lines"][-1]
    assert decompose("plan", shop, "--check").code == 0
