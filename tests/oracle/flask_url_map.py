"""Prints the routes of a Flask application as JSON: path, methods without HEAD and OPTIONS, handler.

Runs in the project's own environment: ``python flask_url_map.py shop:app`` or ``python flask_url_map.py shop:create_app()``.
"""

import importlib
import json
import sys


def handler(view):
    """The dotted name of a view function without its wrappers, or of the class behind it."""
    view = getattr(view, "view_class", view)
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    view = getattr(view, "view_class", view)
    return ".".join((getattr(view, "__module__", ""), getattr(view, "__qualname__", type(view).__qualname__)))


def main(target):
    module, _, name = target.partition(":")
    made = name.endswith("()")
    app = getattr(importlib.import_module(module), name[:-2] if made else name)
    if made:
        app = app()
    routes = [
        [rule.rule, sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}), handler(app.view_functions.get(rule.endpoint))]
        for rule in app.url_map.iter_rules()
    ]
    print(json.dumps({"routes": sorted(routes)}, indent=1))


if __name__ == "__main__":
    main(sys.argv[1])
