"""Starts the test kit in a process of the suite; Python imports it as ``sitecustomize`` before anything else."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys


def _next() -> None:
    """Runs the ``sitecustomize`` that stands behind this one on the path, which belongs to the environment."""
    here = os.path.dirname(os.path.abspath(__file__))
    behind = [entry for entry in sys.path if os.path.abspath(entry or ".") != here]
    found = importlib.machinery.PathFinder.find_spec("sitecustomize", behind)
    if found is not None and found.loader is not None:
        found.loader.exec_module(importlib.util.module_from_spec(found))


_next()

from decompose_kit import start  # type: ignore[import-not-found]  # noqa: E402 - the environment's own comes first

start.start()
