"""What a task library itself says of a project: ``python task_registries.py LIBRARY PROJECT MODULE [MODULE ...]`` prints it as JSON.

``tasks`` are the registered names, ``queues`` the queue of each where it is not the default one, ``schedules`` pairs of id and task, ``sent``
the names of the tasks that the function ``go`` of the last module has put into the queue.
"""

from __future__ import annotations

import importlib
import json
import sys
from types import ModuleType
from typing import Any


def celery(modules: list[ModuleType]) -> dict[str, Any]:
    from celery import current_app

    app = getattr(modules[0], "app", current_app)
    app.loader.import_default_modules()
    app.finalize()
    sent: list[str] = []
    app.amqp.__class__.send_task_message = property(lambda self: lambda producer, name, message, **options: sent.append(name))
    app.conf.broker_url = "memory://"
    modules[-1].go()
    schedule = app.conf.beat_schedule or {}
    tasks = [name for name in app.tasks if not name.startswith("celery.")]
    queues = {name: queue.name for name in tasks if (queue := app.amqp.router.route({}, name).get("queue")) and queue.name != "celery"}
    return {"tasks": sorted(tasks), "queues": queues, "schedules": sorted([name, entry["task"]] for name, entry in schedule.items()), "sent": sorted(set(sent))}


def dramatiq(modules: list[ModuleType]) -> dict[str, Any]:
    import dramatiq

    broker = dramatiq.get_broker()
    modules[-1].go()
    sent = {dramatiq.Message.decode(message).actor_name for queue in broker.queues.values() for message in queue.queue}
    queues = {name: actor.queue_name for name, actor in broker.actors.items() if actor.queue_name != "default"}
    return {"tasks": sorted(broker.actors), "queues": queues, "schedules": [], "sent": sorted(sent)}


def rq(modules: list[ModuleType]) -> dict[str, Any]:
    from rq import Queue
    from rq.job import Job

    sent: list[str] = []
    queues: dict[str, str] = {}

    def enqueue(self: Queue, job: Job, *arguments: Any, **options: Any) -> Job:
        sent.append(job.func_name)
        if self.name != "default":
            queues[job.func_name] = self.name
        return job

    Queue._enqueue_job = Queue.enqueue_job = enqueue  # type: ignore[method-assign]
    modules[-1].go()
    return {"tasks": sorted(set(sent)), "queues": queues, "schedules": [], "sent": sorted(set(sent))}


def apscheduler(modules: list[ModuleType]) -> dict[str, Any]:
    scheduler = modules[0].scheduler
    modules[-1].go()
    scheduler.start(paused=True)
    jobs = scheduler.get_jobs()
    tasks = {job.func_ref.replace(":", ".") for job in jobs}
    # An id that nobody gave is a random number.
    schedules = [[job.id if len(job.id) != 32 else job.func_ref.replace(":", "."), job.func_ref.replace(":", ".")] for job in jobs]
    return {"tasks": sorted(tasks), "queues": {}, "schedules": sorted(schedules), "sent": []}


def huey(modules: list[ModuleType]) -> dict[str, Any]:
    queue = modules[0].huey
    modules[-1].go()
    sent = {f"{task.__module__}.{task.name.removeprefix('queuecmd_')}" for task in [*queue.pending(), *queue.scheduled()]}
    tasks = {f"{task.__module__}.{task.__name__.removeprefix('queuecmd_')}" for task in queue._registry._registry.values()}
    periodic = {f"{task.__module__}.{type(task).__name__.removeprefix('queuecmd_')}" for task in queue._registry.periodic_tasks}
    return {"tasks": sorted(tasks), "queues": {}, "schedules": sorted([each, each] for each in periodic), "sent": sorted(sent)}


def main() -> None:
    library, project, *names = sys.argv[1:]
    sys.path.insert(0, project)
    judge = {each.__name__: each for each in (celery, dramatiq, rq, apscheduler, huey)}[library]
    json.dump(judge([importlib.import_module(name) for name in names]), sys.stdout, sort_keys=True)


if __name__ == "__main__":
    main()
