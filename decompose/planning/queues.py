"""Which worker gets a task once its context is a service."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import msgspec

from decompose.model.facts import Task
from decompose.model.migration import BoundaryEdge
from decompose.planning.sight import Sight

DEFAULTS = ("CELERY_TASK_DEFAULT_QUEUE", "CELERY_DEFAULT_QUEUE")
"""Settings that name the queue of tasks without one."""


def moving(sight: Sight, tasks: Iterable[Task]) -> Iterator[Task]:
    """The tasks of a service. A queue that others use as well is not theirs: a worker throws away messages of tasks that it does not know."""
    own = tuple(tasks)
    others = {task.queue for task in sight.graph.tasks if task not in own}
    for task in own:
        yield msgspec.structs.replace(task, queue="") if task.queue in others else task


def sent(sight: Sight, edges: Iterable[BoundaryEdge]) -> Iterator[Task]:
    """The monolith's tasks that moved code sends, each with the queue that the monolith's workers listen to."""
    wanted = {edge.target for edge in edges if edge.kind == "task" and edge.direction == "out"}
    for task in sorted(sight.graph.tasks, key=lambda each: each.name):
        if task.definition in wanted:
            yield msgspec.structs.replace(task, queue=task.queue or _default(sight))


def _default(sight: Sight) -> str:
    for setting in sight.settings.of(DEFAULTS):
        try:
            value = ast.literal_eval(setting.value)
        except (ValueError, SyntaxError, TypeError):
            continue
        if isinstance(value, str):
            return value
    return "celery"
