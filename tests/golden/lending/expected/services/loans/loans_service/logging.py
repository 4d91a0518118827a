"""Logs as one JSON object a line, with the trace that the request belongs to."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from library.boundaries.runtime import current_trace, current_user


class JsonFormatter(logging.Formatter):
    """``trace_id`` is the second part of the ``traceparent`` header; the user is a key, never a name."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        entry = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "service": "loans",
        }
        trace = current_trace.get().split("-")
        if len(trace) == 4:
            entry["trace_id"] = trace[1]
        if current_user.get():
            entry["user"] = current_user.get()
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)
