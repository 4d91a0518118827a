"""decompose: find the bounded contexts in a Python monolith and extract them, one proven service at a time.

The folders are the stages, in the order data passes them::

    scan          files of the target, named and cached       path -> SourceTree
    syntax        what one file's text says, as symbols        text -> ModuleSummary
    link          symbols resolved across files                summaries -> Program
    detect        one file per framework                       Program -> facts
    graph         facts and edges of the whole project         -> CodeGraph
    observe       what was seen at run time                    bytes + CodeGraph -> CodeGraph
    cut           bounded contexts and data ownership          -> ContextMap
    planning      decisions, boundaries, order, steps          -> MigrationPlan
    rewrite       edits in the monolith, by libcst             -> Artifacts
    generate      the service and everything around it         -> Artifacts
    emit          the only writer of the user's tree           Artifacts -> files
    verification  the only stage that runs the user's code, when asked
    report        text, Markdown, JSON, graphs
    recall        the last result, while nothing it depends on has changed
    steps         one extraction as changes that are taken, and taken back, one by one
    pipeline      the use cases as sentences; cli puts them on the command line
    model         the vocabulary that all of them share

The Python API is the use cases: ``analyze``, ``plan``, ``extract`` and ``verify``. Two stages have longer names than their use cases because a
subpackage would take the function's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from decompose.pipeline import Analysis, analyze, extract, plan, verify

__all__ = ["Analysis", "__version__", "analyze", "extract", "plan", "verify"]


def __getattr__(name: str) -> Any:
    """The use cases, imported when first asked for: ``import decompose`` stays as fast as Python itself."""
    if name in __all__:
        from decompose import pipeline

        return getattr(pipeline, name)
    raise AttributeError(f"module 'decompose' has no attribute {name!r}")
