"""What deploying a service would do, step by step, without doing it."""

from __future__ import annotations

import msgspec


class Resource(msgspec.Struct, frozen=True, order=True):
    """Something that is created: its kind as CloudFormation calls it (``AWS::ECS::Service``) and its name in the template."""

    kind: str
    name: str


class Step(msgspec.Struct, frozen=True):
    """One step: ``commands`` are lines of a shell at the project's root, ``proof`` is how its success is seen, ``back`` how it is undone."""

    title: str
    commands: tuple[str, ...]
    proof: str
    back: str
    creates: tuple[Resource, ...] = ()


class Open(msgspec.Struct, frozen=True):
    """A value that a person still has to give: its name in ``file`` and what it is."""

    environment: str
    file: str
    name: str
    what: str


class Stop(msgspec.Struct, frozen=True):
    """Why nothing can be deployed yet, and what to do about it."""

    reason: str
    hint: str


class Rollout(msgspec.Struct, frozen=True):
    """The steps in their order. ``left`` is what the generated files leave to a person, as subject and reason."""

    context: str
    service: str
    steps: tuple[Step, ...]
    open: tuple[Open, ...] = ()
    stops: tuple[Stop, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    schema: str = "decompose/deploy-plan/1"
