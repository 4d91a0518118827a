"""The JSON Schemas (2020-12) of what decompose reads and writes, made from the types themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from decompose.config import json_schema as config_schema
from decompose.model.changes import PlanDiff
from decompose.model.edits import Edits
from decompose.model.findings import Checked
from decompose.model.lock import PlanLock
from decompose.model.migration import MigrationPlan
from decompose.report.json import AnalysisDocument

KINDS = ("analysis", "check", "config", "diff", "edits", "lock", "plan")


_DOCUMENTS: Mapping[str, Any] = {"analysis": AnalysisDocument, "check": Checked, "diff": PlanDiff, "edits": Edits, "lock": PlanLock, "plan": MigrationPlan}


_BY_HAND = "edits"
"""What people and other programs write, too: they may leave out what has a default."""


def json_schema(kind: str) -> dict[str, Any]:
    """The schema of one of :data:`KINDS`. The package carries it as ``schemas/<kind>.json``, equal byte for byte."""
    if kind == "config":
        return config_schema()
    schema: dict[str, Any] = msgspec.json.schema(_DOCUMENTS[kind])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"decompose {kind}",
        **(schema if kind == _BY_HAND else _without_defaults(schema)),
    }


def _without_defaults(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` is always written, so it is required although the type has a default for it."""
    name = schema["$ref"].rpartition("/")[2]
    root = schema["$defs"][name]
    root["required"] = sorted({*root["required"], "schema"})
    return schema


def text(kind: str) -> str:
    """The schema as the package carries it."""
    return json.dumps(json_schema(kind), indent=1, sort_keys=True) + "\n"
