"""Whether a saved plan still speaks of the source and the decisions it was made from."""

from __future__ import annotations

import hashlib

import msgspec

from decompose.model.migration import MigrationPlan
from decompose.model.settings import Config


def config_digest(config: Config) -> str:
    """A hash over the decisions in force; where the file lies, how to verify, where to deploy, what is waived and how the source is linked do not count."""
    counted = msgspec.to_builtins(msgspec.structs.replace(config, path="", places=(), fresh=False, verify=Config().verify, target=Config().target))
    del counted["waivers"], counted["source_link"]
    if not config.since:  # plans made before there was this setting are not adrift for it
        del counted["since"]
    return hashlib.blake2b(msgspec.json.encode(counted), digest_size=16).hexdigest()


def drift(plan: MigrationPlan, *, digest: str, config: Config) -> tuple[str, ...]:
    """What changed since the plan was made, in words; empty when nothing did."""
    changed = []
    if plan.digest != digest:
        changed.append("the source has changed since the plan was made")
    if plan.config_digest != config_digest(config):
        changed.append("the decisions in the configuration, or the options, have changed since the plan was made")
    return tuple(changed)
