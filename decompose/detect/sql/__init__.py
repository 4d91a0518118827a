"""SQL in strings and in ``.sql`` files: the tables that it reads and writes."""

from decompose.detect.sql.texts import detect

__all__ = ["detect"]
