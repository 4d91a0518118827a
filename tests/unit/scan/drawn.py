"""A folder drawn as a mapping from path to text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def draw(base: Path, files: Mapping[str, str | bytes]) -> Path:
    for place, text in files.items():
        path = base / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return base
