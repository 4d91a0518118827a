"""Generators: from the plan of one service to files in memory. They do not know one another; a later one may replace a file of an earlier one.

======================  =====================================================================
``boundary``            the package that the monolith calls and the service serves
``contract``            its pydantic models, the OpenAPI document
``callbacks``           the other direction: what the service calls of the monolith
``exchange``            the application behind both: callbacks served, events sent and received
``service``             moved code under its old names and a project around it
``replicas``            stand-ins for models and code that stay in the monolith
``migrations``          the first migration
``data``                the copy of the rows
``contract_tests``      one suite for every implementation
``priorities``          which listener rule of which service comes when
``ecs``                 JSON inputs of Amazon ECS
``cloudformation``      everything around the service as one template
``terraform``           the same as Terraform modules
``delivery``            image, compose file, CI workflow
``runbook``             the cutover, step by step
======================  =====================================================================
"""

from __future__ import annotations

from decompose.generate.render import Generator


def generators() -> tuple[Generator, ...]:
    """All generators, in the order they run."""
    from decompose.generate import (
        boundary,
        callbacks,
        cloudformation,
        contract,
        contract_tests,
        data,
        delivery,
        ecs,
        exchange,
        migrations,
        priorities,
        replicas,
        runbook,
        service,
        terraform,
    )

    return (
        boundary.generate,
        contract.generate,
        callbacks.generate,
        exchange.generate,
        service.generate,
        replicas.generate,
        migrations.generate,
        data.generate,
        contract_tests.generate,
        priorities.generate,
        ecs.generate,
        cloudformation.generate,
        terraform.generate,
        delivery.generate,
        runbook.generate,
    )
