"""What was seen at run time, as evidence for the cut.

::

    coverage      Cobertura XML, as coverage.py writes it               bytes -> Report
    statements    an export of pg_stat_statements, CSV or JSON          bytes -> Statement ...
    spans         OpenTelemetry spans, OTLP as JSON                     bytes -> Span ...
    lines         where in a file of JSON a decoder stopped
    names         file names, tables and routes of elsewhere as ours
    ties          from counts to pulls between 0 and 1
    ran           dependencies on lines that ran, modules that never did
    queried       tables that one statement names
    traced        modules and tables that spans lead to, units of work
    evidence      all of these                                          Recorded + CodeGraph -> Observation

The readers see one file's bytes and know nothing of the project; what they read is judged against the graph afterwards. A file that cannot be
what it should be is an error with its place, for a silently skipped one would change the cut unnoticed. What is read and belongs to
nothing in the project becomes an ``Unresolved``.
"""
