"""What every error code means: cause and way out, for ``decompose explain CODE``."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """``exit_code`` is how a command ends that reports it."""

    title: str
    exit_code: int
    text: str


CODES = {
    "D101": Code(
        "The command line does not fit",
        2,
        "An option, a path or a name is not one that decompose knows. The message names it and the hint gives the nearest that exists. "
        "`decompose COMMAND --help` lists the options, `decompose show contexts` the names.",
    ),
    "D102": Code(
        "A setting cannot be",
        2,
        "decompose.toml, or [tool.decompose] in pyproject.toml, has an unknown key or a value out of range. The place is file and line. "
        "Nothing is ignored, so that a misspelt decision is not lost. `decompose config show --source` lists what is in force, "
        "`decompose schema config` gives the schema for your editor.",
    ),
    "D103": Code(
        "Input that must not be followed",
        2,
        "The target holds something that would lead a write out of the project: a link on the way, a path with `..`, a file where a "
        "folder is needed, or a name that version control claims. Nothing was written. Remove the link or exclude the folder.",
    ),
    "D104": Code(
        "Reading or writing failed",
        3,
        "The disk is full, the file system is read-only, a file is gone or may not be read. The message has path and reason. Files are "
        "written all or none: the tree is as it was before. Mend the cause and run the same command again.",
    ),
    "D105": Code(
        "Too much could not be read",
        6,
        "More files than allowed could not be parsed, so the analysis would mislead. `decompose show unresolved` names each with line "
        "and reason. Exclude what is not Python of this project, or run without --strict.",
    ),
    "D301": Code(
        "The context needs decisions first",
        1,
        "Some uses across the boundary have no treatment that is safe to choose for you: a transaction over two contexts, an object that "
        "escapes into a template, SQL text that names a moved table. `decompose show boundary CONTEXT` lists them first, marked decide. "
        "Write each choice into decompose.toml as [[decisions]] with id and choice, then run `decompose plan` again.",
    ),
    "D310": Code(
        "The plan no longer fits the source",
        1,
        "Source or decisions changed since the plan was made, so that extracting from it would act on something nobody reviewed. Run "
        "`decompose plan`, look at what changed (plan.json and plan.md differ in version control), then extract. `--replan` does so in one go.",
    ),
    "D401": Code(
        "Your edits and new output meet",
        4,
        "A generated file that you edited changed in the same lines. Both versions stand in the file between `<<<<<<< yours` and "
        "`>>>>>>> decompose`; every other file was written. Resolve them and run the same command again. If the message says that a file "
        "was not written by decompose, nothing was written: move that file away.",
    ),
    "D402": Code(
        "Another run is writing",
        5,
        "Only one run may write to a project at a time. The message has the process id of the other. The lock ends with that process, "
        "however it ends: no file has to be removed.",
    ),
}  # fmt: skip
