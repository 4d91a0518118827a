"""What no linter sees: whether the generated files of one service agree with one another and with what AWS does.

Each check is a function from the parsed files to sentences. They were collected from templates that every linter called clean and
that did not run: a port nobody listens on, a database nobody may reach, a deployment that rewrites the traffic split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from decompose.generate.crosscheck import delivery, services, surroundings, tasks
from decompose.generate.crosscheck.files import Files, load_yaml, parse
from decompose.model.artifacts import Artifact
from decompose.model.deployment import Deployment

Check = Callable[[Deployment, Files], Iterator[str]]
CHECKS: tuple[Check, ...] = (*tasks.CHECKS, *services.CHECKS, *surroundings.CHECKS, *delivery.CHECKS)


def problems(deployment: Deployment, artifacts: Iterable[Artifact], checks: Iterable[Check] = CHECKS) -> tuple[str, ...]:
    """Sentences with the file in front, sorted, none when all is well. ``artifacts`` may hold other services' files too.

    A file that does not parse raises the parser's own error: that is another gate's finding.
    """
    files = parse(deployment, artifacts)
    return tuple(sorted({problem for check in checks for problem in check(deployment, files)}))


__all__ = ["CHECKS", "Check", "Files", "load_yaml", "problems"]
