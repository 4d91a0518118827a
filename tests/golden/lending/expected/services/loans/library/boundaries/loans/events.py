"""Events between the context loans and the rest of lending."""

from __future__ import annotations

from library.boundaries.exchange.events import Listener, Pointer, Shadow

# Rows of the monolith that the service keeps shadows of: it hears of every change.
SHADOWS = (
    Shadow("auth.User", {}),
    Shadow("catalog.Book", {"title": "title"}),
)

# Keys in the monolith that point at rows of the context: they hear of deletions.
POINTERS: tuple[Pointer, ...] = ()

# Handlers of signals that are on the other side of the cut.
LISTENERS: tuple[Listener, ...] = ()
