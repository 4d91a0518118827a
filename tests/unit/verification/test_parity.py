"""What runners of tests print, read as outcomes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from decompose.verification.parity import SuiteRun, _from_junit, _from_unittest, copy, suite, tree_hash


def read(text: str) -> SuiteRun:
    found = _from_unittest(dedent(text))
    assert found is not None
    return found


# --- unittest -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("ok", "passed"),
        ("FAIL", "failed"),
        ("ERROR", "error"),
        ("skipped 'no network'", "skipped"),
        ("expected failure", "expected"),
        ("unexpected success", "failed"),
    ],
)
def test_each_outcome_of_unittest_is_known(line: str, outcome: str) -> None:
    assert read(f"test_a (shop.tests.T.test_a) ... {line}\nRan 1 test in 0.1s\n").outcomes == {"shop.tests.T.test_a": outcome}


def test_older_and_newer_pythons_give_a_test_the_same_id() -> None:
    older = read("test_a (shop.tests.T) ... ok\nRan 1 test in 0.1s\n")
    newer = read("test_a (shop.tests.T.test_a) ... ok\nRan 1 test in 0.1s\n")
    assert older == newer


def test_a_docstring_below_the_name_is_passed_over() -> None:
    found = read("""\
        test_a (shop.tests.T.test_a)
        Orders are paid once. ... FAIL
        test_b (shop.tests.T.test_b) ... ok
        Ran 2 tests in 0.1s
        """)
    assert found.outcomes == {"shop.tests.T.test_a": "failed", "shop.tests.T.test_b": "passed"}


def test_what_a_test_prints_does_not_hide_its_outcome() -> None:
    found = read("""\
        test_a (shop.tests.T.test_a) ... mail sent
        ready (really)
        ok
        test_b (shop.tests.T.test_b) ... INFO skipped it
        ERROR
        Ran 2 tests in 0.1s
        """)
    assert found.outcomes == {"shop.tests.T.test_a": "passed", "shop.tests.T.test_b": "error"}


def test_a_test_whose_line_was_begun_by_something_else_is_found() -> None:
    text = """
    test_a (shop.tests.T.test_a) ... ok
    \rSyncing: 100%|####| 3/3 [00:00<00:00, 31.2it/s]test_b (shop.tests.T.test_b) ... skipped 'no network'
    Downloading 45%test_c (shop.tests.T.test_c)
    A sentence. ... ok
    Ran 3 tests in 0.1s
    """
    assert read(text).outcomes == {"shop.tests.T.test_a": "passed", "shop.tests.T.test_b": "skipped", "shop.tests.T.test_c": "passed"}


def test_a_failing_subtest_fails_its_test() -> None:
    found = read("""\
        test_a (shop.tests.T.test_a) ...
          test_a (shop.tests.T.test_a) (number=3) ... FAIL
        test_b (shop.tests.T.test_b) ... ok

        ======================================================================
        FAIL: test_a (shop.tests.T.test_a) (number=3)
        ----------------------------------------------------------------------
        Traceback (most recent call last):
          File "shop/views.py", line 3, in page
        AssertionError: 3

        ----------------------------------------------------------------------
        Ran 2 tests in 0.1s
        """)
    assert found.outcomes == {"shop.tests.T.test_a": "failed", "shop.tests.T.test_b": "passed"}
    assert "shop/views.py" in found.traces["shop.tests.T.test_a"]


def test_a_class_that_cannot_be_set_up_is_an_error_of_its_own() -> None:
    found = read("""\
        setUpClass (shop.tests.T) ... ERROR

        ======================================================================
        ERROR: setUpClass (shop.tests.T)
        ----------------------------------------------------------------------
        Traceback (most recent call last):
        ValueError: no

        ----------------------------------------------------------------------
        Ran 0 tests in 0.0s
        """)
    assert found.outcomes == {"shop.tests.T.setUpClass": "error"}


def test_a_module_that_cannot_be_imported_is_an_error() -> None:
    found = read("""\
        shop.tests (unittest.loader._FailedTest.shop.tests) ... ERROR

        ======================================================================
        ERROR: shop.tests (unittest.loader._FailedTest.shop.tests)
        ----------------------------------------------------------------------
        ImportError: Failed to import test module: shop.tests

        ----------------------------------------------------------------------
        Ran 1 test in 0.0s
        """)
    assert list(found.outcomes.values()) == ["error"]


def test_output_without_a_count_is_no_run() -> None:
    assert _from_unittest("ImportError: no module named shop\n") is None


SUITE = """
import sys, unittest

class T(unittest.TestCase):
    def test_passes(self):
        "Passes, with words."
        print("some output ... ok")

    def test_fails(self):
        sys.stderr.write("noise\\n")
        self.assertEqual(1, 2)

    def test_parts(self):
        for number in range(3):
            with self.subTest(number=number):
                self.assertLess(number, 2)

    @unittest.skip("later")
    def test_later(self): ...

    @unittest.expectedFailure
    def test_known(self):
        self.fail()

class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise ValueError("no")

    def test_never(self): ...
"""


def test_a_real_run_of_unittest_is_read(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE)
    found = suite(tmp_path, "{python} -m unittest -v", Path(sys.executable), {}, 60)
    assert isinstance(found, SuiteRun)
    assert found.outcomes == {
        "test_it.T.test_passes": "passed", "test_it.T.test_fails": "failed", "test_it.T.test_parts": "failed",
        "test_it.T.test_later": "skipped", "test_it.T.test_known": "expected", "test_it.Broken.setUpClass": "error",
    }  # fmt: skip


DJANGO = """
import sys
from django.conf import settings
settings.configure(INSTALLED_APPS=[], DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}})
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""


def test_a_real_run_of_djangos_runner_is_read(tmp_path: Path) -> None:
    pytest.importorskip("django")
    (tmp_path / "manage.py").write_text(DJANGO)
    (tmp_path / "test_it.py").write_text(SUITE.replace("unittest.TestCase", "SimpleTestCase").replace("import sys, unittest", "import sys, unittest\nfrom django.test import SimpleTestCase"))
    found = suite(tmp_path, "{python} manage.py test", Path(sys.executable), {}, 120)
    assert isinstance(found, SuiteRun)
    assert found.outcomes == {
        "test_it.T.test_passes": "passed", "test_it.T.test_fails": "failed", "test_it.T.test_parts": "failed",
        "test_it.T.test_later": "skipped", "test_it.T.test_known": "expected", "test_it.Broken.setUpClass": "error",
    }  # fmt: skip


def test_a_run_of_several_processes_is_read(tmp_path: Path) -> None:
    pytest.importorskip("django")
    (tmp_path / "manage.py").write_text(DJANGO)
    for name in ("a", "b"):
        case = f"class T(SimpleTestCase):\n    def test_{name}(self):\n        'A sentence.'\n        print('noise')\n"
        (tmp_path / f"test_{name}.py").write_text(f"from django.test import SimpleTestCase\n\n{case}")
    found = suite(tmp_path, "{python} manage.py test --parallel 2", Path(sys.executable), {}, 120)
    assert isinstance(found, SuiteRun)
    assert found.outcomes == {"test_a.T.test_a": "passed", "test_b.T.test_b": "passed"}


# --- pytest ---------------------------------------------------------------------------------------


def test_a_real_run_of_pytest_is_read(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "def test_a(): pass\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_b(n): assert n == 1\n"
        "@pytest.mark.skip\n"
        "def test_c(): pass\n"
        "@pytest.fixture\n"
        "def broken(): 1 / 0\n"
        "def test_d(broken): pass\n"
    )
    found = suite(tmp_path, "{python} -m pytest -q", Path(sys.executable), {}, 60)
    assert isinstance(found, SuiteRun)
    assert found.outcomes == {
        "test_it.test_a": "passed", "test_it.test_b[1]": "passed", "test_it.test_b[2]": "failed",
        "test_it.test_c": "skipped", "test_it.test_d": "error",
    }  # fmt: skip


def test_a_report_that_is_cut_off_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text("<testsuites><testsuite>")
    assert _from_junit(tmp_path / "junit.xml") is None


def test_a_suite_that_ran_into_its_time_limit_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("import time\ndef test_a(): time.sleep(60)\n")
    found = suite(tmp_path, "{python} -m pytest -q", Path(sys.executable), {}, 3)
    assert not isinstance(found, SuiteRun)
    assert found.code is None


# --- trees ----------------------------------------------------------------------------------------


def test_a_copy_leaves_out_generated_folders_and_takes_rewrites_back(tmp_path: Path) -> None:
    base, target = tmp_path / "base", tmp_path / "target"
    for path in ("shop/views.py", "services/reviews/x.py", ".git/config", "build/out.txt", "shop/build/__init__.py"):
        (base / path).parent.mkdir(parents=True, exist_ok=True)
        (base / path).write_text("new")
    copy(base, target, without=["services/reviews"], originals={"shop/views.py": b"old"})
    found = sorted(file.relative_to(target).as_posix() for file in target.rglob("*") if file.is_file())
    assert found == ["shop/build/__init__.py", "shop/views.py"]
    assert (target / "shop/views.py").read_text() == "old"


def test_a_tree_has_another_hash_with_other_contents_and_other_commands(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    first = tree_hash(tmp_path, "pytest")
    assert tree_hash(tmp_path, "pytest") == first != tree_hash(tmp_path, "pytest -x")
    (tmp_path / "a.py").write_text("2")
    assert tree_hash(tmp_path, "pytest") != first


def test_runs_leave_no_bytecode_in_the_tree(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_a(): pass\n")
    suite(tmp_path, f"{sys.executable} -m pytest", Path(sys.executable), {}, 60)
    assert not list(tmp_path.rglob("__pycache__"))
    assert subprocess.run(["ls", tmp_path], capture_output=True, check=True).stdout.split() == [b"test_it.py"]
