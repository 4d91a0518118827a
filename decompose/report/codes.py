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
    "D201": Code(
        "Code imports a module of another context",
        1,
        "A module of one context imports one of another, which it did not when the plan was signed. Each such import is one more use that has to go over the "
        "network once the other context is a service. Imports that run count, inside functions too; those under TYPE_CHECKING do not. Go through what the "
        "other context offers, or move the code there. Where it is right as it is, say so on the line: `# decompose: ignore[D201] why`, or sign it: "
        "`decompose plan --accept map`.",
    ),
    "D202": Code(
        "Code writes a table of another context",
        1,
        "One context owns each table and alone writes it; that is what lets it become a service with a database of its own. Call a function of the owner that "
        "writes the rows, or add one. `decompose explain TABLE` says who owns it and why.",
    ),
    "D203": Code(
        "Code reads a table of another context",
        1,
        "Once the table is in another database this query cannot be run, and what it joins has to be asked for. Call a function of the owner that gives the "
        "rows, or keep a copy of the few columns in use that its events feed.",
    ),
    "D204": Code(
        "A foreign key refers to a table of another context",
        1,
        "No database can keep a constraint to a table of another one. Keep the number without the constraint, ask the owner for the rest, and agree on what "
        "happens when the row is deleted there. `decompose explain FK-001` has the choices for one key.",
    ),
    "D205": Code(
        "A transaction commits in the tables of two contexts",
        1,
        "After the extraction there are two commits, and either can fail alone. Commit in one context and let the others follow: by an event that is recorded in "
        "the same commit, or by a call after it. The chain names the first write in each context, with the calls on the way there.",
    ),
    "D206": Code(
        "A module belongs to no context",
        1,
        "The module is newer than the signed plan, and neither decompose.toml nor the modules beside it tell whose it is: a package of which all modules belong "
        "to one context takes new ones in by itself. Name it under [contexts.NAME] modules, or under [shared] modules when it stays a library.",
    ),
    "D207": Code(
        "Code calls into another context in a new way",
        1,
        "A function or class of another context is called, subclassed, sent as a task or listens to a signal, through a module that is imported "
        "already. What was called when the plan was signed is known; this is one operation more for the boundary. Use one that is there, or move the code.",
    ),
    "D208": Code(
        "A comment that ignores has no code or no reason",
        1,
        "`# decompose: ignore[D201] reason` lets one kind of finding pass on its line. Without a code it would hide what nobody has seen yet, and without a "
        "reason nobody can tell later whether it still holds; so it does nothing.",
    ),
    "D209": Code(
        "A comment ignores nothing",
        0,
        "What the comment let pass is no longer there. Remove it, so that it does not let the next one pass. This is a warning: it fails no check.",
    ),
    "D210": Code(
        "A file could not be read",
        6,
        "The file does not parse, is no text that Python reads, or is a pipe or a link that leads nowhere, so nobody can say what it uses. The check is not "
        "complete: known uses that are not seen may rest on this file, so none counts as gone, and `--update-baseline` takes nothing out. Mend the file, or "
        "leave it out with `exclude` under [decompose] in decompose.toml. One that was unread already when the plan was signed, a test and a migration are "
        "warnings and fail no check.",
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
        "Source or decisions changed since the plan was made, or the plan is not the one that was signed, so that extracting from it would act on something nobody "
        "reviewed. Run `decompose plan`, look at what changed (`decompose diff plan.lock`), sign it with `decompose plan --accept` where plan.lock is kept, then "
        "extract. `--replan` does so in one go, without a signature.",
    ),
    "D311": Code(
        "A waiver is over",
        1,
        "Somebody let a foreign key, a transaction or a table be as it is until a day, and that day is past. Solve it, or waive it anew with a reason: "
        "`decompose plan --waive FK-021 --until 2027-03-01 --reason \"replica ok\"`.",
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
    "D403": Code(
        "A generated file was edited by hand",
        1,
        "The file is made anew on each run, so the edit would be lost. Make the change where the file comes from: in decompose.toml, in the source of the "
        "monolith, or in one of the files beside it that are merged with your edits. `decompose extract CONTEXT` restores it.",
    ),
}  # fmt: skip
