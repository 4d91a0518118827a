from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from decompose.scan.tree import LARGEST, MOST_LISTED, discover

from .drawn import draw


def modules(base: Path, **options: list[str]) -> dict[str, str]:
    return {file.path: file.module for file in discover(base, **options).python}


def skipped(base: Path) -> dict[str, str]:
    return {file.path: file.reason for file in discover(base).skipped}


def test_a_package_is_named_from_the_project(tmp_path: Path) -> None:
    draw(tmp_path, {"shop/__init__.py": "", "shop/orders/__init__.py": "", "shop/orders/models.py": ""})
    assert modules(tmp_path) == {
        "shop/__init__.py": "shop",
        "shop/orders/__init__.py": "shop.orders",
        "shop/orders/models.py": "shop.orders.models",
    }


def test_src_is_an_import_root(tmp_path: Path) -> None:
    tree = discover(
        draw(tmp_path, {"pyproject.toml": "", "src/shop/__init__.py": "", "src/shop/a.py": "from shop import b"})
    )
    assert [(file.module, file.root) for file in tree.python] == [("shop", "src"), ("shop.a", "src")]
    assert tree.roots == (".", "src")


def test_src_is_a_package_when_the_project_imports_it_as_one(tmp_path: Path) -> None:
    draw(tmp_path, {"src/auth/__init__.py": "", "src/auth/a.py": "from src.auth import b\nimport src.auth\n"})
    assert modules(tmp_path)["src/auth/a.py"] == "src.auth.a"


def test_a_folder_with_manage_py_is_an_import_root(tmp_path: Path) -> None:
    draw(tmp_path, {"backend/manage.py": "", "backend/orders/__init__.py": "", "backend/orders/models.py": ""})
    assert modules(tmp_path)["backend/orders/models.py"] == "orders.models"
    assert modules(tmp_path)["backend/manage.py"] == "manage"


def test_a_folder_with_a_project_file_and_packages_is_an_import_root(tmp_path: Path) -> None:
    draw(tmp_path, {"libs/money/setup.py": "", "libs/money/money/__init__.py": "", "libs/money/money/rates.py": ""})
    assert modules(tmp_path)["libs/money/money/rates.py"] == "money.rates"


def test_the_imports_of_the_project_tell_where_packages_begin(tmp_path: Path) -> None:
    files = {"manage.py": "", "apps/orders/__init__.py": "", "apps/orders/models.py": ""}
    as_root = draw(tmp_path / "a", {**files, "x.py": "from orders.models import Order"})
    as_namespace = draw(tmp_path / "b", {**files, "x.py": "from apps.orders.models import Order"})
    assert modules(as_root)["apps/orders/models.py"] == "orders.models"
    assert modules(as_namespace)["apps/orders/models.py"] == "apps.orders.models"


def test_a_folder_without_init_inside_a_package_belongs_to_it(tmp_path: Path) -> None:
    draw(tmp_path, {"shop/__init__.py": "", "shop/ns/mod.py": "", "shop/ns/deep/__init__.py": ""})
    assert modules(tmp_path)["shop/ns/mod.py"] == "shop.ns.mod"
    assert modules(tmp_path)["shop/ns/deep/__init__.py"] == "shop.ns.deep"


def test_loose_modules_in_a_folder_are_named_from_the_project(tmp_path: Path) -> None:
    draw(tmp_path, {"tests/unit/test_a.py": "", "setup.py": ""})
    assert modules(tmp_path) == {"tests/unit/test_a.py": "tests.unit.test_a", "setup.py": "setup"}


def test_a_project_that_is_itself_a_package_keeps_its_name(tmp_path: Path) -> None:
    base = draw(tmp_path / "shop", {"__init__.py": "", "orders/__init__.py": "", "orders/models.py": ""})
    draw(tmp_path, {"other.py": ""})
    tree = discover(base)
    assert [(file.path, file.module, file.root) for file in tree.python] == [
        ("__init__.py", "shop", ".."),
        ("orders/__init__.py", "shop.orders", ".."),
        ("orders/models.py", "shop.orders.models", ".."),
    ]


def test_a_module_of_a_package_that_is_called_manage_makes_no_root(tmp_path: Path) -> None:
    draw(tmp_path, {"shop/__init__.py": "", "shop/views/__init__.py": "", "shop/views/manage.py": "from shop import x\n"})
    assert modules(tmp_path)["shop/views/manage.py"] == "shop.views.manage"


def test_a_package_from_which_django_is_started_is_a_root(tmp_path: Path) -> None:
    draw(tmp_path, {"site/__init__.py": "", "site/manage.py": "execute_from_command_line(sys.argv)", "site/orders/__init__.py": ""})
    assert modules(tmp_path)["site/orders/__init__.py"] == "orders"


def test_manage_py_makes_a_root_even_of_a_package(tmp_path: Path) -> None:
    draw(tmp_path, {"__init__.py": "", "manage.py": "", "shop/__init__.py": ""})
    assert modules(tmp_path)["shop/__init__.py"] == "shop"


def test_manage_py_deep_inside_a_package_is_one_of_its_modules(tmp_path: Path) -> None:
    draw(tmp_path, {"shop/__init__.py": "", "shop/database/__init__.py": "", "shop/database/manage.py": ""})
    assert modules(tmp_path)["shop/database/manage.py"] == "shop.database.manage"


def test_a_root_can_be_given(tmp_path: Path) -> None:
    draw(tmp_path, {"code/lib/a.py": "", "code/__init__.py": "", "code/lib/__init__.py": ""})
    assert modules(tmp_path, include_roots=["code"])["code/lib/a.py"] == "lib.a"


def test_modules_of_two_projects_with_one_name_stay_apart(tmp_path: Path) -> None:
    draw(tmp_path, {"one/manage.py": "", "two/manage.py": ""})
    assert modules(tmp_path) == {"one/manage.py": "manage", "two/manage.py": "two.manage"}


def test_a_module_behind_a_package_of_the_same_name_is_named(tmp_path: Path) -> None:
    draw(tmp_path, {"shop/dup.py": "", "shop/dup/__init__.py": "", "shop/__init__.py": ""})
    assert "shop/dup.py" not in modules(tmp_path)
    assert "hidden behind the package shop/dup/__init__.py" in skipped(tmp_path)["shop/dup.py"]


def test_a_file_that_no_import_can_name_is_still_a_module(tmp_path: Path) -> None:
    draw(tmp_path, {"scripts/load-data.v2.py": ""})
    assert modules(tmp_path) == {"scripts/load-data.v2.py": "scripts.load-data_v2"}


@pytest.mark.parametrize(
    "place",
    [
        "venv/lib/a.py",
        ".venv/a.py",
        "node_modules/a/b.py",
        "x/__pycache__/a.py",
        "build/lib/a.py",
        "dist/a.py",
        ".tox/a.py",
        "x/site-packages/a.py",
    ],
)
def test_what_is_installed_or_built_is_left_out(tmp_path: Path, place: str) -> None:
    draw(tmp_path, {place: "", "kept.py": ""})
    assert list(modules(tmp_path)) == ["kept.py"]


def test_a_virtual_environment_is_known_by_its_file(tmp_path: Path) -> None:
    draw(tmp_path, {"py311/pyvenv.cfg": "", "py311/lib/a.py": "", "kept.py": ""})
    assert list(modules(tmp_path)) == ["kept.py"]


def test_a_package_called_build_is_kept(tmp_path: Path) -> None:
    draw(tmp_path, {"build/__init__.py": "", "build/a.py": ""})
    assert "build/a.py" in modules(tmp_path)


def test_gitignore_is_followed_at_every_level(tmp_path: Path) -> None:
    draw(
        tmp_path,
        {
            ".gitignore": "local_*.py\n/out/\n!local_kept.py\n",
            "local_settings.py": "",
            "local_kept.py": "",
            "out/a.py": "",
            "shop/out/a.py": "",
            "shop/.gitignore": "*.gen.py\n!local_again.py\n",
            "shop/a.gen.py": "",
            "shop/local_again.py": "",
            "a.gen.py": "",
        },
    )
    assert set(modules(tmp_path)) == {"local_kept.py", "shop/out/a.py", "shop/local_again.py", "a.gen.py"}


def test_patterns_can_be_excluded(tmp_path: Path) -> None:
    draw(tmp_path, {"shop/a.py": "", "legacy/b.py": "", "shop/legacy/c.py": ""})
    assert list(modules(tmp_path, exclude=["/legacy/"])) == ["shop/a.py", "shop/legacy/c.py"]


def test_other_files_that_later_stages_read_are_listed(tmp_path: Path) -> None:
    draw(
        tmp_path,
        {
            "requirements.txt": "",
            "shop/templates/a.html": "",
            "q.sql": "",
            "Dockerfile": "",
            ".env.example": "",
            ".env": "SECRET=1",
            "logo.png": "",
            "db.sqlite3": "",
            "id_rsa": "",
            "a.py": "",
        },
    )
    assert [file.path for file in discover(tmp_path).other] == [
        ".env.example",
        "Dockerfile",
        "q.sql",
        "requirements.txt",
        "shop/templates/a.html",
    ]


def test_the_order_is_that_of_the_paths(tmp_path: Path) -> None:
    draw(tmp_path, {"b.py": "", "a/z.py": "", "a.py": "", "A.py": ""})
    assert list(modules(tmp_path)) == sorted(["b.py", "a/z.py", "a.py", "A.py"])


def test_a_link_out_of_the_project_is_named_and_not_followed(tmp_path: Path) -> None:
    draw(tmp_path / "outside", {"secret.py": "TOKEN = 1", "pkg/__init__.py": ""})
    base = draw(tmp_path / "project", {"a.py": ""})
    (base / "leak.py").symlink_to(tmp_path / "outside" / "secret.py")
    (base / "pkg").symlink_to(tmp_path / "outside" / "pkg")
    assert list(modules(base)) == ["a.py"]
    assert set(skipped(base)) == {"leak.py", "pkg"}
    assert "leaves the project" in skipped(base)["leak.py"]


def test_a_link_inside_the_project_is_named_and_its_target_read_once(tmp_path: Path) -> None:
    draw(tmp_path, {"shop/__init__.py": ""})
    (tmp_path / "shop" / "loop").symlink_to("..")
    assert list(modules(tmp_path)) == ["shop/__init__.py"]
    assert "inside the project" in skipped(tmp_path)["shop/loop"]


@pytest.mark.parametrize("inside", [True, False])
def test_a_link_to_a_folder_without_python_hides_no_module(tmp_path: Path, inside: bool) -> None:
    base = draw(tmp_path / "project", {"a.py": "", "b/__init__.py": ""})
    target = draw((base if inside else tmp_path) / "static", {"css/site.css": "", ".venv/x.py": "", "env/pyvenv.cfg": "", "env/lib/y.py": ""})
    (target / "back").symlink_to(base)
    (base / "assets").symlink_to(target)
    assert list(modules(base)) == ["a.py", "b/__init__.py"]
    assert "assets" not in skipped(base)


def test_a_link_to_python_deep_below_or_among_too_much_is_named(tmp_path: Path) -> None:
    base = draw(tmp_path / "project", {"a.py": ""})
    (base / "deep").symlink_to(draw(tmp_path / "deep", {"x/y/z.py": ""}))
    (base / "long").symlink_to(draw(tmp_path / "long", {f"{n}.txt": "" for n in range(MOST_LISTED + 1)}))
    assert set(skipped(base)) == {"deep", "long"}


def test_a_link_that_is_ignored_is_left_out(tmp_path: Path) -> None:
    base = draw(tmp_path / "project", {"a.py": "", ".gitignore": "generated\n/other/\n"})
    (base / "generated").symlink_to(draw(tmp_path / "elsewhere", {"x.py": ""}))
    (base / "other").symlink_to(tmp_path / "elsewhere")
    assert skipped(base) == {}


def test_what_stands_for_a_whole_file_points_at_its_first_line(tmp_path: Path) -> None:
    draw(tmp_path, {"shop.py": "", "shop/__init__.py": "", "gone.py": ""})
    (tmp_path / "link.py").symlink_to("nothing.py")
    assert {each.line for each in discover(tmp_path).skipped} == {1}


def test_links_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    (tmp_path / "gone.py").symlink_to("nothing.py")
    (tmp_path / "self.py").symlink_to("self.py")
    assert set(skipped(tmp_path)) == {"gone.py", "self.py"}


def test_special_files_are_named_and_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("bound.py")
        assert skipped(tmp_path) == {"bound.py": "not a regular file", "pipe.py": "not a regular file"}


def test_a_file_over_the_limit_is_named(tmp_path: Path) -> None:
    with (tmp_path / "big.py").open("wb") as file:
        file.truncate(LARGEST + 1)
    assert "larger than 5 MiB" in skipped(tmp_path)["big.py"]


def test_a_name_that_cannot_be_shown_is_named_in_escapes(tmp_path: Path) -> None:
    (tmp_path / "new\nline.py").touch()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py")).touch()
    (tmp_path / "\u202efdp.py").touch()
    assert set(skipped(tmp_path)) == {"new\\u000aline.py", "\\xff.py", "\\u202efdp.py"}
    assert modules(tmp_path) == {}


def test_a_folder_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        discover(tmp_path / "nothing")


def test_a_folder_without_python_is_an_empty_tree(tmp_path: Path) -> None:
    assert discover(draw(tmp_path, {"README": "x"})).python == ()


def test_unicode_names_are_those_of_the_import(tmp_path: Path) -> None:
    draw(tmp_path, {"модуль.py": "", "cafe\u0301.py": ""})
    assert set(modules(tmp_path).values()) == {"модуль", "caf\u00e9"}
