"""Attributes that are set from one another."""

from __future__ import annotations

import time

from decompose.link.objects import Objects
from decompose.link.program import Program
from decompose.model.syntax import Chain
from decompose.syntax import summarize_sources

LETTERS = "abcdefghijklmnop"


def test_attributes_set_from_one_another_are_each_looked_up_once() -> None:
    """Every one of them may hold what any other does: the time must not multiply with each step."""
    pairs = [(one, other) for one in LETTERS for other in LETTERS if one != other]
    methods = [f"    def {one}_from_{other}(self):\n        self.{one} = self.{other}.copy()" for one, other in pairs]
    text = "\n".join(["import redis", "class C:", *methods, "    def f(self):\n        self.p = redis.Redis()", ""])
    objects = Objects(Program(summarize_sources({"app.py": text})), lambda dotted: "redis" if dotted == "redis.Redis" else "")
    began = time.process_time()
    found = {name: objects.receiver(Chain("app.C", "self", (name,)), "app") for name in reversed(LETTERS)}
    assert found["p"] is not None
    assert time.process_time() - began < 2
