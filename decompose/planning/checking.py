"""Today's crossings against those that were signed: what is new, what is gone, and what a comment in the source lets pass."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from decompose.graph.roles import role
from decompose.model.findings import UNREAD, Checked, EditedFile, Finding, Ignore
from decompose.model.location import Location
from decompose.model.lock import Crossing, PlanLock, Rule
from decompose.model.settings import Waiver
from decompose.model.source import SkippedFile

_WHAT: Mapping[Rule, str] = {
    "D201": "{here} imports {target} of {there}",
    "D202": "{here} writes {target}, a table of {there}",
    "D203": "{here} reads {target}, a table of {there}",
    "D204": "the key {source} of {here} refers to {target} of {there}",
    "D205": "{source} commits in the tables of {there} at once",
    "D206": "{source} belongs to no context",
    "D207": "{here} calls {target} of {there}",
}
_NEXT: Mapping[Rule, str] = {
    "D201": "let {there} offer what is needed and go through that, or move the code to {there}",
    "D202": "let {there} write it: call a function of {there} that is used already, or add one there",
    "D203": "ask {there} for the rows: call a function of {there}, or keep a copy of the columns in use",
    "D204": "keep the number without the constraint, and ask {there} for the rest",
    "D205": "commit in one context, and let the others follow by an event or a call after the commit",
    "D206": "name it under [contexts.NAME] modules or [shared] modules in decompose.toml, then run `decompose plan` and `decompose plan --accept map`",
    "D207": "call what {here} uses of {there} already, or move the code to {there}",
}
_SIGN = "; if it is to stay, sign it: `decompose plan`, then `decompose plan --accept map`"

Sealed = Mapping[str, str]
"""The generated boundary package of every context that has one."""


def checked(found: Iterable[Crossing], lock: PlanLock, ignores: Iterable[Ignore], sealed: Sealed, unread: Iterable[SkippedFile] = ()) -> Checked:
    """The crossings that nobody signed, with the comments that have no reason or nothing to ignore, and the files that are ``unread``.

    A use can rest on a file that neither its key nor its place names: a table on the file with its model, a transaction on every call on the way. So
    while a file is unread that was read when the plan was signed, or is new, nothing counts as gone, and no comment as of no use.
    """
    crossings = tuple(found)
    known = set(lock.known)
    new = [each for each in crossings if each.key not in known]
    imported = {(each.source, each.target) for each in new if each.rule == "D201"}
    comments = _Comments(ignores)
    findings: list[Finding] = []
    for each in crossings:
        comments.meet(each)
    for each in new:
        left = tuple(at for at in each.places if not comments.let(each.rule, at))
        if left and not (each.rule == "D207" and _through(each, imported)):
            findings.append(_finding(each, left, sealed))
    keys = {each.key for each in crossings}
    skipped = tuple(unread)
    untold = list(_unread(skipped, set(lock.unread)))
    complete = all(each.level == "warning" for each in untold)
    findings += [*untold, *(each for each in comments.findings() if complete or each.code != "D209")]
    return Checked(
        findings=tuple(sorted(findings, key=lambda each: (each.at, each.code, each.key))),
        known=len(known & keys),
        fixed=tuple(sorted(known - keys)) if complete else (),
        ignored=comments.count(new),
        unread=skipped,
        unseen=0 if complete else len(known - keys),
    )


def _through(call: Crossing, imported: Collection[tuple[str, str]]) -> bool:
    """Whether a call goes through an import that is told already."""
    return any(
        (call.source == source or call.source.startswith(f"{source}.")) and (call.target == target or call.target.startswith(f"{target}."))
        for source, target in imported
    )


def _finding(crossing: Crossing, places: tuple[Location, ...], sealed: Sealed) -> Finding:
    here, there = crossing.contexts
    words = {"source": crossing.source, "target": crossing.target, "here": here, "there": there}
    step = _NEXT[crossing.rule].format(**words)
    if there in sealed and crossing.rule in ("D201", "D202", "D203", "D207"):
        step = f"use {sealed[there]} instead"
    chain = tuple(link for link in crossing.chain) if places[0] == crossing.at or len(crossing.chain) > 1 else tuple(
        msgspec.structs.replace(link, at=places[0]) for link in crossing.chain
    )  # fmt: skip
    return Finding(
        code=crossing.rule,
        key=crossing.key,
        message=_WHAT[crossing.rule].format(**words),
        next=step if crossing.rule == "D206" else step + _SIGN,
        at=places[0],
        places=places,
        chain=chain,
    )


# --- other findings -----------------------------------------------------------------------------


def _unread(files: Iterable[SkippedFile], before: Collection[str]) -> Iterator[Finding]:
    """Files whose uses nobody can see. One that was unread ``before``, when the plan was signed, had none to lose; a test or a migration has none."""
    for file in files:
        harmless = file.path in before or role(file.path) in ("test", "migration")
        yield Finding(
            code=UNREAD,
            key=f"{UNREAD} {file.path}",
            message=f"this file is not read, and its uses are not known: {file.reason}",
            next="mend it, or leave it out with `exclude` in decompose.toml"
            + ("" if harmless else "; if it is to stay so, sign that: `decompose plan`, then `decompose plan --accept map`"),
            at=Location(file.path, max(file.line, 1)),
            level="warning" if harmless else "error",
        )


def edited(files: Iterable[EditedFile]) -> Iterator[Finding]:
    """Generated files that the next run would overwrite."""
    for file in files:
        context = file.contexts[0] if file.contexts else ""
        yield Finding(
            code="D403",
            key=f"D403 {file.path}",
            message=f"{file.path} was {'deleted' if file.gone else 'edited'} by hand and is generated for {', '.join(file.contexts)}",
            next=f"change it in decompose.toml or in the file it is made from; `decompose extract {context}` writes it again, and overwrites the edit",
            at=Location(file.path, 1),
        )


def over(waivers: Iterable[Waiver], today: str, place: str) -> Iterator[Finding]:
    """Waivers of which the day is over."""
    for waiver in waivers:
        if waiver.until and waiver.until < today:
            yield Finding(
                code="D311",
                key=f"D311 {waiver.id}",
                message=f"the waiver of {waiver.id} ended on {waiver.until} ({waiver.reason})",
                next=f"solve {waiver.id} (`decompose explain {waiver.id}`), or waive it anew: `decompose plan --waive {waiver.id} --until DATE --reason TEXT`",
                at=Location(place, 1),
            )


# --- comments -----------------------------------------------------------------------------------

_COMMENT = re.compile(r"#\s*decompose:\s*ignore\b(?:\s*\[([^\]]*)\])?[\s:,-]*(.*)")


def ignore(comment: str, at: Location) -> Ignore | None:
    """What a comment says, ``None`` when it is not one of ours."""
    found = _COMMENT.search(comment)
    if found is None:
        return None
    codes = tuple(code.strip().upper() for code in (found[1] or "").split(",") if code.strip())
    return Ignore(at, codes, found[2].strip())


class _Comments:
    """Comments by place, and which of them were of use."""

    def __init__(self, ignores: Iterable[Ignore]) -> None:
        self._all = tuple(ignores)
        self._valid = {each.at: each for each in self._all if each.codes and each.reason}
        self._met: set[tuple[Location, str]] = set()

    def let(self, rule: str, at: Location) -> bool:
        comment = self._valid.get(at)
        return comment is not None and rule in comment.codes

    def meet(self, crossing: Crossing) -> None:
        """Notes that something is there for a comment to ignore."""
        self._met.update((at, crossing.rule) for at in crossing.places if self.let(crossing.rule, at))

    def count(self, new: Iterable[Crossing]) -> int:
        return len({(at, each.rule, each.key) for each in new for at in each.places if self.let(each.rule, at)})

    def findings(self) -> Iterator[Finding]:
        for each in self._all:
            if not each.codes or not each.reason:
                what = "reason" if each.codes else "code"
                yield Finding(
                    "D208", f"D208 {each.at}", f"this comment ignores nothing, for it has no {what}", "write `# decompose: ignore[D201] why this use is right`", each.at
                )
                continue
            for code in each.codes:
                if (each.at, code) not in self._met:
                    yield Finding(
                        "D209", f"D209 {each.at} {code}", f"no {code} is here for this comment to ignore", "remove the comment", each.at, level="warning"
                    )
