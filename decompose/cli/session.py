"""What every command shares: where the result goes, what is said meanwhile, and how the screen looks."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from decompose.cli import candidates

if TYPE_CHECKING:
    from concurrent.futures import Executor
    from pathlib import Path

    from decompose.config import Loaded
    from decompose.model.settings import Config, Options
    from decompose.report.text import Terminal

F = TypeVar("F", bound=Callable[..., Any])

UNLIMITED = 10_000
"""Columns where nobody's screen limits them: what goes into a pipe is not cut."""


class Session:
    """The options that stand before or after any command, and the streams.

    Results go to standard output or ``--output``, everything else to standard error. ``standing`` is what became of the
    user's files so far, for a run that is interrupted; ``format`` the form of the result, as soon as it is known.
    """

    def __init__(self) -> None:
        self.quiet = False
        self.verbose = 0
        self.colour = "auto"
        self.debug = False
        self.config_file: Path | None = None
        self.isolated = False
        self.scheduler = ""
        self.standing = ""
        self.format = ""
        self._line: _ProgressLine | None = None

    # --- result -------------------------------------------------------------------------------

    def result(self, text: str, output: str = "-") -> None:
        """The result of the command, to standard output or a file. Raises :class:`FileError` when it cannot be written."""
        if output == "-":
            encoding = "utf-8" if _utf8(sys.stdout) else (sys.stdout.encoding or "ascii")
            self._write(text.encode(encoding, "surrogateescape" if encoding == "utf-8" else "backslashreplace"))
        else:
            self._save(text.encode("utf-8", "surrogateescape"), output)

    def data(self, content: bytes, output: str = "-") -> None:
        """A result for machines: bytes, the same on every terminal."""
        if output == "-":
            self._write(content)
        else:
            self._save(content, output)

    def _write(self, content: bytes) -> None:
        from decompose.errors import FileError

        if self._line is not None:
            self._line.clear()
        stream = getattr(sys.stdout, "buffer", None)
        try:
            if stream is None:
                sys.stdout.write(content.decode("utf-8", "backslashreplace"))
            else:
                stream.write(content)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader has seen enough; nothing more may be flushed to it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise FileError(f"cannot write to standard output: {error.strerror}") from error

    def _save(self, content: bytes, output: str) -> None:
        from pathlib import Path

        from decompose.emit import save_output

        save_output(Path(output), content)
        self.note(f"Wrote {output}")

    # --- messages -----------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Something good to know; silent with ``-q``."""
        if not self.quiet:
            self._say(text)

    def detail(self, text: str) -> None:
        """Something that only ``-v`` asks for."""
        if self.verbose and not self.quiet:
            self._say(text)

    def trace(self, text: str) -> None:
        """Something that only ``-vv`` asks for."""
        if self.verbose > 1 and not self.quiet:
            self._say(text)

    def warn(self, text: str) -> None:
        if not self.quiet:
            self._say(f"{self.paint('Warning:', 'yellow')} {text}")

    def _say(self, text: str) -> None:
        if self._line is not None:
            self._line.clear()
        try:
            print(
                text.encode(sys.stderr.encoding or "ascii", "backslashreplace").decode(sys.stderr.encoding or "ascii"),
                file=sys.stderr,
            )
        except OSError:
            pass

    def paint(self, text: str, colour: str) -> str:
        """``text`` in a colour where standard error shows one."""
        return self.screen().paint(text, colour)  # type: ignore[arg-type]

    def screen(self) -> Terminal:
        """What messages may look like."""
        from decompose.report.text import Terminal

        return Terminal(colour=self.colours(sys.stderr))

    # --- screen -------------------------------------------------------------------------------

    def colours(self, stream: Any) -> bool:
        """Whether a stream gets colours: ``--color``, then NO_COLOR, FORCE_COLOR and TERM, then what it is."""
        if self.colour != "auto":
            return self.colour == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return bool(stream.isatty()) and os.environ.get("TERM") != "dumb"

    def terminal(self, output: str = "-") -> Terminal:
        """What the result may look like where it goes."""
        import shutil

        from decompose.report.text import Terminal

        if output != "-":
            return Terminal(UNLIMITED)
        sized = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
        columns = shutil.get_terminal_size((100, 24)).columns if sized else UNLIMITED
        return Terminal(columns, self.colours(sys.stdout), _utf8(sys.stdout))

    @contextmanager
    def progress(self, after: float = 1) -> Iterator[Callable[[str, int, int], None] | None]:
        """A line of progress on a terminal, once something takes longer than ``after`` seconds; with ``-vv`` a line for each stage, with the seconds so far."""
        if self.verbose > 1 and not self.quiet:
            yield _Stages(self.trace).show
            return
        if self.quiet or not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
            yield None
            return
        self._line = _ProgressLine(after)
        try:
            yield self._line.show
        finally:
            self._line.clear()
            self._line = None

    # --- workers ------------------------------------------------------------------------------

    @contextmanager
    def executor(self) -> Iterator[Executor | None]:
        """Where files are compiled: on the cluster that ``--scheduler`` names, else in processes of this machine (``None``)."""
        if not self.scheduler:
            yield None
            return
        from decompose.scan.cluster import cluster

        with cluster(self.scheduler) as executor:
            yield executor

    # --- project ------------------------------------------------------------------------------

    def settings(self, base: Path) -> Config:
        """The configuration that a command continues with: that of the project, and on top of it the options of the last analysis."""
        return self.continued(base)[0]

    def continued(self, base: Path, contexts: str = "") -> tuple[Config, Options]:
        """As :meth:`settings`, with ``contexts`` of this command line above all, and the options that make the difference."""
        from shlex import join

        import msgspec

        from decompose.config import with_kept, with_options
        from decompose.report.printable import printable

        own = with_options(self.config(base))
        said = self._said(base)
        kept = msgspec.structs.replace(said, contexts="" if contexts else said.contexts)
        if with_kept(own, kept) != own:
            words = printable(join(kept.words()))
            self.note(f"Continuing from the last analysis: {words} (start anew: decompose analyze; keep for good: decompose.toml)")
        if said.configuration != self.configuration:
            self.warn(f"the last analysis was made with {printable(said.configuration)}: give that here too, or analyze again")
        shaping = msgspec.structs.replace(said, contexts=contexts or said.contexts)
        return with_kept(own, shaping), shaping

    def loaded(self, base: Path) -> Loaded:
        """The configuration that commands continue with, and where each of its values comes from."""
        from decompose.config import Loaded, read, values, with_kept

        own = read(base, explicit=self.config_file, isolated=self.isolated)
        continued = with_kept(own.config, self._said(base))
        before = values(own.config)
        changed = {key for key, value in values(continued).items() if before.get(key) != value}
        return Loaded(continued, {**own.places, **dict.fromkeys(changed, "options of the last analysis")})

    @property
    def configuration(self) -> str:
        """How the command line chose the configuration, as it was typed."""
        return "--isolated" if self.isolated else f"--config {self.config_file}" if self.config_file else ""

    def _said(self, base: Path) -> Options:
        """The options of the last analysis that hold for this command.

        A configuration that this command line chooses stands alone, unless the analysis had the same. Options that nobody could have given
        are left out with a warning.
        """
        from decompose import recall
        from decompose.config import with_kept
        from decompose.errors import UsageError
        from decompose.model.settings import Config, Options

        said = recall.options(base)
        try:
            if said is not None:
                with_kept(Config(), said)
        except UsageError:
            said = None
        if said is None:
            self.warn(f"the options of the last analysis cannot be read in {recall.OPTIONS}: analyze again")
            said = Options()
        if self.configuration and said.configuration != self.configuration:
            return Options(configuration=self.configuration)
        return said

    def keep_options(self, base: Path, said: Options) -> None:
        """Keeps what shaped a result, so that the commands after this one speak of the same."""
        from decompose import recall
        from decompose.errors import FileError, RefusedInput

        try:
            recall.keep_options(base, said)
        except (FileError, RefusedInput) as error:
            self.warn(f"the options are not kept for the commands after this one: {error.message}")

    def config(self, base: Path) -> Config:
        """The configuration of a project, without options of any analysis."""
        from decompose.config import INERT, read

        loaded = read(base, explicit=self.config_file, isolated=self.isolated)
        self.detail(f"Settings: {loaded.config.path or 'no file, defaults'}")
        for name, reason in INERT.items():
            if place := loaded.places.get(f"decompose.{name}"):
                self.warn(f"{name} at {place} has no effect: {reason}")
        return loaded.config


class _Stages:
    """A line when a stage begins, for whoever wants to know where the time goes."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._start, self._stage = say, time.monotonic(), ""

    def show(self, stage: str, _: int, total: int) -> None:
        if stage != self._stage:
            self._stage = stage
            self._say(f"{time.monotonic() - self._start:8.2f} s  {stage}{f' ({total:,})' if total else ''}")


class _ProgressLine:
    """One line that is written over, and gone before anything else is said. Never wider than the screen, so that it does not wrap."""

    def __init__(self, after: float = 1) -> None:
        self._start = self._last = time.monotonic()
        self._after = after
        self._stage = ""
        self._shown = False

    def show(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._start < self._after or (now - self._last < 0.1 and stage == self._stage):
            return
        self._last, self._stage, self._shown = now, stage, True
        sys.stderr.write(f"\r\x1b[K{self._text(stage, done, total)}")
        sys.stderr.flush()

    @staticmethod
    def _text(stage: str, done: int, total: int) -> str:
        import shutil

        if not total:
            text = f"{stage} ..."
        else:
            filled = _BAR * min(done, total) // total
            text = f"{stage:7} [{'#' * filled}{'-' * (_BAR - filled)}] {done:,}/{total:,}"
        return text[: max(shutil.get_terminal_size().columns - 1, 1)]

    def clear(self) -> None:
        if self._shown:
            self._shown = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


_BAR = 24
"""Characters of the bar."""


def _utf8(stream: Any) -> bool:
    return (getattr(stream, "encoding", "") or "").lower().replace("-", "") == "utf8"


# --- options ------------------------------------------------------------------------------------


def session_of(context: click.Context) -> Session:
    """The session of the whole command line."""
    return context.find_root().ensure_object(Session)


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def remember(context: click.Context, _: click.Parameter, value: Any) -> None:
        if value not in (None, False, 0, ()):
            setattr(session_of(context), name, value)

    return remember


def _choose_config(context: click.Context, _: click.Parameter, value: str | None) -> None:
    from pathlib import Path

    if value is not None:
        session_of(context).config_file = Path(value)


def _option(name: str, *more: str, **settings: Any) -> Callable[[F], F]:
    """An option of many commands: besides the variable of each command (``DECOMPOSE_ANALYZE_JOBS``) there is one for all (``DECOMPOSE_JOBS``)."""
    return click.option(*more, f"--{name}", envvar=f"DECOMPOSE_{name.replace('-', '_').upper()}", **settings)


def _remember_format(context: click.Context, _: click.Parameter, value: str) -> str:
    session_of(context).format = value
    return value


def shared(function: F) -> F:
    """The options that every command has, understood before and after its name."""
    return _with(
        function,
        _option("quiet", "-q", is_flag=True, expose_value=False, callback=_set("quiet"), help="Only errors on standard error."),
        _option("verbose", "-v", count=True, expose_value=False, callback=_set("verbose"), help="Say more; -vv says what takes how long, too."),
        _option(
            "color", type=click.Choice(["auto", "always", "never"]), expose_value=False, callback=_set("colour"), help="Colours; auto obeys NO_COLOR, FORCE_COLOR and TERM."
        ),
        _option("debug", is_flag=True, expose_value=False, callback=_set("debug"), help="Show the traceback of an error."),
        # Said here and not in the settings of a context: who makes a context of a command by hand, for man pages and the handbook, sees it too.
        click.help_option("-h", "--help", allow_from_autoenv=False),
    )


def configured(function: F) -> F:
    """The options that choose the configuration."""
    file = click.Path(dir_okay=False)
    return _with(
        function,
        _option("config", type=file, metavar="FILE", expose_value=False, callback=_choose_config, help="Use this configuration instead of the nearest."),
        _option("isolated", is_flag=True, expose_value=False, callback=_set("isolated"), help="Use no configuration."),
    )


def _with(function: F, *options: Callable[[F], F]) -> F:
    """``function`` with options, listed in the help in this order."""
    for decorate in reversed(options):
        function = decorate(function)
    return function


def formatted(*names: str) -> Callable[[F], F]:
    """``--format`` with the formats of this command, the first being the default, and ``--output``."""

    def decorate(function: F) -> F:
        output = click.option(
            "-o", "--output", default="-", metavar="FILE", shell_complete=candidates.files, help="Write the result to FILE; - is standard output."
        )
        choice = click.option(
            "-f",
            "--format",
            type=click.Choice(names),
            default=names[0],
            show_default=True,
            is_eager=True,
            callback=_remember_format,
            help="Form of the result.",
        )
        return choice(output(function))

    return decorate


def in_project(function: F) -> F:
    """``--project``: the folder of the monolith where a command's argument is something else."""
    option = _option(
        "project", "-C", default=".", metavar="PATH", show_default=False, shell_complete=candidates.folders, callback=found_upwards,
        help="Folder of the monolith.  [default: this one, or the next above with a decompose.toml or a plan]",
    )  # fmt: skip
    return option(function)


def found_upwards(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """The folder that a command works on: as it was given, else the project around the current folder, which is then named."""
    if context.resilient_parsing or context.get_parameter_source(parameter.name or "") is not click.core.ParameterSource.DEFAULT:
        return value
    from pathlib import Path

    from decompose.project import project_around

    here = Path.cwd()
    root = project_around(here)
    if root == here:
        return value
    session_of(context).note(f"Project: {root}")
    return str(root)


def scanned(function: F) -> F:
    """How the monolith is read."""
    return _with(
        function,
        _option("jobs", type=click.IntRange(1, 256), metavar="N", help="Worker processes; default: one per processor."),
        _option("scheduler", metavar="ADDRESS", expose_value=False, callback=_set("scheduler"), help="Read on the Dask cluster with this scheduler instead."),
        _option("no-cache", is_flag=True, help="Read every file again and keep nothing."),
    )


def examples(*lines: str) -> str:
    """The end of a help page: commands as they can be typed."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
