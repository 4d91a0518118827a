"""What functions of a context do with objects of other contexts that they are given as parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from decompose.model.location import Location
from decompose.model.migration import Operation
from decompose.model.syntax import Bound, Definition, Use
from decompose.planning.sight import Sight


class ParameterUse(NamedTuple):
    """``path`` is the attribute path that a function follows on an object of ``model``; ``method`` the method of that model it calls, or ``""``.

    ``use`` is the expression.
    """

    function: str
    model: str
    path: tuple[str, ...]
    method: str
    at: Location
    use: Use


def parameter_uses(sight: Sight, operations: Iterable[Operation]) -> Iterator[ParameterUse]:
    """Uses of parameters that take an object of another context (``replica:``), in the bodies of the operations' functions.

    An annotated parameter is followed by the detectors; this is for those whose type was found from callers.
    """
    for operation in operations:
        models = {parameter.name: parameter.type.removeprefix("replica:") for parameter in operation.parameters if parameter.type.startswith("replica:")}
        if operation.shape != "function" or not models:
            continue
        program, module = sight.program, sight.program.module_of(operation.target)
        for use in sight.within(operation.target):
            if use.chain.origin == "parameter" and use.chain.root in models:
                model = models[use.chain.root]
                path: list[str] = []
                for step in use.chain.steps:
                    if isinstance(step, str):
                        path.append(step)
                    elif not isinstance(step, Bound):
                        break
                if path:
                    member = program.member(model, path[0])
                    method = isinstance(member, Definition) and member.kind == "method" and not program.is_property(member)
                    yield ParameterUse(operation.target, model, tuple(path), member.id if method and isinstance(member, Definition) else "", program.at(module, use.span.line), use)
