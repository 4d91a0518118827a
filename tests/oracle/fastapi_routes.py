"""Prints the routes of a FastAPI or Starlette application as JSON: path with all prefixes, methods without HEAD, handler.

Runs in the project's own environment: ``python fastapi_routes.py shop.main:app`` or ``shop.main:create_app()``.
"""

import importlib
import json
import sys


def walk(routes, prefix):
    for route in routes:
        path = prefix + getattr(route, "path", "")
        endpoint = getattr(route, "endpoint", None)
        if endpoint is not None:
            handler = ".".join((getattr(endpoint, "__module__", ""), getattr(endpoint, "__qualname__", "")))
            methods = getattr(route, "methods", None)
            yield [path, sorted(set(methods) - {"HEAD"}) if methods else ["WEBSOCKET"], handler]
        else:
            yield from walk(getattr(route, "routes", None) or (), path)


def main(target):
    module, _, name = target.partition(":")
    app = getattr(importlib.import_module(module), name.replace("()", ""))
    if name.endswith("()"):
        app = app()
    print(json.dumps({"routes": sorted(walk(app.routes, ""))}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])
