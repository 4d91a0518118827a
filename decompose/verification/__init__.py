"""Proof that an extraction works. The only stage that runs the user's code, and only when asked.

::

    ladder        the gates in their order
    processes     commands with a time limit, servers that are always stopped
    environment   an environment with the service's own requirements
    static        files parse, inputs are accepted, the boundary is the same on both sides
    running       the service imports, migrates, boots and answers
    contract      the contract suite on every side and mode
    events        changes in the monolith reach the running service
    parity        a run of the monolith's own suite, read
    differences   two runs compared, with the edges behind each difference
    monolith      the suite in each mode
    kit           what the suite needs to run against a service
"""

from __future__ import annotations

from decompose.verification.ladder import verify

__all__ = ["verify"]
