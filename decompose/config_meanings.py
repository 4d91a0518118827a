"""What each key of ``decompose.toml`` means, for editors (through the schema) and for the reference.

Those of ``[target.ecs]`` are explained beside what is generated from them, in docs/ecs.md; weights have their reasons in :mod:`decompose.cut.coupling`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEANINGS: Mapping[str, str] = {
    "decompose.since": "The first day of the git history that counts: `2025-01-31`. Without it two years before the newest commit.",
    "decompose.source-link": "Where places on the plan's page lead: a link with `{path}`, `{line}`, and `{root}` for the project's folder. Without it an editor.",
    "decompose.source": "Import roots, when they are not found: folders relative to the project.",
    "decompose.exclude": "Globs over paths that are not read.",
    "decompose.settings": "The framework's settings module, when it is not found: `shop.settings` or its path.",
    "decompose.contexts": "How many contexts to propose: `7` or `\"4-8\"`. Without it the score chooses.",
    "decompose.context-count": "Another word for `contexts`.",
    "decompose.services-folder": "Folder that services are written to.",
    "decompose.boundary-package": "Dotted name of the package for generated boundaries. Without it `boundaries` in the project's main package.",
    "decompose.seed": "Seed of the search for a cut. The same seed gives the same cut.",
    "decompose.min-version": "The least version of decompose that may work on this project.",
    "decompose.apart": "Lists of globs: no two of a list meet in one context.",
    "evidence.coverage": "Cobertura reports (`coverage xml`), as paths or globs in the project.",
    "evidence.statements": "Exports of `pg_stat_statements`.",
    "evidence.spans": "OpenTelemetry spans as OTLP JSON.",
    "contexts.description": "A sentence for the plan.",
    "contexts.team": "Who owns it; the export of CODEOWNERS uses it.",
    "contexts.modules": "Globs over modules (`shop.orders.**`), or single top-level definitions (`shop.models.Invoice`), that belong to it.",
    "contexts.owns": "Globs over tables (`orders_*`) that it owns.",
    "contexts.merge": "Proposed contexts that become part of this one.",
    "contexts.was": "The proposed name that this one replaces.",
    "contexts.split": "Names of the contexts that this one falls into.",
    "shared.modules": "Globs over what stays a library and belongs to no context.",
    "shared.reference-tables": "Tables that nobody changes at run time.",
    "decisions.id": "Id of an edge, key or transaction, a glob over ids, or a glob over `context:kind:source`.",
    "decisions.choice": "A disposition for an edge, a treatment for a key, a transaction or a table.",
    "decisions.reason": "Why, for those who read the plan.",
    "decisions.by": "Who decided.",
    "waivers.id": "Id of a decision, or a glob over ids, that stays as it is for now.",
    "waivers.reason": "Why that is right for now.",
    "waivers.until": "The last day of the waiver. Without it there is no end.",
    "waivers.by": "Who waived it.",
    "operations.name": "Another name for the operation; only where the table names one operation and no glob.",
    "operations.timeout": "Seconds for all tries of a call together.",
    "operations.idempotent": "Whether a call may be repeated when nobody knows if it happened.",
    "operations.fallback": "What callers get while the service does not answer: `raise`, `empty`, `none`, `last` or `default:` and a Python literal.",
    "operations.page-size": "Rows of one request, of an operation that returns pages.",
    "operations.returns": "Type of the answer, where the analysis could not find it: `list:integer`, `entity:Order`.",
    "operations.parameters": "Types of parameters by name, likewise.",
    "verify.database": "URL of a PostgreSQL database; verification makes databases of its own on that server. Without it SQLite.",
    "verify.python": "Interpreter of the monolith's environment. Without it a `.venv` or `venv` beside the project, else the one that runs decompose.",
    "verify.test-command": "How to run the monolith's tests; split as by a shell, `{python}` is replaced.",
    "verify.timeout": "Seconds for one run of the suite.",
    "verify.environment": "Variables for the monolith's tests.",
}
"""By dotted key, without the names that a person gives (``contexts.orders.team`` is ``contexts.team``)."""


def described(schema: dict[str, Any], path: str = "") -> dict[str, Any]:
    """The schema with a description at every key that has a meaning here."""
    found = dict(schema)
    if path in MEANINGS:
        found["description"] = MEANINGS[path]
    if "properties" in schema:
        found["properties"] = {name: described(inner, f"{path}.{name}".lstrip(".")) for name, inner in schema["properties"].items()}
    for below in ("items", "additionalProperties"):
        if isinstance(schema.get(below), dict) and path not in MEANINGS:
            found[below] = described(schema[below], path)
    return found
