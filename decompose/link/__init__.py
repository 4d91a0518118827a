"""Linking: symbols of single files become definitions of the project.

:class:`decompose.link.program.Program` answers what a name stands for, what a class inherits, and what an
expression certainly is, in bounded steps. It never guesses: what it cannot follow is ``unknown``.
"""
