"""The generated files of one service, parsed, and how values are read out of them."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import yaml

from decompose.model.artifacts import Artifact
from decompose.model.deployment import Deployment

Tree = dict[str, Any]


class Reads(msgspec.Struct, frozen=True):
    """Names that Python code asks an environment for: ``names`` in any way, ``required`` so that it does not start without."""

    names: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()


class Files(msgspec.Struct, frozen=True):
    """The files of a service. ``json`` has the ECS inputs by file name, ``template`` the CloudFormation.

    ``parameters`` are the template's values by environment, ``scripts`` the shell scripts by file name, ``ignored`` the lines of
    ``.dockerignore``, ``modules`` the dotted names of the service's Python files. ``others`` are the templates of the other services
    of the project by folder.
    """

    json: dict[str, Tree]
    template: Tree
    parameters: dict[str, Tree]
    compose: Tree
    workflow: Tree
    dockerfile: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]
    scripts: dict[str, str]
    modules: frozenset[str]
    reads: Reads
    others: dict[str, Tree]

    def tasks(self) -> Iterator[tuple[str, Tree]]:
        """Every task definition with its place, in the spelling of the API."""
        for name, value in self.json.items():
            if "containerDefinitions" in value:
                yield name, value
        for name, properties in self.resources("AWS::ECS::TaskDefinition"):
            yield f"template.yaml {name}", lower(properties)

    def containers(self) -> Iterator[tuple[str, Tree, Tree]]:
        """Every container with the place and the definition of its task."""
        for place, task in self.tasks():
            for container in task["containerDefinitions"]:
                yield place, task, container

    def services(self) -> Iterator[tuple[str, Tree, Tree | None]]:
        """Every ECS service with its place and its task definition, ``None`` when that is missing."""
        for name, value in self.json.items():
            if "serviceName" in value:
                family = value.get("taskDefinition")
                yield name, value, next((t for t in self.json.values() if t.get("family") == family), None)
        definitions = dict(self.resources("AWS::ECS::TaskDefinition"))
        for name, properties in self.resources("AWS::ECS::Service"):
            definition = definitions.get(target(properties.get("TaskDefinition")))
            yield f"template.yaml {name}", lower(properties), definition and lower(definition)

    def resources(self, kind: str) -> list[tuple[str, Tree]]:
        """Names and properties of the template's resources of a type."""
        return of_kind(self.template, kind)


def of_kind(template: Tree, kind: str) -> list[tuple[str, Tree]]:
    found = template.get("Resources", {})
    return [(name, value.get("Properties", {})) for name, value in found.items() if value.get("Type") == kind]


# Parsing ------------------------------------------------------------------------------------------------------------------


def parse(deployment: Deployment, artifacts: Iterable[Artifact]) -> Files:
    """Raises the parser's own error for a file that does not parse."""
    root = deployment.root + "/"
    folder = deployment.root.rpartition("/")[0]
    inputs: dict[str, Tree] = {}
    parameters: dict[str, Tree] = {}
    documents: dict[str, Tree] = {}
    others: dict[str, Tree] = {}
    scripts: dict[str, str] = {}
    dockerfile: tuple[tuple[str, str], ...] = ()
    ignored: tuple[str, ...] = ()
    python: dict[str, str] = {}
    for artifact in artifacts:
        path = artifact.path.removeprefix(root)
        if artifact.path == f".github/workflows/service-{deployment.name}.yml":
            documents["workflow"] = load_yaml(artifact.content)
        elif not artifact.path.startswith(root):
            if other := re.fullmatch(rf"{re.escape(folder)}/([^/]+)/deploy/template\.yaml", artifact.path):
                others[other[1]] = load_yaml(artifact.content)
        elif named := re.fullmatch(r"deploy/([^/]+\.json)", path):
            inputs[named[1]] = json.loads(artifact.content)
        elif named := re.fullmatch(r"deploy/parameters/([^/]+)\.json", path):
            parameters[named[1]] = json.loads(artifact.content)
        elif path in ("deploy/template.yaml", "compose.yaml"):
            documents[path] = load_yaml(artifact.content)
        elif named := re.fullmatch(r"deploy/([^/]+\.sh)", path):
            scripts[named[1]] = artifact.content.decode()
        elif path == "Dockerfile":
            dockerfile = tuple(_instructions(artifact.content.decode()))
        elif path == ".dockerignore":
            ignored = tuple(artifact.content.decode().split())
        elif path.endswith(".py") and not path.startswith("tests/"):
            python[path] = artifact.content.decode()
    return Files(
        json=inputs,
        template=documents.get("deploy/template.yaml", {}),
        parameters=parameters,
        compose=documents.get("compose.yaml", {}),
        workflow=documents.get("workflow", {}),
        dockerfile=dockerfile,
        ignored=ignored,
        scripts=scripts,
        modules=frozenset(path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in python),
        reads=_reads(python.values()),
        others=others,
    )


# Ten times as fast where PyYAML was built with libyaml.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Safe):  # type: ignore[misc]
    """YAML with CloudFormation's short functions as one-key mappings: ``!Ref A`` is ``{"Ref": "A"}``."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    return {suffix: value}


_Loader.add_multi_constructor("!", _function)


def load_yaml(content: bytes) -> Any:
    """The value of a YAML file, CloudFormation's functions included."""
    return yaml.load(content, _Loader)


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word:
            yield word.upper(), rest.strip()


def _reads(sources: Iterable[str]) -> Reads:
    names: set[str] = set()
    required: set[str] = set()
    for source in sources:
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and node.args:
                key, must = node.args[0], isinstance(node.func, ast.Attribute) and node.func.attr in ("required", "computed")
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                key, must = node.slice, ast.unparse(node.value).endswith("environ")
            else:
                continue
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                names.add(key.value)
                required.update([key.value] if must else [])
    return Reads(frozenset(names), frozenset(required))


# Reading ------------------------------------------------------------------------------------------------------------------


def lower(value: Any, key: str = "") -> Any:
    """CloudFormation's spelling as the API's; functions and free-form maps stay as they are."""
    if isinstance(value, dict):
        if key == "Options" or any(name in value for name in ("Ref", "Sub", "GetAtt", "If", "Select")):
            return value
        return {name[0].lower() + name[1:]: lower(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [lower(item, key) for item in value]
    return value


def target(value: Any) -> str:
    """The resource or parameter that a reference names, ``""`` for other values."""
    if isinstance(value, dict) and len(value) == 1:
        (name,) = value.values()
        return name if isinstance(name, str) else ""
    return ""


def references(value: Any) -> set[str]:
    """All resources and parameters named anywhere in a value."""
    if isinstance(value, list):
        return {name for item in value for name in references(item)}
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, item in value.items():
        if key in ("Ref", "GetAtt") and isinstance(item, str):
            found.add(item)
        elif key == "Sub" and isinstance(item, str):
            found.update(re.findall(r"\$\{([^}]+)\}", item))
        else:
            found |= references(item)
    return found


def statements(role: Tree) -> list[Tree]:
    """What a role of the template allows."""
    written = [s for policy in role.get("Policies", ()) for s in policy["PolicyDocument"]["Statement"]]
    # One under a condition is one of two alternatives, the other often none at all.
    either = [choice for s in written for choice in (s["If"][1:] if "If" in s else [s])]
    return [s for s in either if "Effect" in s]


def allowed(role: Tree, action: str) -> set[str]:
    """The resources and parameters on which a role may do something."""
    return {name for each in statements(role) if action in listed(each.get("Action")) for name in references(each.get("Resource"))}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def strings(value: Any, key_part: str) -> Iterator[str]:
    """Texts below keys that contain ``key_part``."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, str) and key_part in key:
                yield item
            elif isinstance(item, dict) and key_part in key:
                yield from (text for text in item.values() if isinstance(text, str))
            else:
                yield from strings(item, key_part)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item, key_part)
