from __future__ import annotations

from sources import detected, only

from decompose.detect.celery import detect
from decompose.model.facts import Schedule, Task, TaskSend, Unresolved


def test_a_project_without_task_libraries_gives_nothing() -> None:
    assert detected(detect, "@app.task\ndef f(): ...\nf.delay()\n") == []


def test_tasks_have_their_given_or_default_name_and_queue() -> None:
    facts = detected(
        detect,
        tasks="""
        from celery import Celery, shared_task
        app = Celery("x")
        app.conf.task_routes = {"tasks.plain": {"queue": "slow"}}
        @app.task(name="mail.send", queue="mail", bind=True)
        def send(self): ...
        @shared_task
        def plain(): ...
        """,
    )
    assert [(each.name, each.definition, each.queue) for each in only(Task, facts)] == [
        ("mail.send", "tasks.send", "mail"),
        ("tasks.plain", "tasks.plain", "slow"),
    ]


def test_sends_in_all_their_forms() -> None:
    facts = detected(
        detect,
        tasks="from celery import shared_task\n@shared_task\ndef work(n): ...\n",
        main="""
        from celery import chain, current_app
        from tasks import work
        def go():
            work.delay(1)
            work.apply_async((1,), countdown=5)
            chain(work.s(1), work.si(2))()
            current_app.send_task("other.task")
        """,
    )
    assert [(each.task, each.how) for each in only(TaskSend, facts)] == [
        ("tasks.work", "delay"), ("tasks.work", "apply_async"), ("tasks.work", "s"), ("tasks.work", "si"), ("other.task", "send_task"),
    ]  # fmt: skip


def test_a_local_import_does_not_hide_the_task() -> None:
    facts = detected(
        detect,
        tasks="from celery import shared_task\n@shared_task\ndef work(): ...\n",
        main="def go():\n    from tasks import work as w\n    w.delay()\n",
    )
    assert [each.task for each in only(TaskSend, facts)] == ["tasks.work"]


def test_beat_entries_keep_the_text_of_their_schedule() -> None:
    facts = detected(
        detect,
        settings="""
        from celery.schedules import crontab
        CELERY_BEAT_SCHEDULE = {"nightly": {"task": "tasks.clean", "schedule": crontab(hour=3, minute=0)}}
        """,
    )
    assert [(each.name, each.task, each.when) for each in only(Schedule, facts)] == [("nightly", "tasks.clean", "crontab(hour=3, minute=0)")]


def test_periodic_tasks_added_in_code() -> None:
    facts = detected(
        detect,
        tasks="""
        from celery import Celery
        app = Celery()
        @app.task
        def beat(): ...
        @app.on_after_configure.connect
        def setup(sender, **kwargs):
            sender.add_periodic_task(30.0, beat.s(), name="every-30")
        """,
    )
    assert [(each.name, each.task, each.when) for each in only(Schedule, facts)] == [("every-30", "tasks.beat", "30.0")]


def test_a_decorator_of_the_project_around_shared_task() -> None:
    facts = detected(
        detect,
        tasks="""
        from celery import shared_task
        def logged_task(function):
            return shared_task(function)
        @logged_task
        def work(): ...
        """,
    )
    assert [each.name for each in only(Task, facts)] == ["tasks.work"]


def test_a_send_of_something_unknown_is_reported() -> None:
    facts = detected(detect, "import celery\ndef go(task):\n    task.delay()\n")
    assert [each.reason for each in only(Unresolved, facts)] == ["which task is sent is not known"]
