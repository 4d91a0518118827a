"""Celery, RQ, Dramatiq, APScheduler and Huey as judges: registered tasks, their queues, schedules, and what ends up in the queue."""

from __future__ import annotations

from pathlib import Path

import pytest
from judges import found, judged, needs

from decompose.detect import apscheduler, celery, dramatiq, huey, rq
from decompose.model.facts import Fact, Schedule, Task, TaskSend

CELERY = {
    "shop/__init__.py": "",
    "shop/app.py": """
from celery import Celery
from celery.schedules import crontab

app = Celery("shop", broker="memory://")
app.conf.task_routes = {"shop.mail.*": {"queue": "mail"}, "counting": "slow"}
app.conf.beat_schedule = {"nightly": {"task": "shop.tasks.clean", "schedule": crontab(hour=3)}}
app.conf.beat_schedule["hourly"] = {"task": "counting", "schedule": 3600.0}
""",
    "shop/mail.py": """
from celery import shared_task


@shared_task(bind=True)
def send(self, pk): ...


@shared_task
def forget(): ...
""",
    "shop/tasks.py": """
from celery import Task, chain, group, shared_task, signature

from shop import mail
from shop.app import app
from shop.mail import send


@app.task
def clean(): ...


@app.task(name="counting")
def count(): ...


def plain(): ...


plainly = shared_task(plain, name="plainly")


class Report(Task):
    name = "report"

    def run(self): ...


app.register_task(Report())


def go():
    clean.delay()
    send.apply_async((1,))
    mail.forget.si().delay()
    app.send_task("counting")
    plainly.delay()
    app.tasks["report"].delay()
""",
}

DRAMATIQ = {
    "shop/__init__.py": "",
    "shop/broker.py": """
import dramatiq
from dramatiq.brokers.stub import StubBroker

dramatiq.set_broker(StubBroker())


def background(name, **options):
    def decorate(function):
        return dramatiq.actor(function, actor_name=name, **options)

    return decorate


def enqueue_job(name, *arguments):
    dramatiq.get_broker().get_actor(name).send(*arguments)
""",
    "shop/actors.py": """
from shop.broker import background, enqueue_job
import dramatiq
from dramatiq import actor as task, group


@task
def count(): ...


@dramatiq.actor(queue_name="mail", actor_name="mail.send")
def notify(pk): ...


@background("shop.clean")
def clean(): ...


@dramatiq.actor
def never(): ...


def plain(): ...


plainly = dramatiq.actor(plain, actor_name="plainly", queue_name="low")


class Report(dramatiq.GenericActor):
    class Meta:
        actor_name = "report"

    def perform(self): ...


def go():
    count.send()
    notify.send_with_options(args=(1,))
    enqueue_job("shop.clean")
    group([plainly.message()]).run()
    Report.send()
""",
}

RQ = {
    "shop/__init__.py": "",
    "shop/jobs.py": """
from functools import partial

from redis import Redis
from rq import Queue
from rq.decorators import job

connection = Redis(socket_connect_timeout=0.01)
queue = Queue("high", connection=connection)


class Counted(job):
    pass


marked = partial(Counted, connection=connection)


@job("low", connection=connection)
def resize(): ...


@marked("mail")
def mail(): ...


def crunch(): ...


def later(): ...


class Worker:
    @staticmethod
    def run(): ...


def go():
    resize.delay(1)
    mail.delay()
    queue.enqueue(crunch, 1)
    queue.enqueue_call(func="shop.jobs.later")
    Queue(connection=connection).enqueue(Worker.run)
""",
}

APSCHEDULER = {
    "shop/__init__.py": "",
    "shop/jobs.py": """
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

scheduler = BackgroundScheduler()


@scheduler.scheduled_job("cron", hour=1, id="night")
def nightly(): ...


@scheduler.scheduled_job("interval", minutes=3)
def often(): ...


def count(): ...


def go():
    scheduler.add_job(count, "interval", minutes=5, id="counting", replace_existing=True)
    scheduler.add_job("shop.jobs:count", trigger=IntervalTrigger(minutes=5))
""",
}

HUEY = {
    "shop/__init__.py": "",
    "shop/tasks.py": """
from huey import MemoryHuey, crontab

huey = MemoryHuey("shop")


@huey.task(retries=2)
def count(n): ...


@huey.task()
def never(): ...


@huey.task()
def later(): ...


@huey.periodic_task(crontab(minute="0"))
def hourly(): ...


def go():
    count(3)
    later.schedule(delay=60)
""",
}

CASES = {
    "celery": (celery, CELERY, ["shop.app", "shop.mail", "shop.tasks"]),
    "dramatiq": (dramatiq, DRAMATIQ, ["shop.actors"]),
    "rq": (rq, RQ, ["shop.jobs"]),
    "apscheduler": (apscheduler, APSCHEDULER, ["shop.jobs"]),
    "huey": (huey, HUEY, ["shop.tasks"]),
}


def summed(facts: list[Fact]) -> dict[str, object]:
    tasks = [fact for fact in facts if isinstance(fact, Task)]
    return {
        "tasks": sorted({task.name for task in tasks}),
        "queues": {task.name: task.queue for task in tasks if task.queue},
        "schedules": sorted([fact.name, fact.task] for fact in facts if isinstance(fact, Schedule)),
        "sent": sorted({fact.task for fact in facts if isinstance(fact, TaskSend)}),
    }


@pytest.mark.parametrize("library", [pytest.param(each, marks=needs(each)) for each in CASES])
def test_tasks_queues_schedules_and_sends_are_those_that_the_library_sees(library: str, tmp_path: Path) -> None:
    detector, sources, modules = CASES[library]
    judge = judged("task_registries.py", tmp_path, sources, library, "{}", *modules)
    assert summed(found(detector.detect, sources)) == judge
