"""How large a task is to begin with: from what decompose.toml says, else from what the code carries. To be measured, never to be trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from decompose.model.deployment import Gap
from decompose.model.target import Sizes

# CPU units -> MiB. Source: "Task CPU and memory" in the Amazon ECS developer guide, Fargate on Linux.
FARGATE_SIZES: dict[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
    4096: tuple(range(8192, 30720 + 1, 1024)),
    8192: tuple(range(16384, 61440 + 1, 4096)),
    16384: tuple(range(32768, 122880 + 1, 8192)),
}

# Requirement -> MiB that a process has in its memory with it imported and one ordinary piece of work in hand, rounded up.
HEAVY: dict[str, int] = {
    "keras": 4096, "lightgbm": 2048, "matplotlib": 1024, "numpy": 1024, "opencv-python": 2048, "opencv-python-headless": 2048, "openpyxl": 1024,
    "pandas": 2048, "pillow": 1024, "pillow-simd": 1024, "polars": 2048, "pyarrow": 2048, "reportlab": 1024, "scikit-image": 2048, "scikit-learn": 2048,
    "scipy": 2048, "spacy": 4096, "tensorflow": 8192, "torch": 8192, "transformers": 8192, "weasyprint": 1024, "xgboost": 2048,
}  # fmt: skip
FEW_ROUTES = 20
# Source: "Service Connect" in the developer guide: what its proxy wants beside the application.
PROXY = (256, 64)
COLLECTOR = (128, 256)
DISPATCHER = (128, 256)


class Size(msgspec.Struct, frozen=True):
    """CPU units and MiB of a task, why these, and what could not be had as asked for."""

    cpu: int
    memory: int
    reason: str
    gaps: tuple[Gap, ...] = ()


def fargate_size(cpu: int, memory: int) -> tuple[int, int]:
    """The smallest pair that Fargate accepts with at least this CPU (units) and memory (MiB).

    Raises :class:`ValueError` when no task is that large.
    """
    for units, sizes in FARGATE_SIZES.items():
        for size in sizes:
            if units >= cpu and size >= memory:
                return units, size
    raise ValueError(f"no Fargate task has {cpu} CPU units and {memory} MiB")


def web_size(asked: Sizes, requirements: Sequence[str], routes: int, *, fargate: bool, telemetry: bool, events: bool = False) -> Size:
    """The size of a task that answers requests."""
    few = routes <= FEW_ROUTES
    work = (256, 512) if few else (512, 1024)
    reason = f"{work[0]} units and {work[1]} MiB for {'few' if few else 'many'} routes ({routes}), {PROXY[0]} and {PROXY[1]} for Service Connect's proxy"
    beside = PROXY
    if events:
        beside = (PROXY[0] + DISPATCHER[0], PROXY[1] + DISPATCHER[1])
        reason += f", {DISPATCHER[0]} and {DISPATCHER[1]} for what sends events"
    return _size(asked, requirements, work, beside, reason, fargate=fargate, telemetry=telemetry)


def worker_size(asked: Sizes, requirements: Sequence[str], *, fargate: bool, telemetry: bool) -> Size:
    """The size of a task that works off a queue: a parent and two processes that each hold the application."""
    return _size(asked, requirements, (512, 1024), (0, 0), "512 units and 1024 MiB for a worker with two processes", fargate=fargate, telemetry=telemetry)


def job_size(asked: Sizes, requirements: Sequence[str], *, fargate: bool) -> Size:
    """The size of one-off tasks where nothing else runs with it."""
    return _size(asked, requirements, (256, 512), (0, 0), "256 units and 512 MiB for one-off tasks", fargate=fargate, telemetry=False)


def _size(asked: Sizes, requirements: Sequence[str], work: tuple[int, int], beside: tuple[int, int], reason: str, *, fargate: bool, telemetry: bool) -> Size:
    names = {re.split(r"[^A-Za-z0-9._-]", line.strip(), maxsplit=1)[0].lower().replace("_", "-") for line in requirements}
    heavy = max(((HEAVY[name], name) for name in names & HEAVY.keys()), default=(0, ""))
    cpu, memory = work
    if heavy[0] > memory:
        memory = heavy[0]
        reason += f"; {memory} MiB because of {heavy[1]}"
    cpu, memory = cpu + beside[0], memory + beside[1]
    if telemetry:
        cpu, memory = cpu + COLLECTOR[0], memory + COLLECTOR[1]
        reason += f"; {COLLECTOR[0]} and {COLLECTOR[1]} for the collector"
    if asked.cpu or asked.memory:
        cpu, memory = asked.cpu or cpu, asked.memory or memory
        said = " and ".join(name for name, value in (("CPU", asked.cpu), ("memory", asked.memory)) if value)
        reason = f"{said} as decompose.toml says" if asked.cpu and asked.memory else f"{said} as decompose.toml says, the rest: {reason}"
    if not fargate:
        return Size(cpu, memory, reason)
    pair = fargate_size(cpu, memory)
    gaps: tuple[Gap, ...] = ()
    if asked.cpu and asked.memory and pair != (cpu, memory):
        gaps = (Gap(f"{cpu} CPU units with {memory} MiB", f"Fargate has no such pair; the next larger one is {pair[0]} units and {pair[1]} MiB"),)
    return Size(*pair, reason, gaps)
