"""Reads what ``verify`` says and arms the kit for the framework that will run."""

from __future__ import annotations

import importlib.util
import os
import sys

from . import spec
from .records import Records

VARIABLE = "DECOMPOSE_KIT"
"""The environment variable with the path of the specification."""


def start() -> None:
    path = os.environ.get(VARIABLE)
    if not path:
        return
    found = spec.read(path)
    # The boundary's own libraries, for a monolith that does not have them yet; its own packages win.
    if any(importlib.util.find_spec(name) is None for name in ("pydantic", "httpx")):
        sys.path.append(found.packages)
    if found.framework == "django" and importlib.util.find_spec("django") is not None:
        from . import on_django

        on_django.arm(found)
    elif found.framework in ("flask", "fastapi") and importlib.util.find_spec("sqlalchemy") is not None:
        # A plugin of pytest: it imports what it needs when the tests are read, with the paths that pytest knows by then.
        known = os.environ.get("PYTEST_PLUGINS", "")
        os.environ["PYTEST_PLUGINS"] = ",".join([*([known] if known else []), f"{__package__}.on_flask"])
    elif found.mode == "loopback":
        # Nothing to arm: the mode alone decides where calls go, and nobody notes them.
        Records(found.folder).present()
