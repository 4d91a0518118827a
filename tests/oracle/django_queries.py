"""Runs a Django project's own tests and records which of its functions read and write which table, as JSON.

Every SQL statement is attributed to the innermost frame in the project's own files, or to the project's class on which a library's
method runs (a view set's ``list``) where only a test or a middleware is further out. Runs in the project's environment::

    cd PROJECT && DJANGO_SETTINGS_MODULE=... PYTHONPATH=. python .../django_queries.py OUTPUT [arguments of manage.py test]
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

ROOT = Path.cwd()
_WRITE = re.compile(r'^\s*(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO)\s+"?([\w.]+)"?', re.IGNORECASE)
_READ = re.compile(r'(?:FROM|JOIN)\s+"?([A-Za-z_][\w.]*)"?', re.IGNORECASE)
seen: dict[tuple[str, str, str], int] = {}
frames: dict[object, str | None] = {}


def own(code: object) -> str | None:
    """The dotted name of a function of the project, ``None`` for code of others."""
    if code not in frames:
        file = code.co_filename
        name = None
        if file.startswith(f"{ROOT}{os.sep}") and "site-packages" not in file and file != __file__:
            module = ".".join(Path(file).relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            parts = [part for part in code.co_qualname.split(".") if not part.startswith("<")]
            name = ".".join([module, *parts])
        frames[code] = name
    return frames[code]


def inherited(frame: object) -> str | None:
    """The project's view, serializer or admin class on which a library's method runs: it is what the class inherits."""
    code = frame.f_code
    if not code.co_argcount or code.co_varnames[0] != "self" or not any(part in code.co_filename for part in ("rest_framework", "/views/", "/admin/")):
        return None
    instance = frame.f_locals.get("self")
    cls = type(instance)
    if hasattr(cls, "_meta") or hasattr(cls, "as_manager") or cls.__module__ not in sys.modules:
        return None
    if not any(hasattr(cls, name) for name in ("dispatch", "get_queryset", "to_representation")):
        return None
    file = getattr(sys.modules[cls.__module__], "__file__", "") or ""
    inside = file.startswith(f"{ROOT}{os.sep}") and "site-packages" not in file
    return f"{cls.__module__}.{cls.__qualname__}" if inside else None


def passing(frame: object) -> bool:
    """Whether a frame of the project only hands the request on: a middleware."""
    return frame.f_code.co_name in ("__call__", "__acall__", "middleware") and "middleware" in frame.f_code.co_filename


def record(sql: str) -> None:
    frame = sys._getframe(2)
    on_class = None
    while frame is not None:
        name = own(frame.f_code)
        if name is not None and not passing(frame):
            break
        on_class = on_class or inherited(frame)
        frame = frame.f_back
    else:
        name = on_class
    if name is None:
        return
    if on_class is not None and any(part.startswith("test") for part in name.split(".")):
        name = on_class
    written = _WRITE.match(sql)
    found = {("write", written[1])} if written else set()
    found |= {("read", table) for table in _READ.findall(sql) if not (written and table == written[1])}
    for mode, table in found:
        seen[name, table, mode] = seen.get((name, table, mode), 0) + 1


def main() -> None:
    from django.db.backends import utils

    execute, many = utils.CursorWrapper.execute, utils.CursorWrapper.executemany

    def noted(self: object, sql: str, params: object = None) -> object:
        record(str(sql))
        return execute(self, sql, params)

    def noted_many(self: object, sql: str, params: object) -> object:
        record(str(sql))
        return many(self, sql, params)

    utils.CursorWrapper.execute, utils.CursorWrapper.executemany = noted, noted_many
    from django.core.management import execute_from_command_line

    output = Path(sys.argv[1]).resolve()
    try:
        execute_from_command_line(["manage.py", "test", *sys.argv[2:]])
    finally:
        output.write_text(json.dumps(sorted([*key, count] for key, count in seen.items()), indent=0))


if __name__ == "__main__":
    main()
