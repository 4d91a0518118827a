"""A whole tree."""

from __future__ import annotations

from pathlib import Path

from decompose.scan.tree import discover
from decompose.syntax import failures, summaries


def test_every_file_has_one_summary_and_bad_ones_are_named(tmp_path: Path) -> None:
    for name, text in {"good.py": "import os\n", "bad.py": "def (:\n", "gone.py": ""}.items():
        (tmp_path / name).write_text(text)
    tree = discover(tmp_path)
    (tmp_path / "gone.py").unlink()
    found = summaries(tree)
    assert [each.path for each in found] == ["bad.py", "gone.py", "good.py"]
    assert [(each.path, each.line, each.reason) for each in failures(found)] == [
        ("bad.py", 1, "syntax error: invalid syntax"),
        ("gone.py", 1, "cannot be read: No such file or directory"),
    ]


def test_given_contents_stand_in_for_those_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\n")
    (found,) = summaries(discover(tmp_path), instead={"a.py": b"import sys\n"})
    assert found.imports[0].module == "sys"
