"""What can become of an edge across a cut."""

from __future__ import annotations

from typing import Literal

Disposition = Literal["operation", "proxy-route", "event", "replica", "stay", "shared-kernel", "decide"]
"""What becomes of an edge across the cut.

``operation``: a call on the context's boundary API. ``proxy-route``: an HTTP route that the monolith hands on to the service.
``event``: an asynchronous message. ``replica``: a shadow row with the columns in use. ``stay``: the code keeps
running in the monolith (or needs nothing). ``shared-kernel``: the code is copied, locked by hash. ``decide``: a person must.
"""
