"""The target's files: found (``tree``), read and compiled (``read``, ``cache``), and how they changed (``history``).

The only stage that reads the target. Nothing in it is ever imported or executed.
"""
