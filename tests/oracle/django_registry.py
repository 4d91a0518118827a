"""Prints what the running Django says about a project, as JSON: tables, relations, routes.

Runs in the project's own environment and imports nothing of ours::

    cd PROJECT && DJANGO_SETTINGS_MODULE=settings.ci PYTHONPATH=. python .../django_registry.py > registry.json
"""

from __future__ import annotations

import json
import sys

HTTP = ("get", "post", "put", "patch", "delete", "trace")


def accessor(field: object) -> str:
    name = field.remote_field.get_accessor_name() or ""
    return "" if name.endswith("+") else name


def relations(model: type) -> list[dict[str, object]]:
    keys = [each for each in model._meta.local_fields if hasattr(each.remote_field, "on_delete") and each.column]
    return [
        *(
            {
                "table": model._meta.db_table,
                "column": field.column,
                "target": field.remote_field.model._meta.db_table,
                "kind": "one-to-one" if field.one_to_one else "many-to-one",
                "on_delete": getattr(field.remote_field.on_delete, "__name__", "").upper(),
                "accessor": accessor(field),
                "nullable": field.null,
            }
            for field in keys
        ),
        *(
            {
                "table": model._meta.db_table,
                "column": field.name,
                "target": field.remote_field.model._meta.db_table,
                "kind": "many-to-many",
                "on_delete": "",
                "accessor": accessor(field),
                "nullable": False,
                "through": field.remote_field.through._meta.db_table,
            }
            for field in model._meta.local_many_to_many
        ),
    ]


def methods(callback: object) -> list[str] | None:
    """The HTTP methods of a view where Django can know them; ``None`` for a plain function."""
    actions = getattr(callback, "actions", None)
    cls = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    if actions:
        return sorted(name.upper() for name in actions if name in HTTP and name in cls.http_method_names)
    if cls is None:
        return None
    return sorted(name.upper() for name in HTTP if name in cls.http_method_names and hasattr(cls, name))


def handler(callback: object) -> str:
    cls = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    if cls is not None and cls.__qualname__ == "WrappedAPIView":
        return f"{cls.__module__}.{cls.__name__}"
    target = cls or callback
    while hasattr(target, "__wrapped__"):
        target = target.__wrapped__
    while hasattr(target, "func"):
        target = target.func
    return f"{getattr(target, '__module__', '')}.{getattr(target, '__qualname__', type(target).__qualname__)}"


def routes(patterns: list[object], prefix: str, namespace: str) -> list[dict[str, object]]:
    found = []
    for each in patterns:
        pattern = prefix + str(each.pattern)
        if hasattr(each, "url_patterns"):
            inner = f"{namespace}:{each.namespace}" if namespace and each.namespace else each.namespace or namespace
            found.extend(routes(each.url_patterns, pattern, inner))
        else:
            name = f"{namespace}:{each.name}" if namespace and each.name else each.name or ""
            found.append({"path": "/" + pattern, "name": name, "handler": handler(each.callback), "methods": methods(each.callback)})
    return found


def main() -> None:
    import django
    from django.apps import apps
    from django.urls import get_resolver

    django.setup()
    models = apps.get_models(include_auto_created=True)
    tables = [
        {
            "table": model._meta.db_table,
            "label": model._meta.label,
            "module": model.__module__,
            "class": f"{model.__module__}.{model.__qualname__}",
            "proxy": model._meta.proxy,
            "join": bool(model._meta.auto_created),
            "managed": model._meta.managed,
            "columns": [
                {"name": f.column, "field": f.name, "type": type(f).__name__, "nullable": f.null, "primary_key": f.primary_key}
                for f in model._meta.local_concrete_fields
            ],
        }
        for model in models
    ]
    found = [each for model in models if not model._meta.auto_created and not model._meta.proxy for each in relations(model)]
    json.dump({"tables": tables, "relations": found, "routes": routes(get_resolver().url_patterns, "", "")}, sys.stdout, indent=1, default=str)


if __name__ == "__main__":
    main()
