"""``python -m decompose``: the same as the command."""

from __future__ import annotations

from decompose.cli import main

if __name__ == "__main__":
    main()
