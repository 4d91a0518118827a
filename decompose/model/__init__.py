"""The vocabulary: frozen, typed values that pass between the stages.

Nothing here computes more than a property and nothing here imports another part of decompose.

========================  ==================================================================
``location``              ``Location``, ``Span``: where in the target a claim comes from
``source``                ``SourceFile``, ``SourceTree``: the files of the target
``expressions``           ``Chain``, ``Constant`` ...: values as the text gives them, names resolved through imports
``uses``                  ``Use``: a chain where it is evaluated, and how a file's uses are kept
``syntax``                ``ModuleSummary``: what the text of one file says, symbolically
``facts``                 ``Table``, ``Route``, ``Access`` ...: claims after linking, each with a place
``codegraph``             ``CodeGraph``: modules, definitions, edges and all facts of a project
``contexts``              ``ContextMap``: bounded contexts, data ownership, scores
``migration``             ``MigrationPlan``: decisions, boundaries, operations and ordered steps
``service``               ``ServicePlan``: all that a generator may know of one service
``deployment``            ``Deployment``: a service as it runs: processes, rules, secrets, schedules
``artifacts``             ``Artifact``: a file to be written, in memory
========================  ==================================================================
"""
