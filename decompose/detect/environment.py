"""What the code takes from outside its process: environment variables, HTTP, AWS, mail, caches, Redis, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import msgspec

from decompose.link.expressions import argument, keyword, last_bound, last_name, literal, source
from decompose.link.objects import Objects, text
from decompose.link.program import Program, State
from decompose.model.facts import EnvironmentRead, External, Fact, Unresolved
from decompose.model.location import Location
from decompose.model.syntax import (
    Call,
    Chain,
    Constant,
    Definition,
    Expression,
    Item,
    Mapping,
    ModuleSummary,
    Opaque,
    Use,
)

_GETTERS = frozenset({"os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop", "os.environb.get", "os.getenvb"})
_CONFIG = frozenset({"decouple.config", "starlette.config.config", "environs.env", "prettyconf.config", "envparse.env"})
_READERS = {"Env": "env", "FileAwareEnv": "env", "Config": "config", "AutoConfig": "config", "EnvConfig": "config", "BaseSettings": ""}
"""Classes of environ, environs, decouple and Starlette whose instances read a variable when called."""
_READER_PACKAGES = frozenset({"environ", "environs", "decouple", "starlette", "envparse", "prettyconf", "environ_config"})
_SETTINGS = ("pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic_settings.main.BaseSettings", "pydantic.v1.BaseSettings")

_HTTP = frozenset({"requests", "httpx", "urllib", "urllib3", "aiohttp", "http", "treq", "pycurl", "httplib2"})
_HTTP_CALLS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "urlopen", "send", "stream", "fetch", "urlretrieve", "ws_connect"})  # fmt: skip
_CLIENTS = {
    "requests.Session": "http", "requests.session": "http", "requests.sessions.Session": "http", "httpx.Client": "http",
    "httpx.AsyncClient": "http", "aiohttp.ClientSession": "http", "urllib3.PoolManager": "http", "http.client.HTTPConnection": "http",
    "http.client.HTTPSConnection": "http", "redis.Redis": "redis", "redis.StrictRedis": "redis", "redis.from_url": "redis",
    "redis.Redis.from_url": "redis", "redis.StrictRedis.from_url": "redis", "redis.asyncio.Redis": "redis", "redis.asyncio.from_url": "redis",
    "redis.asyncio.Redis.from_url": "redis", "aioredis.from_url": "redis", "flask_redis.FlaskRedis": "redis", "django_redis.get_redis_connection": "redis",
    "smtplib.SMTP": "mail", "smtplib.SMTP_SSL": "mail", "flask_mail.Mail": "mail", "fastapi_mail.FastMail": "mail", "aiosmtplib.SMTP": "mail",
    "flask_caching.Cache": "cache", "cachelib.SimpleCache": "cache", "cachelib.RedisCache": "cache", "pymemcache.client.base.Client": "cache",
    "pylibmc.Client": "cache", "memcache.Client": "cache",
    "boto3.client": "aws", "boto3.resource": "aws-resource", "boto3.Session": "aws-session", "boto3.session.Session": "aws-session",
    "aioboto3.Session": "aws-session", "aiobotocore.session.get_session": "aws-session",
}  # fmt: skip
"""What the call of a dotted name gives, by kind of outside world."""

_MAIL = frozenset({"send_mail", "send_mass_mail", "mail_admins", "mail_managers", "EmailMessage", "EmailMultiAlternatives"})
_CACHE_CALLS = frozenset({"get", "set", "add", "delete", "get_or_set", "incr", "decr", "touch", "clear", "get_many", "set_many", "delete_many", "has_key", "memoize", "cached", "aget", "aset", "adelete", "delete_memoized", "expire", "delete_pattern"})  # fmt: skip
_FILE_CALLS = frozenset({"write_text", "write_bytes", "read_text", "read_bytes", "unlink", "mkdir", "rename", "touch", "rmdir"})
_FILE_FUNCTIONS = frozenset(
    {
        "builtins.open", "io.open", "codecs.open", "gzip.open", "zipfile.ZipFile", "tarfile.open", "shutil.copy", "shutil.copyfile",
        "shutil.copytree", "shutil.move", "shutil.rmtree", "os.remove", "os.unlink", "os.makedirs", "os.mkdir", "os.rename", "os.rmdir",
        "os.listdir", "os.walk", "tempfile.NamedTemporaryFile", "tempfile.TemporaryDirectory", "tempfile.mkdtemp", "tempfile.mkstemp",
        "aiofiles.open", "os.scandir", "os.replace",
    }
)  # fmt: skip
_STORAGE = ("django.core.files.storage",)
_PACKAGES = frozenset(
    name.partition(".")[0] for name in (*_GETTERS, *_CONFIG, *_HTTP, *_CLIENTS, *_FILE_FUNCTIONS, *_READER_PACKAGES, *_STORAGE, "pathlib.Path")
)
"""Top-level packages outside the project that anything here knows."""

# boto3's own method names that are not operations of the service, and those that need another permission than their name says.
_NO_ACTION = frozenset({"get_paginator", "get_waiter", "can_paginate", "generate_presigned_url", "generate_presigned_post", "close", "meta", "exceptions"})  # fmt: skip
_ACTIONS = {
    "s3:upload_file": "PutObject", "s3:upload_fileobj": "PutObject", "s3:download_file": "GetObject", "s3:download_fileobj": "GetObject",
    "s3:head_object": "GetObject", "s3:list_objects": "ListBucket", "s3:list_objects_v2": "ListBucket", "s3:head_bucket": "ListBucket",
    "s3:copy": "PutObject", "s3:copy_object": "PutObject", "s3:delete_objects": "DeleteObject", "s3:create_multipart_upload": "PutObject",
    "s3:upload_part": "PutObject", "s3:complete_multipart_upload": "PutObject", "lambda:invoke": "InvokeFunction",
}  # fmt: skip
"""Where the IAM action is not the CamelCase of the method. Source: the service authorization reference of AWS."""
_RESOURCE_ACTIONS = {
    "s3:put_object": "PutObject", "s3:upload_file": "PutObject", "s3:upload_fileobj": "PutObject", "s3:download_file": "GetObject",
    "s3:download_fileobj": "GetObject", "s3:get": "GetObject", "s3:put": "PutObject", "s3:delete": "DeleteObject", "s3:copy": "PutObject",
    "s3:filter": "ListBucket", "s3:all": "ListBucket", "dynamodb:put_item": "PutItem", "dynamodb:get_item": "GetItem",
    "dynamodb:query": "Query", "dynamodb:scan": "Scan", "dynamodb:update_item": "UpdateItem", "dynamodb:delete_item": "DeleteItem",
    "sqs:send_message": "SendMessage", "sqs:receive_messages": "ReceiveMessage", "sns:publish": "Publish",
}  # fmt: skip
_PREFIXES = {"cognito-idp": "cognito-idp", "logs": "logs", "cloudwatch": "cloudwatch", "sesv2": "ses", "stepfunctions": "states", "apigatewaymanagementapi": "execute-api"}  # fmt: skip
"""IAM prefixes that differ from boto3's name of the service."""


def detect(program: Program) -> Iterator[Fact]:
    """Environment reads and external systems, each once per definition and line."""
    yield from World(program).facts()


def _kind_of(dotted: str) -> str:
    if dotted in _CLIENTS:
        return _CLIENTS[dotted]
    package, _, last = dotted.rpartition(".")
    if package.split(".", 1)[0] in _READER_PACKAGES and last in _READERS:
        return "reader"
    return ""


class World:
    """One pass over all uses of the target."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.objects = Objects(program, _kind_of)
        self._reading = False
        self._dull: dict[tuple[str, str], bool] = {}

    def facts(self) -> Iterator[Fact]:
        for module in self.program.modules.values():
            emitted: set[Fact] = set()
            for use in module.uses:
                if use.sink in ("annotation", "base", "except") or self._says_nothing(use.chain):
                    continue
                for fact in self._of(use, module):
                    if fact not in emitted:
                        emitted.add(fact)
                        yield fact
        yield from self._settings_classes()

    def _says_nothing(self, chain: Chain) -> bool:
        """Whether what a chain begins with can be no client and no way to the outside, whatever is done with it: asked once for each beginning."""
        if chain.origin in ("parameter", "local", "super"):
            return True
        root = chain.root
        if chain.origin in ("self", "cls"):
            first = chain.steps[0] if chain.steps else None
            root = f"{root}.{first}" if isinstance(first, str) else ""
        key = (root, chain.origin)
        known = self._dull.get(key)
        if known is None:
            known = self._dull[key] = self._is_dull(chain)
        return known

    def _is_dull(self, chain: Chain) -> bool:
        """By the root alone (with the first attribute of ``self``), since the answer stands for every chain that begins so."""
        if chain.origin == "instance":
            return not self.objects.kind(chain.root)
        if chain.origin in ("self", "cls"):
            return self.objects.receiver(chain, "") is None
        if chain.origin == "builtin":
            return f"builtins.{chain.root}" not in _FILE_FUNCTIONS
        state = self.program.resolve(chain.root)
        if state.kind == "external":
            return state.id.partition(".")[0] not in _PACKAGES
        if state.kind == "function":
            return self.objects.receiver(Chain(chain.root, "global", (Call(),)), "") is None
        if state.kind == "class":
            nested = any(each.kind == "class" for each in self.program.members(state.id).values())
            return not nested and not self.objects.kind(state.id)
        if state.kind == "binding":
            held = self.program.evaluate_binding(state.id)
            return held.kind not in ("external", "result", "instance") and self.objects.receiver(Chain(chain.root, "global"), "") is None
        return False

    def _of(self, use: Use, module: ModuleSummary) -> Iterator[Fact]:
        chain = use.chain
        at = self.program.at(module.name, use.span.line)
        scope = use.scope or module.name
        if chain.origin in ("global", "instance", "self", "cls"):
            found = self.objects.receiver(chain, module.name, use.scope)
            if found is not None:
                made, end = found
                if end < last_bound(chain):
                    return
                yield from self._client(made.kind, made.call, chain, end, use, module, scope, at)
                return
        if chain.origin in ("global", "builtin"):
            state, rest = self.program.head(chain)
            if state.kind == "external":
                end = len(chain.steps) - len(rest)
                if end >= last_bound(chain):
                    yield from self._external(state, rest, chain, use, module, scope, at)
            elif state.kind == "binding":
                yield from self._bound(state, rest, chain, use, module, scope, at)

    # --- environment ----------------------------------------------------------------------------

    def _read(self, expression: Expression | None, default: Expression | None, use: Use, module: ModuleSummary, scope: str, at: Location) -> Iterator[Fact]:  # fmt: skip
        name = text(self.program, expression, module, use)
        if name:
            yield EnvironmentRead(scope, name, source(default), at)
        elif isinstance(expression, Chain) and expression.origin in ("parameter", "instance") and not self._reading:
            yield from self._through_callers(use, module, at)
        elif expression is not None:
            yield Unresolved("environment", source(use.chain)[:120], "the variable's name is computed", at)

    def _through_callers(self, use: Use, module: ModuleSummary, at: Location) -> Iterator[Fact]:
        """A helper that reads the variable it is told to: one read for each of its calls."""
        self._reading = True
        for site in self.objects.sites(use, module):
            where = self.program.modules[site.module]
            place = msgspec.structs.replace(use, chain=site.chain)
            state, rest = self.program.head(site.chain)
            if state.kind == "external":
                yield from self._external(state, rest, site.chain, place, where, site.scope or site.module, self.program.at(site.module, site.line))
            else:
                yield Unresolved("environment", source(use.chain)[:120], "the variable's name is computed", at)
        self._reading = False

    def _external(self, state: State, rest: tuple[object, ...], chain: Chain, use: Use, module: ModuleSummary, scope: str, at: Location) -> Iterator[Fact]:  # fmt: skip
        id = state.id
        call = rest[0] if rest and isinstance(rest[0], Call) else None
        if id == "os.environ" and rest and isinstance(rest[0], Item):
            if use.sink == "delete" or (use.sink == "store" and len(rest) == 1):
                return
            inner = self._subscript(use, module) if rest[0].key is None else Constant(rest[0].key)
            yield from self._read(inner, None, use, module, scope, at)
            return
        if call is None:
            return
        if id in _GETTERS or id in _CONFIG:
            yield from self._read(argument(call, 0, "key", "option"), argument(call, 1, "default", "cast_default"), use, module, scope, at)
        elif id in _FILE_FUNCTIONS:
            yield External(scope, "file", self._label(call, id, use, module), at)
        elif id.split(".", 1)[0] in _HTTP and id.rpartition(".")[2] in _HTTP_CALLS:
            yield External(scope, "http", self._http(call, id.rpartition(".")[2], use, module), at)
        elif id.startswith("django.core.mail.") and id.rpartition(".")[2] in _MAIL:
            yield External(scope, "mail", id.rpartition(".")[2], at)
        elif id.startswith("django.core.cache.") and id.rpartition(".")[2] in _CACHE_CALLS:
            yield External(scope, "cache", self._key(call, id.rpartition(".")[2], use, module), at)
        elif id.startswith(_STORAGE) and id.rpartition(".")[2] in ("save", "open", "delete", "url", "exists"):
            yield External(scope, "file", f"storage.{id.rpartition('.')[2]}", at)
        elif id == "pathlib.Path":
            for name, following in pairwise(rest):
                if isinstance(name, str) and isinstance(following, Call) and (name in _FILE_CALLS or name == "open"):
                    yield External(scope, "file", self._label(call, name, use, module), at)

    def _subscript(self, use: Use, module: ModuleSummary) -> Expression | None:
        """What stands in ``os.environ[NAME]``: the only use inside the brackets."""
        inner = [each.chain for each in module.uses if each is not use and each.sink == "argument" and each.scope == use.scope and _inside(each, use)]
        return inner[0] if len(inner) == 1 else Opaque("")

    def _bound(self, state: State, rest: tuple[object, ...], chain: Chain, use: Use, module: ModuleSummary, scope: str, at: Location) -> Iterator[Fact]:  # fmt: skip
        """``caches["default"]`` and storages held by a name of the project."""
        held = self.program.evaluate_binding(state.id)
        if held.kind in ("external", "result", "instance") and len(rest) >= 2 and isinstance(rest[0], str) and isinstance(rest[1], Call):
            if held.id.startswith("django.core.cache") and rest[0] in _CACHE_CALLS:
                yield External(scope, "cache", self._key(rest[1], rest[0], use, module), at)
            elif held.id == "pathlib.Path" and rest[0] in _FILE_CALLS:
                yield External(scope, "file", rest[0], at)

    def _settings_classes(self) -> Iterator[Fact]:
        """Fields of pydantic's ``BaseSettings``: each is read from the variable of its name, with the class's prefix."""
        program = self.program
        for id in program.subclasses(*_SETTINGS):
            prefix = self._prefix(id)
            owners = [id]
            module = program.module_of(id)
            for owner in owners:
                for name, bound in program.bindings(owner).items():
                    binding = bound[-1]
                    if name.startswith("_") or name in ("model_config", "Config") or not binding.annotation or "ClassVar" in binding.annotation:
                        continue
                    value, names = self._field(binding.value)
                    for variable in names or (f"{prefix}{name}".upper(),):
                        yield EnvironmentRead(id, variable, source(value), program.at(module, binding.line))

    def _field(self, value: Expression) -> tuple[Expression | None, tuple[str, ...]]:
        """The default of a field and the variables it names itself (``Field(default, env="X")``, ``alias``, ``validation_alias``)."""
        if isinstance(value, Opaque) and not value.text:
            return None, ()
        if isinstance(value, Chain) and last_name(value) == "Field" and value.steps and isinstance(value.steps[-1], Call):
            call = value.steps[-1]
            names: list[str] = []
            for given in (keyword(call, "env"), keyword(call, "alias"), keyword(call, "validation_alias")):
                name = literal(self.program, given)
                if name:
                    names.append(name)
                elif isinstance(given, Chain) and given.steps and isinstance(given.steps[-1], Call):
                    names.extend(found for each in given.steps[-1].arguments if (found := literal(self.program, each)))
            default = argument(call, 0, "default")
            return (None if source(default) in ("...", "Ellipsis") else default), tuple(dict.fromkeys(names))
        return value, ()

    def _prefix(self, id: str) -> str:
        program = self.program
        for owner in (id, *program.ancestors(id)):
            for key, value in self._config_items(owner):
                if key == "env_prefix":
                    return literal(program, value) or ""
        return ""

    def _config_items(self, owner: str) -> Iterator[tuple[str, Expression]]:
        program = self.program
        bound = program.bindings(owner).get("model_config")
        if bound:
            value = bound[-1].value
            if isinstance(value, Chain) and value.steps and isinstance(value.steps[-1], Call):
                yield from value.steps[-1].keywords
            elif isinstance(value, Mapping):
                yield from ((key.value, each) for key, each in value.items if isinstance(key, Constant) and isinstance(key.value, str))
        inner = program.members(owner).get("Config")
        if isinstance(inner, Definition):
            yield from ((name, found[-1].value) for name, found in program.bindings(inner.id).items())

    # --- clients --------------------------------------------------------------------------------

    def _client(self, kind: str, made: Call, chain: Chain, end: int, use: Use, module: ModuleSummary, scope: str, at: Location) -> Iterator[Fact]:  # fmt: skip
        rest = chain.steps[end:]
        call = next((step for step in rest if isinstance(step, Call)), None)
        names = [step for step in rest if isinstance(step, str)]
        if kind == "reader":
            if call is not None and (not names or names[0] not in ("read_env", "read_envfile")):
                yield from self._read(argument(call, 0, "var", "name", "option", "key"), argument(call, 1, "default"), use, module, scope, at)
            elif rest and isinstance(rest[0], Item) and isinstance(rest[0].key, str):
                yield EnvironmentRead(scope, rest[0].key, "", at)
            return
        if kind in ("aws", "aws-resource", "aws-session"):
            yield from self._aws(kind, made, rest, module, use, scope, at)
            return
        if call is None or not names:
            return
        method = names[0] if isinstance(rest[0], str) else ""
        if kind == "http" and method in _HTTP_CALLS:
            yield External(scope, "http", self._http(call, method, use, module), at)
        elif kind == "redis" and method not in ("", "init_app", "close", "aclose"):
            yield External(scope, "redis", self._key(call, method, use, module), at)
        elif kind == "cache" and method in _CACHE_CALLS:
            yield External(scope, "cache", self._key(call, method, use, module), at)
        elif kind == "mail" and method in ("send", "sendmail", "send_message", "connect"):
            yield External(scope, "mail", method, at)

    def _aws(self, kind: str, made: Call, rest: tuple[object, ...], module: ModuleSummary, use: Use, scope: str, at: Location) -> Iterator[Fact]:
        if kind == "aws-session":
            if len(rest) < 2 or rest[0] not in ("client", "resource", "create_client") or not isinstance(rest[1], Call):
                return
            kind, made, rest = ("aws-resource" if rest[0] == "resource" else "aws"), rest[1], rest[2:]
        service = text(self.program, argument(made, 0, "service_name"), module, use)
        if service is None:
            yield Unresolved("external", source(use.chain)[:120], "the AWS service is computed", at)
            return
        names = [name for name, following in pairwise(rest) if isinstance(name, str) and isinstance(following, Call)]
        prefix = _PREFIXES.get(service, service)
        if not names:
            if not any(isinstance(step, str) for step in rest):
                yield External(scope, "aws", service, at)
            return
        if kind == "aws-resource":
            action = next((found for name in reversed(names) if (found := _RESOURCE_ACTIONS.get(f"{service}:{name}"))), "")
            yield External(scope, "aws", f"{prefix}:{action}" if action else service, at)
        elif names[0] == "get_paginator":
            call = rest[1]
            operation = literal(self.program, argument(call, 0, "operation_name")) if isinstance(call, Call) else None
            yield External(scope, "aws", f"{prefix}:{action_of(service, operation)}" if operation else service, at)
        elif names[0] not in _NO_ACTION:
            yield External(scope, "aws", f"{prefix}:{action_of(service, names[0])}", at)

    # --- labels ---------------------------------------------------------------------------------

    def _http(self, call: Call, method: str, use: Use, module: ModuleSummary) -> str:
        position = 1 if method in ("request", "stream") else 0
        url = argument(call, position, "url")
        found = text(self.program, url, module, use) or source(url)
        verb = method.upper() if method in ("get", "post", "put", "patch", "delete", "head", "options") else literal(self.program, argument(call, 0, "method")) or "" if position else ""  # fmt: skip
        return f"{verb} {found}".strip()[:160] or method

    def _key(self, call: Call, method: str, use: Use, module: ModuleSummary) -> str:
        given = argument(call, 0, "key", "name")
        found = text(self.program, given, module, use) or source(given)
        return f"{method} {found}".strip()[:160]

    def _label(self, call: Call, name: str, use: Use, module: ModuleSummary) -> str:
        given = argument(call, 0, "file", "path", "src")
        return (text(self.program, given, module, use) or source(given) or name.rpartition(".")[2])[:160]


def action_of(service: str, method: str) -> str:
    """The IAM action of a boto3 client method: CamelCase, with the known exceptions."""
    special = _ACTIONS.get(f"{service}:{method}")
    return special or re.sub(r"(?:^|_)([a-z0-9])", lambda found: found.group(1).upper(), method)


def _inside(inner: Use, outer: Use) -> bool:
    return (outer.span.line, outer.span.column) <= (inner.span.line, inner.span.column) and (inner.span.end_line, inner.span.end_column) <= (
        outer.span.end_line,
        outer.span.end_column,
    )
