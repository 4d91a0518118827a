from __future__ import annotations

import ast
import json

import msgspec
import pytest
from pydantic import BaseModel
from running import Run
from service_plans import BOOK, LOAN, OPERATIONS, library_plan, parameter

from decompose.errors import RefusedInput
from decompose.generate import contract, contract_tests
from decompose.generate.contract import openapi_document, version
from decompose.generate.messages import OF_PYDANTIC, SHADOWING, contract_of, error_name
from decompose.generate.render import make_render
from decompose.model.migration import Entity, Field, Operation, Replica
from decompose.model.service import ServicePlan
from decompose.resources import templates


def changed(**values: object) -> ServicePlan:
    plan = library_plan()
    return msgspec.structs.replace(plan, context=msgspec.structs.replace(plan.context, **values))


def python(plan: ServicePlan) -> ast.Module:
    return ast.parse(next(contract.generate(plan, make_render(templates()))).content)


def fields(tree: ast.Module, name: str) -> dict[str, str]:
    node = next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == name)
    return {ast.unparse(each.target): ast.unparse(each.annotation) for each in node.body if isinstance(each, ast.AnnAssign)}


def test_the_document_of_the_plan_is_the_one_that_the_classes_describe(monolith: Run) -> None:
    code = """
import json
from library.boundaries import wire
print(json.dumps(wire.openapi(loans._boundary, "library: loans")))
"""
    plan = library_plan()
    assert json.loads(monolith(code)) == openapi_document(plan, contract_of(plan))


def test_the_document_says_what_an_operation_takes_gives_and_refuses() -> None:
    plan = library_plan()
    document = json.loads(json.dumps(openapi_document(plan, contract_of(plan))))
    lend = document["paths"]["/boundary/v1/lend"]["post"]
    assert document["openapi"] == "3.1.0"
    assert lend["summary"] == "Lends a book to a reader."
    assert sorted(lend["responses"]) == ["200", "409", "default"]
    assert lend["responses"]["409"]["description"] == "LoanRefused"
    assert document["components"]["schemas"]["LendRequest"]["required"] == ["book", "reader"]


def test_every_reference_of_the_document_leads_somewhere() -> None:
    plan = library_plan()
    text = json.dumps(openapi_document(plan, contract_of(plan)))
    names = {piece.partition('"')[0] for piece in text.split("#/components/schemas/")[1:]}
    assert names <= json.loads(text)["components"]["schemas"].keys()


def test_a_row_has_its_columns_with_exact_types() -> None:
    assert fields(python(library_plan()), "Loan") == {
        "id": "int", "book_id": "int", "reader_id": "int", "uuid": "Uuid", "date": "DateTime", "weeks": "int", "fee": "Decimal",
        "note": "str", "state": "str", "extra": "Json", "returned": "Date | None", "is_long": "bool",
        "_related": "ClassVar[dict[str, str]]",
    }  # fmt: skip


def with_fields(*names: str) -> ServicePlan:
    entity = Entity("Note", LOAN, "notes", "id", (Field("id", "big"), *(Field(name, "string") for name in names)))
    return changed(entities=(*library_plan().context.entities, entity))


def test_a_field_may_be_called_like_a_method_of_pydantics_first_version_and_stays_required(monolith: Run) -> None:
    plan = with_fields("json", "schema", "copy")
    source = next(contract.generate(plan, make_render(templates()))).content.decode()
    assert "    json: str = Field()\n" in source
    code = f"""
import sys, types, warnings
warnings.resetwarnings()
warnings.simplefilter("error")
sys.modules.pop("library.boundaries.wire")
sys.modules["made"] = made = types.ModuleType("made")
exec({source!r}, made.__dict__)
note = made.Note(id=1, json="a", schema="b", copy="c")
print(note.json, note.schema, note.copy, sorted(made.Note.model_json_schema()["required"]))
"""
    assert monolith(code) == "a b c ['copy', 'id', 'json', 'schema']\n"


def test_a_row_with_an_annotation_has_it_and_a_plain_row_has_none(monolith: Run) -> None:
    loan = library_plan().context.entities[0]
    longer = msgspec.structs.replace(loan, name="LoanWithDays", fields=(*loan.fields, Field("days", "integer", path="days")), extends="Loan")
    plan = changed(entities=(loan, longer))
    assert fields(python(plan), "LoanWithDays") == {"days": "int"}
    code = f"""
import sys, types
from library.boundaries import wire
sys.modules["made"] = made = types.ModuleType("made")
exec({next(contract.generate(plan, make_render(templates()))).content.decode()!r}, made.__dict__)
services.lend(book, reader, weeks=2)
[row] = Loan.objects.annotate(days=models.F("weeks") * 7)[:1]
sent = wire.record(made.ENTITIES["LoanWithDays"], row)
plain = wire.record(made.ENTITIES["Loan"], Loan.objects.get(pk=row.pk))
print(sent.days == row.weeks * 7, isinstance(sent, made.Loan), hasattr(plain, "days"))
print(wire.record(made.ENTITIES["Loan"], sent).pk == row.pk)
"""
    assert monolith("from django.db import models\nfrom library.loans import services\nfrom library.loans.models import Loan\n" + code).splitlines() == ["True True False", "True"]


SCAN = """
import sys, types
from django.db import models
from django.core.files.storage import FileSystemStorage
class Scan(models.Model):
    page = models.FileField(storage=FileSystemStorage(base_url="/scans/"))
    thumb = models.FileField(null=True)
    class Meta:
        app_label = "loans"
from library.boundaries.wire import FileName, Record, Source, record
module = sys.modules["made"] = types.ModuleType("made")
module.ENTITIES = {{"Scan": Source(type("Scan", (Record,), {{"__annotations__": {{"id": int, "page": FileName, "thumb": FileName | None}}, "__module__": "made"}}), "loans.Scan")}}
source = module.ENTITIES["Scan"]
sent = record(source, Scan(id=1, page="a/b.png", thumb=None)).model_dump_json()
got = source.type.model_validate_json(sent)
{0}
"""


def test_a_file_crosses_as_its_name_and_has_the_storage_of_its_model_on_the_other_side(monolith: Run) -> None:
    code = 'print(sent, got.page == "a/b.png", got.page.url, got.page.name, bool(got.thumb))'
    assert monolith(SCAN.format(code)) == '{"id":1,"page":"a/b.png","thumb":""} True /scans/a/b.png a/b.png False\n'


def test_a_field_that_pydantic_needs_itself_is_refused_with_its_model() -> None:
    with pytest.raises(RefusedInput, match="'model_config' cannot cross") as caught:
        contract_of(with_fields("model_config"))
    assert caught.value.place == LOAN and "db_column" in caught.value.hint


def test_every_name_of_pydantics_is_known() -> None:
    own = {name for name in dir(BaseModel) if not name.startswith("_")}
    assert own == OF_PYDANTIC | SHADOWING


def test_a_snapshot_holds_its_parents() -> None:
    assert fields(python(library_plan()), "BookSnapshot")["shelf"] == "ShelfSnapshot | None"


def test_a_circle_of_parents_is_cut() -> None:
    left = Replica("a.models.Left", "a.Left", "left", Field("id", "big"), parents=(("right", "a.models.Right"),))
    right = Replica("a.models.Right", "a.Right", "right", Field("id", "big"), parents=(("left", "a.models.Left"),))
    tree = python(changed(operations=(), replicas=(left, right)))
    assert fields(tree, "LeftSnapshot") == {"id": "int"}
    assert fields(tree, "RightSnapshot") == {"id": "int"}


def test_two_models_of_one_name_have_two_snapshots() -> None:
    replicas = tuple(Replica(f"{app}.models.Order", f"{app}.Order", app, Field("id", "big")) for app in ("sales", "purchase"))
    tree = python(changed(operations=(), replicas=replicas))
    names = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    assert {"SalesOrderSnapshot", "PurchaseOrderSnapshot"} <= names


@pytest.mark.parametrize("name", ["Date", "Json", "Record"])
def test_a_model_may_be_called_like_a_type_of_the_contract(name: str) -> None:
    entity = Entity(name, f"library.loans.models.{name}", "t", "id", (Field("id", "big"), Field("day", "date")))
    operation = Operation("first", "chain", "query", entity.model, (), f"entity:{name}", f"{name}.objects.first()", optional=True)
    tree = python(changed(operations=(operation,), entities=(entity,)))
    assert fields(tree, "FirstResponse") == {"result": f"{name}Entity | None"}


def test_a_key_has_the_type_of_the_models_key() -> None:
    replica = Replica(BOOK, "catalog.Book", "book", Field("isbn", "string"))
    operation = Operation("count", "chain", "query", LOAN, (parameter("book", f"key:{BOOK}"),), "integer", "1")
    assert fields(python(changed(operations=(operation,), replicas=(replica,))), "CountRequest") == {"book": "str"}


def test_a_row_fetched_by_its_key_may_be_missing() -> None:
    operation = Operation("close", "method", "command", LOAN, (parameter("loan", f"key:{LOAN}"),), "none", "close")
    [call] = contract_of(changed(operations=(operation,))).calls
    assert call.errors == ("LoanDoesNotExist",)


def test_a_command_gives_back_the_rows_that_it_was_given() -> None:
    tree = python(library_plan())
    assert fields(tree, "TouchResponse") == {"result": "None", "changed_loan": "Loan | None"}


def test_a_moved_error_keeps_its_bases_and_a_foreign_one_its_class() -> None:
    operation = Operation(
        "lend", "function", "query", "library.loans.services.lend", (), "none",
        errors=("library.loans.services.LoanRefused", "django.core.exceptions.PermissionDenied", "KeyError"),
    )  # fmt: skip
    found = {error.name: error for error in contract_of(changed(operations=(operation,))).errors}
    assert (found["LoanRefused"].moved, found["LoanRefused"].bases) == (True, ("builtins.ValueError",))
    assert (found["PermissionDenied"].moved, found["PermissionDenied"].status) == (False, 403)
    assert found["KeyError"].path == "builtins.KeyError"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("shop.reviews.models.Review.DoesNotExist", "ReviewDoesNotExist"),
        ("shop.core.exceptions.ShopError", "ShopError"),
        ("builtins.ValueError", "ValueError"),
    ],
)
def test_an_error_crosses_by_a_short_name(path: str, name: str) -> None:
    assert error_name(path) == name


def test_the_version_changes_with_the_contract_alone() -> None:
    first = version(contract_of(library_plan()))
    assert first == version(contract_of(library_plan(port=9)))
    assert first != version(contract_of(changed(operations=OPERATIONS[:-1])))


@pytest.mark.parametrize(("kind", "note"), [("query", 'rows.looked_up(row, "note")'), ("command", 'rows.argument("note", "string", OWNED)')])
def test_a_query_of_the_projects_own_is_asked_for_what_a_row_has(kind: str, note: str) -> None:
    operation = Operation(
        "find_loan", "chain", kind, LOAN, (parameter("mood", "string"), parameter("note", "string")), "entity:Loan",
        "Loan.find(mood=mood, note=note)", (LOAN,),
    )  # fmt: skip
    made = {each.path: each.content.decode() for each in contract_tests.generate(changed(operations=(operation,)), make_render(templates()))}
    examples = next(text for path, text in made.items() if path.endswith("contract/examples.py"))
    assert f'"note": {note}' in examples
    assert '"mood": rows.argument("mood", "string", OWNED)' in examples
