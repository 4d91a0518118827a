"""Files to be written, in memory."""

from __future__ import annotations

from typing import Literal

import msgspec

FileClass = Literal["owned", "merged", "once", "moved", "edited"]
"""How a file behaves on the next run.

``owned``: overwritten, edits belong elsewhere. ``merged``: a scaffold, merged three ways with a person's edits.
``once``: written once, then the person's. ``moved``: copied from the monolith, merged three ways with its newer version.
``edited``: a file of the monolith, rewritten in place from exactly the text that was read.
"""


class Artifact(msgspec.Struct, frozen=True):
    """A file relative to the project root. ``base`` is the text an ``edited`` file was rewritten from, else ``None``."""

    path: str
    content: bytes
    file_class: FileClass = "owned"
    executable: bool = False
    base: bytes | None = None
    context: str = ""
