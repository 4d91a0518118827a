"""``[target.ecs]`` of the configuration: where services run, for all of them and for each.

One table of kinds says what a key may hold, how it is refused, and how editors see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from decompose.model.priorities import LAST, Block
from decompose.model.target import ENVIRONMENTS, FARGATE, FORMATS, Capacity, Database, Scaling, Sizes, Target

if TYPE_CHECKING:
    from decompose.config import Reader

KEY = "target.ecs"
_PARAMETER = r"/[A-Za-z0-9_.\-/{}]{1,1000}"
"""A name in the parameter store; ``{environment}`` is replaced."""
_ARN = r"arn:[a-z-]+:[A-Za-z0-9:/_.+=,@-]+"


class Kind(msgspec.Struct, frozen=True):
    """What a key may hold. ``schema`` is how editors see it; ``form`` says in words what a text must be, with an example."""

    schema: dict[str, Any]
    form: str = ""

    def problem(self, value: object) -> str:
        """Why ``value`` cannot be, ``""`` when it can."""
        kind, schema = self.schema.get("type"), self.schema
        if "enum" in schema:
            return "" if value in schema["enum"] else f"must be one of {', '.join(map(str, schema['enum']))}, not {value!r}"
        if kind == "boolean":
            return "" if isinstance(value, bool) else f"must be true or false, not {value!r}"
        if kind in ("integer", "number"):
            numeric = isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
            if not numeric or not schema["minimum"] <= value <= schema["maximum"]:
                what = "a whole number" if kind == "integer" else "a number"
                return f"must be {what} from {schema['minimum']} to {schema['maximum']}, not {value!r}"
            return ""
        if not isinstance(value, str) or not re.fullmatch(schema["pattern"], value):
            return f"= {value!r} is not {self.form}"
        return ""


def _whole(least: int, most: int) -> Kind:
    return Kind({"type": "integer", "minimum": least, "maximum": most})


def _number(least: float, most: float) -> Kind:
    return Kind({"type": "number", "minimum": least, "maximum": most})


def _text(pattern: str, form: str) -> Kind:
    return Kind({"type": "string", "pattern": f"^({pattern})$"}, form)


def _one_of(*names: str) -> Kind:
    return Kind({"enum": list(names)})


_FLAG = Kind({"type": "boolean"})
_PROVIDER = _text(r"[A-Za-z0-9_-]{1,255}", "a capacity provider: FARGATE, FARGATE_SPOT, or the name of one with EC2 instances")

SIZES = {
    "cpu": _whole(256, 16_384), "memory": _whole(512, 122_880), "desired": _whole(0, 5_000), "minimum": _whole(0, 5_000), "maximum": _whole(1, 5_000),
}  # fmt: skip
CAPACITY = {"provider": _PROVIDER, "base": _whole(0, 100_000), "weight": _whole(0, 1_000)}
SCALING = {
    "cpu": _whole(10, 100), "memory": _whole(10, 100), "requests": _whole(1, 1_000_000), "backlog": _whole(1, 1_000_000),
    "scale-out": _whole(0, 3_600), "scale-in": _whole(0, 3_600),
}  # fmt: skip
DATABASE = {
    "kind": _one_of("rds", "aurora-serverless", "existing"), "instance-class": _text(r"db\.[a-z0-9]+\.[a-z0-9]+", "an instance class such as db.t4g.medium"),
    "version": _text(r"15\.[0-9]+", "a version of PostgreSQL 15 such as 15.14"), "storage": _whole(20, 65_536), "maximum-storage": _whole(20, 65_536),
    "minimum-units": _number(0, 256), "maximum-units": _number(1, 256),
}  # fmt: skip
PLAIN = {
    "architecture": _one_of("X86_64", "ARM64"), "strategy": _one_of("ROLLING", "BLUE_GREEN", "CANARY", "LINEAR"), "routes": _one_of("split", "service"),
    "bake-minutes": _whole(0, 1_440), "step-percent": _whole(1, 100), "step-minutes": _whole(0, 1_440), "exec": _FLAG, "telemetry": _FLAG,
    "efs": _one_of("auto", "on", "off"),
    "log-retention-days": Kind({"enum": [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]}),
}  # fmt: skip
"""Keys of all services and of each, without those that are tables or lists."""
SHARED = {
    "region": _text(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}", "an AWS region"),
    "cluster": _text(rf"[A-Za-z0-9_-]{{0,255}}|{_PARAMETER}", "an ECS cluster name"),
    "listener-priority": _whole(1, LAST),
}
"""Keys that all services have in common."""
TABLES = {"sizes": (SIZES, Sizes), "worker-sizes": (SIZES, Sizes), "scaling": (SCALING, Scaling), "database": (DATABASE, Database)}
OF_SERVICE = (*PLAIN, *TABLES, "capacity", "worker-capacity", "tags")
OF_ALL = (*SHARED, *OF_SERVICE, "formats", "reserved-priorities", "join", "services")

_ID = "[a-z0-9-]+"


def _value(pattern: str, form: str) -> Kind:
    return _text(f"{pattern}|{_PARAMETER}", f"{form}, or a name in the parameter store such as /platform/{{environment}}/...")


JOIN = {
    "vpc": _value("vpc-[0-9a-f]+", "a VPC such as vpc-0a1b"),
    "private-subnets": _value("subnet-[0-9a-f]+(,subnet-[0-9a-f]+)+", "two subnets or more with commas between them"),
    "public-subnets": _value("subnet-[0-9a-f]+(,subnet-[0-9a-f]+)+", "two subnets or more with commas between them"),
    "cluster": _value("[A-Za-z0-9_-]{1,255}", "the name of an ECS cluster"),
    "namespace-id": _value("ns-[a-z0-9]+", "the id of a private DNS namespace of Cloud Map such as ns-0a1b"),
    "namespace-arn": _value(_ARN, "the ARN of a namespace of Cloud Map"),
    "listener": _value(_ARN, "the ARN of an HTTPS listener"),
    "load-balancer": _value("app/[A-Za-z0-9-]+/[0-9a-f]+", "a load balancer as app/name/id"),
    "load-balancer-security-group": _value("sg-[0-9a-f]+", "a security group such as sg-0a1b"),
    "monolith-target-group": _value(_ARN, "the ARN of a target group"),
    "certificate": _value(_ARN, "the ARN of a certificate"),
    "alarm-topic": _value(_ARN, "the ARN of an SNS topic"),
    "monolith-security-group": _value("sg-[0-9a-f]+", "a security group such as sg-0a1b"),
    "monolith-database-security-group": _value("sg-[0-9a-f]+", "a security group such as sg-0a1b"),
    "broker-security-group": _value("sg-[0-9a-f]+", "a security group such as sg-0a1b"),
}
_WITH_LISTENER = ("load-balancer", "load-balancer-security-group", "monolith-target-group")


def target(document: Mapping[str, Any], reader: Reader) -> Target:
    """The settings of all services and of each."""
    table = reader.table(reader.table(document, "target", ("ecs",)), KEY, OF_ALL)
    common = _service(table, KEY, Target(), reader)
    common = msgspec.structs.replace(
        common,
        region=_checked(table, f"{KEY}.region", SHARED["region"], common.region, reader),
        cluster=_checked(table, f"{KEY}.cluster", SHARED["cluster"], common.cluster, reader),
        listener_priority=_checked(table, f"{KEY}.listener-priority", SHARED["listener-priority"], common.listener_priority, reader),
        formats=_formats(table, reader),
        reserved_priorities=tuple(_reserved(table, reader)),
        join=tuple(_joined(table, reader)),
    )
    services = table.get("services", {})
    if not isinstance(services, dict):
        raise reader.error(f"{KEY}.services", f"[{KEY}.services.NAME] must be tables")
    found = []
    for name in sorted(services):
        key = f"{KEY}.services.{name}"
        for given in services[name] if isinstance(services[name], dict) else ():
            if given in OF_ALL and given not in OF_SERVICE:
                raise reader.error(f"{key}.{given}", f"{given} is the same for all services", hint=f"move it to [{KEY}]")
        reader.note(key)
        found.append((name, _service(reader.checked(services[name], key, OF_SERVICE), key, common, reader)))
    return msgspec.structs.replace(common, services=tuple(found))


def _service(table: Mapping[str, Any], key: str, default: Target, reader: Reader) -> Target:
    values: dict[str, Any] = {
        name.replace("-", "_"): _checked(table, f"{key}.{name}", kind, getattr(default, name.replace("-", "_")), reader) for name, kind in PLAIN.items()
    }
    for name, (kinds, _) in TABLES.items():
        before = getattr(default, name.replace("-", "_"))
        part = reader.table(table, f"{key}.{name}", kinds)
        read = {each.replace("-", "_"): _checked(part, f"{key}.{name}.{each}", kind, getattr(before, each.replace("-", "_")), reader) for each, kind in kinds.items()}
        values[name.replace("-", "_")] = type(before)(**read)
    for name in ("capacity", "worker-capacity"):
        values[name.replace("-", "_")] = _capacity(table, f"{key}.{name}", reader) or getattr(default, name.replace("-", "_"))
    values["tags"] = tuple(sorted({**dict(default.tags), **dict(_tags(table, f"{key}.tags", reader))}.items()))
    found = msgspec.structs.replace(default, **values)
    _check(found, key, reader)
    return found


def _checked(table: Mapping[str, Any], key: str, kind: Kind, default: Any, reader: Reader) -> Any:
    name = key.rpartition(".")[2]
    if name not in table:
        return default
    problem = kind.problem(table[name])
    if problem:
        raise reader.error(key, f"{name} {problem}")
    return float(table[name]) if kind.schema.get("type") == "number" else table[name]


def _check(found: Target, key: str, reader: Reader) -> None:
    """What single keys cannot say: values that must fit one another."""
    for name, sizes in (("sizes", found.sizes), ("worker-sizes", found.worker_sizes)):
        if not sizes.minimum <= sizes.desired <= sizes.maximum:
            raise reader.error(
                f"{key}.{name}", f"{name} must hold minimum <= desired <= maximum, not {sizes.minimum}, {sizes.desired}, {sizes.maximum}",
                hint="name all three where one of them leaves the others' defaults behind",
            )  # fmt: skip
    if found.database.maximum_storage < found.database.storage:
        raise reader.error(f"{key}.database.maximum-storage", "maximum-storage must not be less than storage")
    if found.database.maximum_units < found.database.minimum_units:
        raise reader.error(f"{key}.database.maximum-units", "maximum-units must not be less than minimum-units")
    if found.strategy != "ROLLING" and found.routes == "split":
        raise reader.error(
            f"{key}.strategy",
            f"{found.strategy} rewrites the weights of the listener rule, and that still splits between monolith and service",
            hint='deploy ROLLING until the cut-over; then set routes = "service" beside it',
        )


def _capacity(table: Mapping[str, Any], key: str, reader: Reader) -> tuple[Capacity, ...]:
    name = key.rpartition(".")[2]
    if name not in table:
        return ()
    value = table[name]
    entries = [{"provider": value}] if isinstance(value, str) else value
    if not isinstance(entries, list) or not entries:
        hint = 'as in capacity = "FARGATE", or [{ provider = "FARGATE", base = 2 }, { provider = "FARGATE_SPOT", weight = 3 }]'
        raise reader.error(key, f"{name} must be a provider or a list of providers", hint=hint)
    found = []
    for entry in entries:
        if not isinstance(entry, dict) or "provider" not in entry:
            raise reader.error(key, f"an entry of {name} needs a provider", hint='as in { provider = "FARGATE_SPOT", weight = 3 }')
        for each in entry:
            if each not in CAPACITY:
                raise reader.unknown(key, each, CAPACITY)
            problem = CAPACITY[each].problem(entry[each])
            if problem:
                raise reader.error(key, f"{each} {problem}")
        found.append(Capacity(**entry))
    providers = [each.provider for each in found]
    if len({each in FARGATE for each in providers}) > 1:
        raise reader.error(key, "one service runs on Fargate or on EC2 instances, not on both", hint=f"of {', '.join(providers)} keep those of one kind")
    if len(set(providers)) < len(providers) or sum(bool(each.base) for each in found) > 1 or not any(each.base or each.weight for each in found):
        raise reader.error(key, f"{name} names each provider once, gives a base to one at most, and a weight to one at least")
    return tuple(found)


def _tags(table: Mapping[str, Any], key: str, reader: Reader) -> Iterator[tuple[str, str]]:
    tags = table.get("tags", {})
    if not isinstance(tags, dict):
        raise reader.error(key, f"[{key}] must be a table of strings")
    for name, value in tags.items():
        fits = isinstance(value, str) and re.fullmatch(r"[\w .:/=+@-]{0,256}", value) and re.fullmatch(r"[\w .:/=+@-]{1,128}", name)
        if not fits or name.lower().startswith("aws:"):
            raise reader.error(f"{key}.{name}", f"{name} = {value!r} is no tag that AWS takes", hint="letters, digits, spaces and _.:/=+-@, a name without aws:")
        if name in ("project", "service", "environment"):
            raise reader.error(f"{key}.{name}", f"the tag {name} is set for every service by itself")
        yield name, value


def _formats(table: Mapping[str, Any], reader: Reader) -> tuple[str, ...]:
    formats = reader.texts(table, f"{KEY}.formats", FORMATS)
    for each in formats:
        if each not in FORMATS:
            raise reader.error(f"{KEY}.formats", f"{each!r} is no format", hint=f"known: {', '.join(FORMATS)}; the JSON inputs of ECS are always written")
    return tuple(each for each in FORMATS if each in formats)


def _reserved(table: Mapping[str, Any], reader: Reader) -> Iterator[Block]:
    value = table.get("reserved-priorities", [])
    key = f"{KEY}.reserved-priorities"
    for entry in value if isinstance(value, list) else [value]:
        found = re.fullmatch(r"(\d{1,5})(?:-(\d{1,5}))?", str(entry)) if isinstance(entry, (int, str)) and not isinstance(entry, bool) else None
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not 1 <= first <= last <= LAST:
            raise reader.error(key, f"{entry!r} is neither a priority from 1 to {LAST} nor a range of them", hint='as in reserved-priorities = [1, "10-99"]')
        yield first, last


def _joined(table: Mapping[str, Any], reader: Reader) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    key = f"{KEY}.join"
    join = reader.table(table, key, (*JOIN, *ENVIRONMENTS))
    said: dict[str, dict[str, str]] = {"": _join_values({name: value for name, value in join.items() if name not in ENVIRONMENTS}, key, reader)}
    for environment in ENVIRONMENTS:
        said[environment] = _join_values(reader.table(join, f"{key}.{environment}", JOIN), f"{key}.{environment}", reader)
    names = {name: {value.startswith("/") for each in said.values() for other, value in each.items() if other == name} for name in JOIN}
    mixed = next((name for name, kinds in names.items() if len(kinds) > 1), None)
    if mixed is not None:
        raise reader.error(f"{key}.{mixed}", f"{mixed} is a value in one place and a name in the parameter store in another", hint="use one of the two for all environments")
    for environment in ENVIRONMENTS:
        whole = {**said[""], **said[environment]}
        missing = [name for name in _WITH_LISTENER if name not in whole]
        if "listener" in whole and missing:
            raise reader.error(f"{key}.listener", f"a joined listener needs {', '.join(missing)} too", hint=f"name them in [{key}]")
        if len({name in whole for name in ("namespace-id", "namespace-arn")}) > 1:
            raise reader.error(f"{key}.namespace-id", "a joined namespace needs namespace-id and namespace-arn")
    yield from ((environment, tuple(sorted(values.items()))) for environment, values in said.items() if values)


def _join_values(table: Mapping[str, Any], key: str, reader: Reader) -> dict[str, str]:
    found = {}
    for name, value in table.items():
        text = ",".join(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else value
        problem = JOIN[name].problem(text)
        if problem:
            raise reader.error(f"{key}.{name}", f"{name} {problem}")
        found[name] = text
    return found


# --- for `config show` and `schema config` ------------------------------------------------------


def target_values(target: Target) -> dict[str, Any]:
    """All settings by dotted key, as they would stand in ``decompose.toml``."""
    found = {f"{KEY}.{name}": getattr(target, name.replace("-", "_")) for name in SHARED}
    found |= {f"{KEY}.formats": list(target.formats)}
    found |= {f"{KEY}.reserved-priorities": [f"{first}-{last}" if last > first else first for first, last in target.reserved_priorities]}
    found |= _service_values(target, KEY)
    for environment, values in target.join:
        found |= {f"{KEY}.join.{environment}.{name}".replace("..", "."): value for name, value in values}
    for name, service in target.services:
        found |= {key: value for key, value in _service_values(service, f"{KEY}.services.{name}").items() if value != found.get(key.replace(f".services.{name}", ""))}
    return found


def _service_values(target: Target, key: str) -> dict[str, Any]:
    found = {f"{key}.{name}": getattr(target, name.replace("-", "_")) for name in PLAIN}
    found |= {f"{key}.{name}": [msgspec.to_builtins(each) for each in getattr(target, name.replace("-", "_"))] for name in ("capacity", "worker-capacity")}
    for table, (kinds, _) in TABLES.items():
        values = getattr(target, table.replace("-", "_"))
        found |= {f"{key}.{table}.{name}": getattr(values, name.replace("-", "_")) for name in kinds}
    return found | {f"{key}.tags.{name}": value for name, value in target.tags}


def target_schema() -> dict[str, Any]:
    """The part of the JSON Schema for ``[target.ecs]``."""

    def table(kinds: Mapping[str, Any]) -> dict[str, Any]:
        properties = {name: kind.schema if isinstance(kind, Kind) else kind for name, kind in kinds.items()}
        return {"type": "object", "properties": properties, "additionalProperties": False}

    share = {**table(CAPACITY), "required": ["provider"]}
    capacity = {"anyOf": [_PROVIDER.schema, {"type": "array", "items": share, "minItems": 1}]}
    tags = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 256}}
    service = {**PLAIN, **{name: table(kinds) for name, (kinds, _) in TABLES.items()}, "capacity": capacity, "worker-capacity": capacity, "tags": tags}
    texts = {name: {"anyOf": [kind.schema, {"type": "array", "items": {"type": "string"}}]} if name.endswith("subnets") else kind for name, kind in JOIN.items()}
    priority = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": LAST}, {"type": "string", "pattern": "^[0-9]{1,5}(-[0-9]{1,5})?$"}]}
    return table(
        {
            **SHARED, **service,
            "formats": {"type": "array", "items": {"enum": list(FORMATS)}},
            "reserved-priorities": {"type": "array", "items": priority},
            "join": table({**texts, **{environment: table(texts) for environment in ENVIRONMENTS}}),
            "services": {"type": "object", "additionalProperties": table(service)},
        }
    )  # fmt: skip
