"""The names that a piece of code uses: what an import must be kept for."""

from __future__ import annotations

import re

import libcst as cst
from libcst import matchers as m


def names_in(node: cst.CSTNode) -> set[str]:
    """Names that appear outside import statements, quoted ones of annotations and of ``__all__`` included."""
    names = _Names()
    node.visit(names)
    return names.found


class _Names(cst.CSTVisitor):
    """All names that appear outside import statements, also as words of ``__all__``."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def visit_Import(self, node: cst.Import) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Name(self, node: cst.Name) -> None:
        self.found.add(node.value)

    def visit_Attribute(self, node: cst.Attribute) -> bool:
        # Only the first name of a dotted expression names something of this module.
        node.value.visit(self)
        return False

    def visit_Arg(self, node: cst.Arg) -> bool:
        node.value.visit(self)
        return False

    def visit_Annotation(self, node: cst.Annotation) -> None:
        # Quoted annotations name things too: "list[Review]".
        for text in m.findall(node, m.SimpleString()):
            assert isinstance(text, cst.SimpleString)
            self.found.update(re.findall(r"\w+", text.raw_value))

    def visit_SimpleString(self, node: cst.SimpleString) -> None:
        if node.raw_value.isidentifier():
            # So does "__all__".
            self.found.add(node.raw_value)
