"""The files around moved code that services on SQLAlchemy have in common: database, shadows, replies, health, revisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from decompose.generate.layout import identifier, imports, value
from decompose.generate.messages import title
from decompose.generate.moved import artifact
from decompose.generate.render import Render
from decompose.generate.sqlalchemy.database import Database, database_of
from decompose.generate.sqlalchemy.migration import reply_table
from decompose.model.artifacts import Artifact, FileClass
from decompose.model.service import ServicePlan


def shadow_packages(plan: ServicePlan) -> set[str]:
    """The packages that stand-ins for the monolith's models lie in."""
    return {replica.model.rpartition(".")[0].rpartition(".")[0] for replica in plan.context.replicas} - {""}


class ServiceFiles:
    """The files that services on SQLAlchemy have in common. ``folder`` holds the templates of the web framework."""

    def __init__(self, plan: ServicePlan, render: Render, folder: str) -> None:
        self.plan = plan
        self.render = render
        self.folder = folder
        self.database: Database = database_of(plan)
        self.common: dict[str, object] = {
            "name": plan.name,
            "package": identifier(plan.package),
            "boundaries": plan.project.package,
            "boundary": plan.boundary,
            "audience": plan.boundary.rpartition(".")[2],
            "title": title(plan),
            "extension": self.database.extension,
        }

    def file(self, path: str, template: str, kind: FileClass = "owned", **values: object) -> Artifact:
        return artifact(self.plan, path, self.render(f"service/{template}", **{**self.common, **values}), kind)

    def own(self, path: str, template: str, kind: FileClass = "owned", **values: object) -> Artifact:
        """A file of the service's package from the web framework's templates."""
        return self.file(f"{self.plan.package}/{path}", f"{self.folder}/{template}", kind, **values)

    def files(self) -> Iterator[Artifact]:
        plan, database, inside, boundaries = self.plan, self.database, self.plan.package, self.plan.project.package

        def data(path: str, template: str, **values: object) -> Artifact:
            return self.file(f"{inside}/{path}", f"sqlalchemy/{template}", "owned", **values)

        base_name = database.base.rpartition(".")[2] if not database.extension else f"{database.extension.rpartition('.')[2]}.Model"
        yield self.own("__init__.py", "package_init.py.j2")
        yield data("environment.py", "environment.py")
        yield data("models.py", "models.py.j2", base_import=imports([database.root]), base=base_name, table=reply_table(plan))
        yield data("prune_replies.py", "prune_replies.py.j2")
        yield data("database.py", "database.py.j2", **self._database())
        runtime = [f"{boundaries}.{each}" for each in ("objects", "wire", "runtime.OperationContract", "runtime.resolve")]
        replicas = value(tuple(replica.model for replica in plan.context.replicas), 0, len("REPLICAS = "))
        typed = "" if plan.context.replicas else ": tuple[str, ...]"
        yield data("shadows.py", "shadows.py.j2", own_imports=imports(runtime), replicas=f"REPLICAS{typed} = {replicas}")
        served = [f"{boundaries}.wire", f"{boundaries}.runtime.Answer", f"{boundaries}.runtime.Boundary"]
        served += [f"{inside}.database", f"{inside}.shadows", f"{inside}.models.Reply"]
        yield data("serving.py", "serving.py.j2", own_imports=imports(served))
        yield data("health.py", "health.py.j2")
        yield data("migrate.py", "migrate.py.j2")
        yield self.file(f"{inside}/logging.py", "common/logging.py.j2")

    def _database(self) -> Mapping[str, object]:
        database, plan = self.database, self.plan
        modules = {table.model.rpartition(".")[0] for table in plan.context.tables if table.model}
        modules |= {replica.model.rpartition(".")[0] for replica in plan.context.replicas}
        modules |= {_module_of_table(plan, table.id) for table in plan.context.tables if not table.model} - {""}
        modules |= {f"{plan.package}.models"}
        lines = "\n".join(f"import {module}  # noqa: F401" for module in sorted(modules))
        if database.extension:
            own = imports([database.extension])
            third = imports(["sqlalchemy.Engine", "sqlalchemy.orm.Session"])
        else:
            own = imports([database.base, database.maker, f"{plan.project.package}.objects", f"{plan.package}.environment"])
            third = imports(["sqlalchemy.Engine", "sqlalchemy.create_engine", "sqlalchemy.orm.Session"])
        return {
            "sqlalchemy_import": third,
            "own_imports": f"{lines}\n{own}",
            "extension_name": database.extension.rpartition(".")[2],
            "base_name": database.base.rpartition(".")[2],
            "maker_name": database.maker.rpartition(".")[2],
            "scoped": database.scoped,
        }


def _module_of_table(plan: ServicePlan, id: str) -> str:
    """The module of a table without a class of its own."""
    table = next(each for each in plan.context.tables if each.id == id)
    return next((each.module for each in plan.context.placements if each.path == table.at.path and each.action in ("move", "share")), "")
