"""``python -m decompose``: the same as the command."""

from __future__ import annotations

import sys

if sys.path and not sys.flags.safe_path:
    # `python -m` puts the current folder first: a target's own `logging.py` would be imported in place of Python's.
    del sys.path[0]

from decompose.cli import main

if __name__ == "__main__":
    main()
