import pytest

from decompose.generate.schedules import expression


@pytest.mark.parametrize(("when", "expected"), [
    ("crontab(minute=0, hour=3)", "cron(0 3 * * ? *)"),
    ("crontab(minute='*/15')", "cron(0/15 * * * ? *)"),
    ("crontab(0, 0, day_of_month='1')", "cron(0 0 1 * ? *)"),
    ("crontab(hour=7, minute=30, day_of_week='1-5')", "cron(30 7 ? * MON-FRI *)"),
    ("crontab(hour=7, minute=30, day_of_week='sunday')", "cron(30 7 ? * SUNDAY *)"),
    ("timedelta(hours=2)", "rate(2 hours)"),
    ("datetime.timedelta(days=1)", "rate(1 day)"),
    ("300", "rate(5 minutes)"),
])
def test_schedules_that_both_know(when: str, expected: str) -> None:
    assert expression(when) == (expected, "")


@pytest.mark.parametrize("when", ["timedelta(seconds=10)", "crontab(day_of_week=1, day_of_month=1)", "solar('sunset', 1, 2)", "EVERY", "crontab(hour=HOUR)"])
def test_others_are_reported_with_a_reason(when: str) -> None:
    made, reason = expression(when)
    assert made == "" and reason
