"""What ``verify`` says of an extraction to the processes of the suite."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Spec:
    """One run of the suite.

    ``root`` is the tree under test, ``package`` the package of all boundaries, ``mode`` the mode of the context. ``tests`` are paths
    of test modules below ``root``. ``moved`` are those of files whose code moves, with line ranges where it is only a part. ``tables``
    are those that move, ``replicas`` the monolith's models of which the service keeps shadows. ``folder`` is where the kit keeps records and databases, ``packages`` where the libraries of the boundary are.

    ``python``, ``service``, ``command``, ``variables`` start the service (``{port}`` in the command is replaced); ``template`` is a
    migrated database that every process of the suite gets a copy of.

    A second run asks what a test fails of: ``only`` these tests run, and monolith code is ``helped`` to the service's rows.
    """

    framework: str
    context: str
    package: str
    mode: str
    root: str
    folder: str
    packages: str
    tests: list[str] = field(default_factory=list)
    moved: dict[str, list[list[int]]] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    replicas: list[str] = field(default_factory=list)
    python: str = ""
    service: str = ""
    command: list[str] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)
    template: str = ""
    only: list[str] = field(default_factory=list)
    helped: bool = False

    @property
    def alias(self) -> str:
        """The name of the service's database in the monolith's framework."""
        return f"decompose_{self.context}"


def read(path: str) -> Spec:
    return Spec(**json.loads(Path(path).read_text()))
