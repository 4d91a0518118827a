"""What a person decided, as values: the content of ``decompose.toml`` with defaults filled in."""

from __future__ import annotations

import msgspec

from decompose.model.target import Target


class ContextSettings(msgspec.Struct, frozen=True):
    """``[contexts.NAME]``: hard constraints on one context.

    ``modules`` and ``owns`` are globs (``shop.orders.**``, ``orders_*``); ``modules`` may name top-level definitions, too
    (``shop.models.Invoice``). ``merge`` names proposed contexts that become part of this one; ``was`` is the proposed name that this one
    replaces. ``split`` names the contexts that this one falls into.
    """

    name: str
    description: str = ""
    team: str = ""
    modules: tuple[str, ...] = ()
    owns: tuple[str, ...] = ()
    merge: tuple[str, ...] = ()
    was: str = ""
    split: tuple[str, ...] = ()


class EdgeDecision(msgspec.Struct, frozen=True):
    """``[[decisions]]``: the disposition of boundary edges, foreign keys or transactions by id or glob over ids.

    ``id`` may also be a glob on ``<context>:<kind>:<source>`` (``reviews:orm:shop.reporting.**``). For ``FK-`` and ``TX-`` ids
    ``choice`` is the treatment's name.
    """

    id: str
    choice: str
    reason: str = ""
    by: str = ""


class Waiver(msgspec.Struct, frozen=True):
    """``[[waivers]]``: decisions that stand as they are until a day, with the reason. ``id`` is one or a glob over ids, ``until`` the last day (``2027-03-01``), ``""`` for no end."""

    id: str
    reason: str
    until: str = ""
    by: str = ""


class OperationSettings(msgspec.Struct, frozen=True):
    """``[operations.CONTEXT.NAME]``: how a person wants an operation of a boundary.

    ``operation`` is its name or a glob over names; an exact one counts more than a glob. ``name`` is its new name. ``timeout`` in seconds,
    0 when not said; ``page_size`` is the number of rows of one request. ``returns`` and ``parameters`` are neutral types
    (``list:integer``, ``entity:Order``), which say what the analysis could not find, too.
    """

    context: str
    operation: str
    name: str = ""
    timeout: float = 0.0
    idempotent: bool | None = None
    fallback: str = ""
    page_size: int = 0
    returns: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """Where it stands in the configuration."""
        return f"operations.{self.context}.{self.operation}"

    @property
    def exact(self) -> bool:
        """Whether it names one operation."""
        return not any(mark in self.operation for mark in "*?[")


class VerifySettings(msgspec.Struct, frozen=True):
    """``[verify]``: how to run the monolith's own code when asked to.

    ``python`` is the interpreter of the monolith's environment (``""``: a ``.venv`` or ``venv`` beside the project, else the one
    that runs decompose). ``test_command`` is split as by a shell, ``{python}`` is replaced. ``database`` is the URL of a database on a
    PostgreSQL server where verification makes databases of its own for the service (``""``: SQLite). ``timeout`` in seconds, for one run of the suite.
    """

    python: str = ""
    test_command: str = ""
    database: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    timeout: float = 1800.0


class EvidenceSettings(msgspec.Struct, frozen=True):
    """``[evidence]``: files with what was seen at run time, as paths or globs relative to the project.

    ``coverage`` are Cobertura reports, ``statements`` exports of ``pg_stat_statements``, ``spans`` OpenTelemetry spans as OTLP JSON.
    """

    coverage: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    spans: tuple[str, ...] = ()


class Options(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the command line of an analysis said about its result, as it was typed.

    ``configuration`` is how the settings were chosen (``--config other.toml``, ``--isolated``), ``""`` for the nearest file. Files of
    ``evidence`` are absolute: commands may be given in another folder.
    """

    contexts: str = ""
    exclude: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    pins: tuple[str, ...] = ()
    seed: int | None = None
    configuration: str = ""
    evidence: EvidenceSettings = EvidenceSettings()
    fresh: bool = False
    since: str = ""

    def words(self) -> tuple[str, ...]:
        """The options one by one, those that choose the settings left out."""
        seen = self.evidence
        many = (
            ("--weight", self.weights), ("--pin", self.pins), ("--exclude", self.exclude),
            ("--coverage", seen.coverage), ("--query-stats", seen.statements), ("--spans", seen.spans),
        )  # fmt: skip
        return (
            *(("--contexts", self.contexts) if self.contexts else ()),
            *(("--seed", str(self.seed)) if self.seed is not None else ()),
            *(("--since", self.since) if self.since else ()),
            *(("--fresh",) if self.fresh else ()),
            *(word for option, values in many for value in values for word in (option, value)),
        )


class Config(msgspec.Struct, frozen=True):
    """All settings. ``path`` is the file they came from, ``""`` when there is none.

    ``exclude`` are globs over paths, ``source`` extra import roots, ``settings_module`` the framework's settings when not found.
    ``contexts_min``/``contexts_max`` of 0 leave the number to the score. ``weights`` override :mod:`decompose.cut` by kind.
    ``shared_modules`` are globs over what stays a library. Of each entry in ``apart``, which holds globs, no two may meet in one context.
    ``source_link`` is where the review page goes for a place in the source, with ``{path}`` and ``{line}`` to be filled in (``{root}``: the project's folder), ``""`` for an editor.
    ``fresh`` proposes anew instead of keeping the accepted map. ``since`` is the first day of the git history that counts, ``""`` for two years before the
    newest commit. ``places`` maps the dotted key of each value that was set to ``path:line``, for errors about two of them.
    """

    path: str = ""
    source: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    settings_module: str = ""
    contexts_min: int = 0
    contexts_max: int = 0
    weights: tuple[tuple[str, float], ...] = ()
    evidence: EvidenceSettings = EvidenceSettings()
    contexts: tuple[ContextSettings, ...] = ()
    shared_modules: tuple[str, ...] = ()
    apart: tuple[tuple[str, ...], ...] = ()
    reference_tables: tuple[str, ...] = ()
    decisions: tuple[EdgeDecision, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    operations: tuple[OperationSettings, ...] = ()
    boundary_package: str = ""
    source_link: str = ""
    services_folder: str = "services"
    seed: int = 0
    fresh: bool = False
    since: str = ""
    verify: VerifySettings = VerifySettings()
    target: Target = Target()
    places: tuple[tuple[str, str], ...] = ()

    def place(self, key: str) -> str:
        """``path:line`` of a value by its dotted key, the file's path where it was set in another way."""
        return dict(self.places).get(key, self.path)
