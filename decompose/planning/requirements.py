"""Which installed distributions a piece of code needs, pinned as the monolith pins them.

Read from requirement files, ``pyproject.toml`` (PEP 621, dependency groups, Poetry), ``Pipfile``, ``setup.cfg``, ``setup.py``, and from the lock files
of Poetry, uv, PDM and Pipenv, given as texts.
"""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping

DISTRIBUTIONS = {
    # import name -> distribution, where the two differ (each project's own packaging metadata)
    "PIL": "pillow",
    "actstream": "django-activity-stream",
    "allauth": "django-allauth",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "corsheaders": "django-cors-headers",
    "crispy_forms": "django-crispy-forms",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "debug_toolbar": "django-debug-toolbar",
    "decouple": "python-decouple",
    "django_celery_beat": "django-celery-beat",
    "django_celery_results": "django-celery-results",
    "django_countries": "django-countries",
    "django_extensions": "django-extensions",
    "django_filters": "django-filter",
    "dotenv": "python-dotenv",
    "drf_spectacular": "drf-spectacular",
    "environ": "django-environ",
    "flask_login": "flask-login",
    "flask_migrate": "flask-migrate",
    "flask_sqlalchemy": "flask-sqlalchemy",
    "fitz": "pymupdf",
    "git": "gitpython",
    "google.protobuf": "protobuf",
    "guardian": "django-guardian",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "ldap": "python-ldap",
    "magic": "python-magic",
    "markdown": "markdown",
    "model_utils": "django-model-utils",
    "mptt": "django-mptt",
    "multipart": "python-multipart",
    "phonenumber_field": "django-phonenumber-field",
    "polymorphic": "django-polymorphic",
    "psycopg2": "psycopg2-binary",
    "reversion": "django-reversion",
    "rest_framework": "djangorestframework",
    "rest_framework_simplejwt": "djangorestframework-simplejwt",
    "reportlab": "reportlab",
    "serial": "pyserial",
    "simple_history": "django-simple-history",
    "sklearn": "scikit-learn",
    "slugify": "python-slugify",
    "storages": "django-storages",
    "taggit": "django-taggit",
    "treebeard": "django-treebeard",
    "usb": "pyusb",
    "waffle": "django-waffle",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}


EXTRAS = {
    # a name of a distribution -> what else must be installed to use it (each distribution's own documentation of its extras)
    "pydantic.EmailStr": "email_validator",
    "pydantic.NameEmail": "email_validator",
    "fastapi.Form": "multipart",
    "fastapi.File": "multipart",
    "fastapi.UploadFile": "multipart",
    "fastapi.security.OAuth2PasswordRequestForm": "multipart",
    "fastapi.testclient": "httpx",
}
"""Imports that need a distribution which nothing imports by its own name."""

ENGINES = frozenset({
    "sqlalchemy.create_engine", "sqlalchemy.engine.create_engine", "sqlalchemy.engine_from_config", "sqlalchemy.ext.asyncio.create_async_engine",
})  # fmt: skip
"""Imports by which code opens a database of its own choice; the URL names the driver, and SQLAlchemy imports it."""

DRIVERS = ("psycopg2", "psycopg2-binary", "psycopg", "asyncpg", "mysqlclient", "pymysql", "aiomysql", "aiosqlite", "oracledb", "pyodbc")
"""Distributions that SQLAlchemy imports by a URL."""

TRANSPORTS = {"redis": "redis", "pycurl": "sqs", "pymongo": "mongodb", "kazoo": "zookeeper", "confluent-kafka": "confluentkafka"}
"""Distributions that tell the broker of a monolith with Celery -> the extra of kombu, its messaging, with all that this broker needs.

AMQP needs none. A monolith may have the rest of an extra by chance, from another distribution that stays behind.
"""


def normal(name: str) -> str:
    """A distribution's name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(texts: Mapping[str, str]) -> dict[str, str]:
    """Requirement lines by normal distribution name. Texts are by path; the most exact line for a name wins, then the first path.

    What a lock file says of a version is what is installed: it makes a looser line exact, and stands for what nobody declares.
    """
    paths = sorted(texts, key=lambda each: (each.count("/"), each))
    found: dict[str, str] = {}
    for path in paths:
        for line in _lines(path, texts[path]):
            match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
            if match:
                name = normal(match.group())
                known = found.get(name)
                if known is None or ("==" in line and "==" not in known):
                    found[name] = line
    locked: dict[str, str] = {}
    for path in paths:
        locked = {**_locked(path, texts[path]), **locked}
    return {name: _pinned(found.get(name, name), version) for name, version in locked.items()} | {
        name: line for name, line in found.items() if name not in locked
    }


def _pinned(line: str, version: str) -> str:
    """A requirement line with an exact version, extras and marker as they were; one that names an address stays as it is."""
    parts = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*\s*(?:\[[^\]]*\])?)\s*([^;]*?)\s*(;.*)?$", line)
    if parts is None or "@" in parts[2] or re.fullmatch(r"===?\s*[^*,]+", parts[2]):
        return line
    return f"{parts[1].strip()}=={version}{f' {parts[3]}' if parts[3] else ''}"


def _locked(path: str, text: str) -> dict[str, str]:
    """Versions by normal name that a lock file says, of what comes from a package index in one version."""
    name = path.rpartition("/")[2]
    try:
        if name == "Pipfile.lock":
            entries = [(each, str(entry.get("version", ""))) for each, entry in json.loads(text).get("default", {}).items()]
            return {normal(each): version.removeprefix("==") for each, version in entries if version.startswith("==")}
        if name not in ("poetry.lock", "uv.lock", "pdm.lock"):
            return {}
        packages = tomllib.loads(text).get("package", [])
    except (ValueError, AttributeError):
        return {}
    versions: dict[str, set[str]] = {}
    for package in packages:
        source = package.get("source", {})
        # Poetry and uv say a source of its own for what is a folder, a repository or an address.
        local = source.get("type") in ("git", "directory", "file", "url") or bool({"git", "editable", "virtual", "directory", "path", "url"} & source.keys())
        if "version" in package and not local and not {"git", "path", "url"} & package.keys():
            versions.setdefault(normal(package["name"]), set()).add(package["version"])
    return {each: found.pop() for each, found in versions.items() if len(found) == 1}


def _lines(path: str, text: str) -> Iterator[str]:
    name = path.rpartition("/")[2]
    if name.endswith((".txt", ".in")) and ("require" in path):
        for line in text.splitlines():
            # Hashes and environment of pip's own options are not part of the requirement.
            line = re.split(r"\s+#|\s+--", line.strip().removesuffix("\\").strip())[0].strip()
            if line and not line.startswith(("#", "-", "git+", "http:", "https:", ".")):
                yield line
    elif name == "pyproject.toml":
        yield from _pyproject(text)
    elif name == "Pipfile":
        yield from _pipfile(text)
    elif name == "setup.cfg":
        yield from _setup_cfg(text)
    elif name == "setup.py":
        yield from _setup_py(text)


def _pyproject(text: str) -> Iterator[str]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    project = data.get("project", {})
    yield from _strings(project.get("dependencies"))
    for group in _values(project.get("optional-dependencies")):
        yield from _strings(group)
    for group in _values(data.get("dependency-groups")):
        yield from _strings(group)
    poetry = data.get("tool", {}).get("poetry", {})
    for group in (poetry, *_values(poetry.get("group"))):
        dependencies = group.get("dependencies") if isinstance(group, dict) else None
        for name, spec in (dependencies or {}).items():
            if name.lower() != "python":
                yield name + _extras(spec) + _poetry(spec)


def _extras(spec: object) -> str:
    """The extras that a table of Poetry or Pipenv asks for."""
    extras = spec.get("extras", []) if isinstance(spec, dict) else []
    return f"[{','.join(map(str, extras))}]" if extras else ""


def _poetry(spec: object) -> str:
    version = spec.get("version", "") if isinstance(spec, dict) else spec
    if not isinstance(version, str) or version in ("", "*"):
        return ""
    if version.startswith("^"):
        parts = version[1:].split(".")
        # Caret: up to the next change of the leftmost part that is not zero.
        index = next((i for i, part in enumerate(parts) if part != "0"), 0)
        upper = [*parts[:index], str(int(parts[index]) + 1)] if parts[index].isdigit() else parts
        return f">={version[1:]},<{'.'.join(upper)}"
    if version.startswith("~"):
        return f"~={version[1:]}" if version.count(".") else f"=={version[1:]}.*"
    return version if version[0] in "<>=!" else f"=={version}"


def _pipfile(text: str) -> Iterator[str]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for name, spec in (data.get("packages") or {}).items():
        version = spec.get("version", "") if isinstance(spec, dict) else spec
        yield name + _extras(spec) + ("" if version in ("*", "") or not isinstance(version, str) else version)


def _setup_cfg(text: str) -> Iterator[str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    yield from (line.strip() for line in parser.get("options", "install_requires", fallback="").splitlines() if line.strip())


def _setup_py(text: str) -> Iterator[str]:
    """``install_requires`` as far as it is a display of texts, in the call or under a name."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    named = {
        target.id: node.value for node in tree.body if isinstance(node, ast.Assign) for target in node.targets if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "setup":
            for given in node.keywords:
                value = named.get(given.value.id) if isinstance(given.value, ast.Name) else given.value
                if given.arg == "install_requires" and isinstance(value, ast.List | ast.Tuple):
                    yield from (each.value for each in value.elts if isinstance(each, ast.Constant) and isinstance(each.value, str))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, str))


def _values(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.values()


def needed(imports: Iterable[str], lines: Mapping[str, str], standard: frozenset[str]) -> tuple[str, ...]:
    """Requirement lines for imports, full names or modules, sorted; what has no declared line stands for itself."""
    asked = set(imports)
    found = {lines[driver] for driver in DRIVERS if driver in lines and asked & ENGINES}
    if any(name.partition(".")[0] == "celery" for name in asked):
        for transport in TRANSPORTS.keys() & lines.keys():
            found |= {lines[transport], f"kombu[{TRANSPORTS[transport]}]"}
    for name in sorted(asked | {EXTRAS[each] for each in asked & EXTRAS.keys()}):
        top = name.partition(".")[0]
        if top and top not in standard:
            line = next((lines[each] for each in _brought_by(name, lines)), None)
            found.add(line if line is not None else normal(DISTRIBUTIONS.get(top, top)))
    return tuple(sorted(found, key=str.lower))


_AFFIXES = ("{}-binary", "django-{}", "flask-{}", "py{}", "py-{}", "{}-py", "python-{}", "{}-python", "{}-client", "{}-sdk")
"""How a distribution is called when the name of its package was taken, or belongs to a framework."""


def _brought_by(name: str, lines: Mapping[str, str]) -> Iterator[str]:
    """Declared distributions that may bring an import, the most certain first."""
    parts = name.split(".")
    known = normal(DISTRIBUTIONS.get(parts[0], parts[0]))
    # Namespaces: google.cloud.storage comes from google-cloud-storage.
    longest = [normal("-".join(parts[:length])) for length in range(len(parts), 1, -1)]
    yield from (each for each in (*longest, known, known.removesuffix("-binary"), *(affix.format(known) for affix in _AFFIXES)) if each in lines)
    longer = [each for each in lines if each.startswith(f"{known}-")]
    yield from longer if len(longer) == 1 else ()
