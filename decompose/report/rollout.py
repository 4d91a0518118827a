"""What deploying would do, for reading."""

from __future__ import annotations

from collections import Counter

from decompose.model.rollout import Rollout, Step
from decompose.report.printable import printable
from decompose.report.text import Terminal, plural

_VALUES = 8
"""Values of one file that are named; a file with more is opened anyway."""


def text(found: Rollout, terminal: Terminal) -> str:
    """The steps, then the values that are open, then what stops it."""
    lines = [f"{printable(found.service)}: {plural(len(found.steps), 'step')}, in this order. Nothing was asked of AWS.", ""]
    for number, step in enumerate(found.steps, 1):
        lines += _step(number, step)
    if found.open:
        lines += ["Values that a person still gives:"]
        for file in dict.fromkeys(each.file for each in found.open):
            mine = [each for each in found.open if each.file == file]
            lines += [f"  {printable(file)}", *(f"    {printable(each.name)}: {printable(each.what)}" for each in mine[:_VALUES])]
            lines += [f"    and {len(mine) - _VALUES} more"] if len(mine) > _VALUES else []
        lines += [""]
    if found.left:
        lines += ["Left to a person:", *(f"  {printable(subject)}: {printable(reason)}" for subject, reason in found.left), ""]
    for stop in found.stops:
        lines += [f"{terminal.paint('!', 'red')} {printable(stop.reason)}", f"  {printable(stop.hint)}"]
    if not found.stops:
        lines += ["Nothing stops it."]
    return "\n".join(lines) + "\n"


def _step(number: int, step: Step) -> list[str]:
    lines = [f"{number}. {printable(step.title)}"]
    if step.creates:
        counts = Counter(resource.kind.removeprefix("AWS::").replace("::", " ") for resource in step.creates)
        lines += [f"   creates  {', '.join(f'{count} {kind}' if count > 1 else kind for kind, count in sorted(counts.items()))}"]
    lines += [f"   $ {printable(command)}" for command in step.commands]
    return [*lines, f"   done     {printable(step.proof)}", f"   back     {printable(step.back)}", ""]
