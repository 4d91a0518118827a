"""The use cases, each as a sentence of named steps. Everything that reads, decides or writes is composed here and nowhere else.

``reading`` comes first; ``analysis``, ``plans``, ``revision``, ``extraction``, ``proof`` and ``rollouts`` stand on it, each on those before it.
"""

from decompose.pipeline.analysis import ANALYSIS, Analysis, analyze, check_complete, save_analysis
from decompose.pipeline.extraction import EXTRACTABLE, Extraction, absent, extract, undo
from decompose.pipeline.plans import (
    PLAN_CONTEXT,
    PLAN_DOCUMENT,
    PLAN_PAGE,
    check_accepted,
    check_drift,
    context_plan,
    current_plan,
    decision,
    encode_plan,
    load_plan,
    plan,
    plan_document,
    read_plan,
    review_page,
    save_plan,
    unused_decisions,
)
from decompose.pipeline.proof import disagreements, verify
from decompose.pipeline.reading import PLAN, Progress, boundary_package, linked, text_of
from decompose.pipeline.revision import Revised, revise
from decompose.pipeline.rollouts import deploy_plan

__all__ = [
    "ANALYSIS",
    "EXTRACTABLE",
    "PLAN",
    "PLAN_CONTEXT",
    "PLAN_DOCUMENT",
    "PLAN_PAGE",
    "Analysis",
    "Extraction",
    "Progress",
    "Revised",
    "absent",
    "analyze",
    "boundary_package",
    "check_accepted",
    "check_complete",
    "check_drift",
    "context_plan",
    "current_plan",
    "decision",
    "deploy_plan",
    "disagreements",
    "encode_plan",
    "extract",
    "linked",
    "load_plan",
    "plan",
    "plan_document",
    "read_plan",
    "review_page",
    "revise",
    "save_analysis",
    "save_plan",
    "text_of",
    "undo",
    "unused_decisions",
    "verify",
]
