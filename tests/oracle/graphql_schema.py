"""The fields of the root types of a GraphQL schema, as the library made it: ``python graphql_schema.py PROJECT MODULE NAME`` prints them as JSON.

``NAME`` is the schema object of Graphene or Strawberry in the module.
"""

from __future__ import annotations

import importlib
import json
import sys


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    schema = getattr(importlib.import_module(sys.argv[2]), sys.argv[3])
    core = getattr(schema, "graphql_schema", None) or schema._schema
    roots = {"QUERY": core.query_type, "MUTATION": core.mutation_type, "SUBSCRIPTION": core.subscription_type}
    json.dump(sorted([operation, name] for operation, root in roots.items() if root for name in root.fields), sys.stdout)


if __name__ == "__main__":
    main()
