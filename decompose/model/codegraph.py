"""The linked project: what `analyze` knows before any opinion about contexts."""

from __future__ import annotations

from typing import Literal

import msgspec

from decompose.model import facts
from decompose.model.location import Location
from decompose.model.runtime import Runtime
from decompose.model.source import SkippedFile

EdgeWhen = Literal["load", "call", "string", "typing"]
EdgeKind = Literal["import", "call", "inherit", "reference", "signal", "task", "template"]


class Module(msgspec.Struct, frozen=True):
    """A Python module of the target. ``role`` is ``test``, ``migration``, ``settings`` or ``code``."""

    id: str
    path: str
    lines: int
    role: Literal["code", "test", "migration", "settings"] = "code"
    is_package: bool = False
    doc: str = ""


class Definition(msgspec.Struct, frozen=True):
    """A class, function or method; ``top`` is the id of the top-level definition that encloses it."""

    id: str
    module: str
    kind: Literal["class", "function", "method"]
    line: int
    end_line: int
    top: str


class Edge(msgspec.Struct, frozen=True):
    """A dependency with its evidence. Imports run module to module, other kinds definition to definition.

    A source at module level is the module's id. ``weight`` is the number of places. ``when`` is set on imports: ``string`` is a
    module that is named by a literal only, in a setting or a call of ``import_module``.
    """

    src: str
    dst: str
    kind: EdgeKind
    at: tuple[Location, ...]
    when: EdgeWhen = "load"

    @property
    def weight(self) -> int:
        return len(self.at)


class CodeGraph(msgspec.Struct, frozen=True):
    """Modules, definitions, edges and facts of one project, all sorted.

    ``sources`` are the import roots; ``requirements`` maps an imported top-level name to the installed
    distribution's requirement line where the project declares one; ``digest`` is a hash over the source texts.
    ``newer_syntax`` are the paths of files that were read although they are written for a newer Python than the one running.
    ``runtime`` is what was seen while the program ran, where there is evidence of that.
    """

    frameworks: tuple[str, ...]
    sources: tuple[str, ...]
    files: int
    lines: int
    digest: str
    modules: tuple[Module, ...]
    definitions: tuple[Definition, ...]
    edges: tuple[Edge, ...]
    tables: tuple[facts.Table, ...]
    foreign_keys: tuple[facts.ForeignKey, ...]
    accesses: tuple[facts.Access, ...]
    model_uses: tuple[facts.ModelUse, ...]
    transactions: tuple[facts.Transaction, ...]
    routes: tuple[facts.Route, ...]
    tasks: tuple[facts.Task, ...]
    task_sends: tuple[facts.TaskSend, ...]
    schedules: tuple[facts.Schedule, ...]
    subscriptions: tuple[facts.Subscription, ...]
    emissions: tuple[facts.Emission, ...]
    commands: tuple[facts.Command, ...]
    settings: tuple[facts.Setting, ...]
    setting_reads: tuple[facts.SettingRead, ...]
    environment: tuple[facts.EnvironmentRead, ...]
    strings: tuple[facts.StringReference, ...]
    externals: tuple[facts.External, ...]
    unresolved: tuple[facts.Unresolved, ...]
    failed: tuple[SkippedFile, ...] = ()
    newer_syntax: tuple[str, ...] = ()
    runtime: Runtime = Runtime()
