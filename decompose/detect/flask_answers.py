"""Whether a Flask view answers programs or people: JSON, or pages and redirections."""

from __future__ import annotations

from collections.abc import Iterator

from decompose.link.expressions import last_name
from decompose.link.program import Program
from decompose.model.syntax import Chain, Expression, Mapping, Operation, Sequence, Use

_PAGES = frozenset({"render_template", "render_template_string", "stream_template", "stream_template_string", "render_theme_template", "flash", "redirect", "validate_on_submit"})  # fmt: skip
_DATA = frozenset({"jsonify"})


class Answers:
    """Asks the bodies of views."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def data(self, handler: str) -> bool:
        """Whether a view gives JSON and shows no page; a view of which neither can be said is taken for a page."""
        names = {last_name(_named(use.chain)) for use in self._uses(handler)}
        if names & _PAGES:
            return False
        return bool(names & _DATA) or any(_is_data(each) for each in self._returned(handler))

    def _uses(self, handler: str) -> Iterator[Use]:
        module = self._program.modules.get(self._program.module_of(handler))
        inner = f"{handler}."
        for use in module.uses if module is not None else ():
            if use.scope == handler or use.scope.startswith(inner):
                yield use

    def _returned(self, handler: str) -> Iterator[Expression]:
        definition = self._program.definition(handler)
        if definition is None:
            return
        for each in (definition, *self._program.members(handler).values()) if definition.kind == "class" else (definition,):
            if each.kind != "class":
                yield from self._program.returned(each)


def _named(chain: Chain) -> Chain:
    """The chain up to the first thing that is no name."""
    names = []
    for step in chain.steps:
        if not isinstance(step, str):
            break
        names.append(step)
    return Chain(chain.root, chain.origin, tuple(names))


def _is_data(returned: Expression) -> bool:
    """A mapping, alone or with a status; a display that begins with one or with a list."""
    if isinstance(returned, Mapping) or (isinstance(returned, Operation) and returned.operator == "for"):
        return True
    return isinstance(returned, Sequence) and bool(returned.items) and isinstance(returned.items[0], Mapping | Sequence)
