"""From the code graph to bounded contexts and data ownership.

::

    atoms         what is moved: modules, and the definitions of mixed ones
    structure     what folders say: containers, applications
    vocabulary    what the code speaks of: topics, and who uses the same words
    coupling      evidence between atoms, tables and words, by kind, with a visible weight each
    partition     communities of a weighted graph
    consensus     what many perturbed runs agree on, and how firmly each member stands
    resolution    how many: cuts from coarse to fine, and the one that the figures favour
    survey        what is known of the project before it is cut
    kernel        shared code inside the project
    naming        names for contexts in the words of the domain
    kept          the accepted map, and what may change of it
    decided       renames, merges, pins from decompose.toml; splitting and apart, what it says of parts and forbidden pairs
    propose       all of these in order                                 -> ContextMap
    transactions  tables touched within each transaction
    ownership     one writing context per table, foreign keys across contexts
    crud, joins   what code does to whose tables, and where it goes through a cut key
    territory     whose each piece of code is, for those who plan with the map
    score         the figures that are always shown together
    explain       evidence for and against, the alternative and its cost -> Explanation
    edited        a map after edits, with its figures
    words, globs  of identifiers; over dotted names
"""
