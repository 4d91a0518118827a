"""Gates that need no process: what was written parses, fits and agrees."""

from __future__ import annotations

import ast
import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from decompose.model.verification import Gate


def files(base: Path, paths: Iterable[str]) -> Gate:
    """Every generated Python, JSON, YAML and TOML file parses."""
    counted = 0
    problems: list[str] = []
    for path in sorted(paths):
        file = base / path
        if not file.exists():
            continue  # a person deleted it; that is theirs to do
        parse = _PARSERS.get(file.suffix)
        if parse is None:
            continue
        counted += 1
        try:
            parse(file.read_bytes())
        except (SyntaxError, ValueError, yaml.YAMLError) as error:
            problems.append(f"{path}: {error}")
    return _judged("files", problems, f"{counted} generated files parse")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short functions (``!Ref``, ``!Sub``)."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: _plain(loader, node))


def _plain(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


_PARSERS: dict[str, Callable[[bytes], object]] = {
    ".py": ast.parse,
    ".json": json.loads,
    ".yaml": lambda text: list(yaml.load_all(text, _Loader)),
    ".yml": lambda text: list(yaml.load_all(text, _Loader)),
    ".toml": lambda text: tomllib.loads(text.decode()),
}


def same_boundary(monolith: Path, service: Path) -> Gate:
    """The boundary package has the same bytes on both sides: callers and service speak of the same contract."""
    here, there = _digests(monolith), _digests(service)
    problems = [f"{name}: differs" for name in sorted(here.keys() & there.keys()) if here[name] != there[name]]
    problems += [f"{name}: only on one side" for name in sorted(here.keys() ^ there.keys())]
    return _judged("same-boundary", problems, f"{len(here)} files of the boundary are the same on both sides")


def _digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }


def ecs_inputs(folder: Path) -> Gate:
    """botocore's model of ECS accepts the JSON inputs: known keys, right types, and enum values, which its validator leaves out."""
    try:
        import botocore.session
        from botocore.validate import ParamValidator
    except ImportError:
        return Gate("ecs-inputs", "skipped", "botocore is not installed: pip install 'decompose-cli[aws]'")
    model = botocore.session.get_session().get_service_model("ecs")
    inputs = {"task-definition": "RegisterTaskDefinition", "service": "CreateService", "task": "RunTask"}
    problems: list[str] = []
    counted = 0
    for file in sorted(folder.glob("*.json")):
        operation = next((inputs[kind] for kind in inputs if file.stem.endswith(kind)), None)
        if operation is None:
            continue
        counted += 1
        shape = model.operation_model(operation).input_shape
        value = json.loads(file.read_bytes())
        report = ParamValidator().validate(value, shape)
        if report.has_errors():
            problems.append(f"{file.name}: {report.generate_report()}")
        problems.extend(f"{file.name}: {problem}" for problem in _enums(value, shape, ""))
    if not counted:
        return Gate("ecs-inputs", "failed", f"no inputs found in {folder}")
    return _judged("ecs-inputs", problems, f"botocore accepts {counted} inputs")


def _enums(value: Any, shape: Any, path: str) -> Iterator[str]:
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            if name in value:
                yield from _enums(value[name], member, f"{path}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _enums(item, shape.member, f"{path}[{index}]")
    elif shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path.lstrip('.')} is {value!r}, not one of {', '.join(shape.enum)}"


def template(file: Path) -> Gate:
    """cfn-lint finds nothing in the CloudFormation template."""
    try:
        from cfnlint.api import lint_file
    except ImportError:
        return Gate("template", "skipped", "cfn-lint is not installed: pip install 'decompose-cli[aws]'")
    found = lint_file(file)
    return _judged("template", [f"{match.rule.id} line {match.linenumber}: {match.message}" for match in found], "cfn-lint finds nothing")


def agreement(problems: Callable[[], Iterable[str]], *, parsed: bool) -> Gate:
    """The files around the service agree with one another and with what AWS does: ``problems`` looks for what no linter sees."""
    if not parsed:
        return Gate("agreement", "skipped", "a generated file does not parse")
    return _judged("agreement", list(problems()), "ports, names, rights, networks, secrets and deployment files agree")


def _judged(name: str, problems: list[str], good: str) -> Gate:
    if problems:
        return Gate(name, "failed", f"{len(problems)} problem{'s' if len(problems) > 1 else ''}", tuple(problems[:40]))
    return Gate(name, "passed", good)
