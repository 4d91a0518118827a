"""The six reversible steps from a context in the monolith to a service, with the commands that take them and take them back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from decompose.model.migration import BoundaryEdge, Project, Step

Name = Literal["seal", "serve", "shadow", "split", "switch", "retire"]

STEPS: tuple[Name, ...] = ("seal", "serve", "shadow", "split", "switch", "retire")
"""Rows move before calls do: the service's database starts empty, and nobody may write to two."""

SHOWN = 20
"""Blocking edges named per step; the plan's edges have them all."""


def steps(name: str, project: Project, edges: Iterable[BoundaryEdge], services: str = "services") -> tuple[Step, ...]:
    """The steps for one context in order. ``blocked_by`` are ids of edges that a person must decide before the step.

    An edge that blocks ``switch`` does not stop ``seal``: what is sealed runs as before.
    """
    package = f"{name.replace('-', '_')}_service"
    root = f"{services}/{name}"
    switch = f"{name.replace('-', '_').upper()}_MODE"
    tests = project.test_command.replace("{python}", "python") or "the monolith's own test command"
    blocked: dict[str, list[str]] = {}
    for edge in edges:
        if edge.disposition == "decide" and not edge.test:
            blocked.setdefault(edge.blocks or "switch", []).append(edge.id)

    def step(kind: Name, title: str, command: str, proof: str, reverse: str, *, last_safe: bool = False) -> Step:
        return Step(
            id=f"{name}-{STEPS.index(kind) + 1}-{kind}",
            name=kind,
            title=title,
            command=command,
            proof=proof,
            reverse=reverse,
            last_safe=last_safe,
            blocked_by=tuple(sorted(blocked.get(kind, ()))[:SHOWN]),
        )

    return (
        step(
            "seal",
            f"Calls into {name} go through its boundary, which runs the same code as before",
            f"decompose extract {name} --step seal",
            f"{tests}: the same results as before, with {switch} unset (local)",
            f"decompose extract {name} --step seal --undo",
        ),
        step(
            "serve",
            "The service runs on an empty database of its own; nothing calls it",
            f"decompose extract {name} --step serve, then docker compose -f {root}/compose.yaml up --build --detach",
            f"decompose verify {name}",
            f"docker compose -f {root}/compose.yaml down --volumes, then decompose extract {name} --step serve --undo",
        ),
        step(
            "shadow",
            "Calls pass through the serialised contract inside the monolith; then the service is asked the same beside it, and the local answer is used",
            f"{switch}=loopback {tests}, then decompose extract {name} --step shadow",
            "the same results as with the local mode; every difference names its boundary edge or its operation",
            f"{switch}=local, decompose extract {name} --step shadow --undo",
        ),
        step(
            "split",
            "Foreign keys across the cut lose their constraints, and the rows are copied while users write",
            f"decompose extract {name} --step split, then python -m {package}.copy_data copy",
            f"{tests}; python -m {package}.copy_data verify names nothing but rows written since",
            f"decompose extract {name} --step split --undo; nothing uses the new database yet",
        ),
        step(
            "switch",
            "Writes stop, the rest is copied and the rows are cut over; calls go to the service, and the monolith hands the moved routes on to it",
            f"python -m {package}.copy_data cut-over, {switch}=remote with the boundary's middleware for moved routes",
            f"{tests} with {switch}=remote; python -m {package}.copy_data reconcile; error rate, 401 and 403, and p95 within the limits agreed on",
            f"{switch}=local, python -m {package}.copy_data back --final: what was written since comes back",
            last_safe=True,
        ),
        step(
            "retire",
            "The local implementation, its tables and its tests leave the monolith",
            f"decompose extract {name} --step retire",
            "decompose plan --check",
            "none: restore from version control and backup",
        ),
    )
