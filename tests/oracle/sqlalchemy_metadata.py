"""Prints the tables and foreign keys that SQLAlchemy knows after importing modules of a project, as JSON.

Runs in the project's own environment, whatever its Python: ``python sqlalchemy_metadata.py shop.models shop.orders.models``.
"""

import gc
import importlib
import json
import sys


def main(modules):
    for name in modules:
        importlib.import_module(name)
    from sqlalchemy import MetaData

    # Dialects keep descriptions of system catalogs in metadata of their own.
    library = [module for name, module in sorted(sys.modules.items()) if name.split(".")[0] == "sqlalchemy" and module]
    foreign = {id(value) for module in library for value in list(vars(module).values()) if isinstance(value, MetaData)}
    tables, keys = {}, []
    for metadata in [each for each in gc.get_objects() if isinstance(each, MetaData) and id(each) not in foreign]:
        for table in metadata.tables.values():
            name = table.name if table.schema is None else table.schema + "." + table.name
            tables[name] = sorted(column.name for column in table.columns)
            for constraint in table.foreign_key_constraints:
                columns = ",".join(column.name for column in constraint.columns)
                target = constraint.elements[0].target_fullname.rpartition(".")[0]
                keys.append([name, columns, target, (constraint.ondelete or "").upper()])
    print(json.dumps({"tables": tables, "foreign_keys": sorted(keys)}, indent=1, sort_keys=True))


if __name__ == "__main__":
    main(sys.argv[1:])
