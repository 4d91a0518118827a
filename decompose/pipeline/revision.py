"""A plan's edits, made of a map and of the settings at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from decompose.errors import UsageError
from decompose.model.contexts import Scores
from decompose.model.edits import Edit, Edits
from decompose.model.settings import Config
from decompose.pipeline.analysis import Analysis, proposed, with_survey
from decompose.pipeline.reading import past_commits


@dataclass(frozen=True)
class Revised:
    """What edits make of a map: ``text`` of the settings file, and the analysis with the map that it gives.

    ``done`` are the edits with the figures before and after each. ``kept`` are modules, definitions and tables that would have followed
    what was moved, as ``(kind, subject, context)``: they were pinned where the person saw them.
    """

    path: Path
    text: str
    analysis: Analysis
    done: tuple[tuple[Edit, Scores, Scores], ...]
    kept: tuple[tuple[str, str, str], ...]


_ROUNDS = 6
"""Times that strays are pinned: modules first, then what these drag along, then tables."""


def revise(analysis: Analysis, edits: Edits, path: Path, settings: Callable[[Config], Config] = lambda own: own) -> Revised:
    """Applies ``edits`` to a map and to the text of the settings at ``path``, so that analyzing with these gives just the edited map.

    Nothing is written. ``settings`` puts the options of the command line on top of a configuration. Raises :class:`UsageError` for an edit that does not
    fit, :class:`ConfigError` when another decision stands against one.
    """
    from decompose.config import parse
    from decompose.config_edits import SettingsText
    from decompose.cut.edited import Edited, differences

    graph = analysis.graph
    wanted = Edited(graph, analysis.context_map, analysis.config)
    before_text = path.read_text(encoding="utf-8") if path.exists() else ""
    text = SettingsText(
        before_text,
        prefix="tool.decompose." if path.name == "pyproject.toml" else "",
        proposed={placed.context for placed in analysis.context_map.proposal},
        definitions={definition.top: definition.module for definition in graph.definitions},
        place=wanted.place,
    )
    done = []
    figures = wanted.scores()
    for number, edit in enumerate(edits.edits, start=1):
        try:
            wanted.apply(edit)
            text.apply(edit)
        except UsageError as error:
            raise UsageError(f"edit {number} cannot be applied: {error.message}", hint=error.hint) from error
        after = wanted.scores()
        done.append((edit, figures, after))
        figures = after
    text.settle({*wanted.contexts, *(context.name for context in analysis.context_map.contexts if not context.modules)})
    kept: list[tuple[str, str, str]] = []
    past = past_commits(analysis.base, analysis.config)
    for _ in range(_ROUNDS):
        config = settings(parse(text.text, str(path)).config)
        found = proposed(graph, config, past, analysis.accepted.context_map if analysis.accepted else None)
        strays = differences(wanted, found)
        if not strays:
            surveyed = with_survey(graph, analysis.program, found, config)
            return Revised(path, text.text, replace(analysis, config=config, context_map=surveyed, inputs=None), tuple(done), tuple(kept))
        if set(strays) <= set(kept):
            break
        text.keep(strays)
        kept += strays
    kind, subject, context = strays[0]
    raise UsageError(
        f"the {kind} {subject} cannot be in {context}: another decision of {path.name} puts it elsewhere", hint="look for a pattern that fits it, and make it narrower", place=str(path)
    )
