"""Files to be written, in memory."""

from __future__ import annotations

from typing import Literal

import msgspec

FileClass = Literal["owned", "merged", "once", "moved", "edited", "rendered"]
"""How a file behaves on the next run.

``owned``: overwritten, edits belong elsewhere. ``merged``: a scaffold, merged three ways with a person's edits.
``once``: written once, then the person's. ``moved``: copied from the monolith, merged three ways with its newer version.
``edited``: a file of the monolith, rewritten in place from exactly the text that was read.
``rendered``: made anew for looking at; whatever stands there, another run's page or half of a merge, is replaced.
"""


class Artifact(msgspec.Struct, frozen=True):
    """A file relative to the project root. ``base`` is the text an ``edited`` file was rewritten from, else ``None``.

    ``step`` is the step of the extraction that writes it where that can be taken back alone. An ``edited`` file that is ``removed`` has no content.
    """

    path: str
    content: bytes
    file_class: FileClass = "owned"
    executable: bool = False
    base: bytes | None = None
    context: str = ""
    step: str = ""
    removed: bool = False

    @property
    def owner(self) -> str:
        """Who writes it: the context, and the step where that stands alone (``reviews/split``)."""
        return f"{self.context}/{self.step}" if self.context and self.step else self.context

    @property
    def wanted(self) -> bytes | None:
        """The text that is to be there, ``None`` where there is to be no file."""
        return None if self.removed else self.content
