"""Marshmallow schemas of mapped classes: what ``load`` makes, or changes when it is given an instance."""

from __future__ import annotations

from decompose.detect.sqlalchemy.models import Models
from decompose.link.program import Program
from decompose.model.syntax import Binding, Constant, Definition

_ALWAYS = frozenset({"ModelSchema"})
_WHEN_TOLD = frozenset({"SQLAlchemyAutoSchema", "SQLAlchemySchema"})
"""Bases whose ``load`` gives an object only with ``load_instance = True`` in ``Meta``."""
_PACKAGES = ("marshmallow_sqlalchemy", "flask_marshmallow")


class Loaders:
    """Which class a schema loads. Answers are kept."""

    def __init__(self, program: Program, models: Models) -> None:
        self.program = program
        self.models = models
        self.present = any(imported.module.split(".", 1)[0] in _PACKAGES for module in program.modules.values() for imported in module.imports)
        self._models: dict[str, str] = {}

    def model(self, id: str) -> str:
        """The mapped class that instances of a schema class load; ``""`` when the class is no such schema."""
        if not self.present:
            return ""
        known = self._models.get(id)
        if known is None:
            known = self._models[id] = self._loaded(id)
        return known

    def _loaded(self, id: str) -> str:
        kinds = {last for each in self.program.ancestors(id) if (last := self._base(each))}
        meta = self.program.member(id, "Meta") if kinds else None
        if not isinstance(meta, Definition):
            return ""
        told = self.program.member(meta.id, "load_instance")
        if not kinds & _ALWAYS and not (isinstance(told, Binding) and told.value == Constant(True)):
            return ""
        model = self.program.member(meta.id, "model")
        state = self.program.evaluate(model.value) if isinstance(model, Binding) else None
        return state.id if state is not None and state.id in self.models.mapped else ""

    def _base(self, dotted: str) -> str:
        """The name of a base that is marshmallow's own, also where an extension object has it (``ma.SQLAlchemyAutoSchema``)."""
        owner, _, last = dotted.rpartition(".")
        if last not in _ALWAYS | _WHEN_TOLD:
            return ""
        held = dotted if dotted.split(".", 1)[0] in _PACKAGES else self.program.evaluate_binding(owner).id
        return last if held.split(".", 1)[0] in _PACKAGES else ""
