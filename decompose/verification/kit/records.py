"""What each test used of the boundary, one line of JSON a test, in a file of its own for each process."""

from __future__ import annotations

import atexit
import json
import os
import sys
from pathlib import Path
from typing import Any


class Records:
    """``test`` is the one that runs, by the id under which the suite reports it."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._noted: dict[str, dict[str, dict[str, Any]]] = {}
        self.test = ""

    def note(self, kind: str, **what: Any) -> None:
        """Notes a use by the running test; what it did before is noted once."""
        event = {"kind": kind, **what}
        test = self._current()
        if test not in self._noted:
            # Not every runner says when a test ends; the next one does.
            self.write()
        self._noted.setdefault(test, {}).setdefault(json.dumps(event, sort_keys=True, default=str), event)

    def write(self) -> None:
        """Writes down what was noted since the last time."""
        if not self._noted:
            return
        lines = [json.dumps({"test": test, "events": list(events.values())}, default=str) for test, events in self._noted.items()]
        self._noted = {}
        with (self._folder / f"records-{os.getpid()}.jsonl").open("a") as file:
            file.write("".join(f"{line}\n" for line in lines))

    def present(self) -> None:
        """Says that the kit runs in this process, and what is noted here is not lost with it."""
        atexit.register(self.write)
        (self._folder / f"present-{os.getpid()}").touch()

    def _current(self) -> str:
        # The variable may be that of a pytest above this process, which knows nothing of these tests.
        node = os.environ.get("PYTEST_CURRENT_TEST", "") if "_pytest.runner" in sys.modules else ""
        return _as_reported(node.rpartition(" ")[0]) if node else self.test


def _as_reported(node: str) -> str:
    """A test's id as pytest's JUnit report has it: dots for folders and classes, the parameters behind."""
    path, _, rest = node.partition("::")
    name, bracket, parameters = rest.partition("[")
    module = path.removesuffix(".py").replace("/", ".")
    return ".".join([module, *name.split("::")]) + bracket + parameters
