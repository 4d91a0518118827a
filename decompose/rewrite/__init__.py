"""Edits in the user's text, by libcst: comments and layout survive, and what is not edited stays the same to the byte.

``seal`` turns call sites of a context into calls of its boundary; ``prune`` takes out of a copied module what stays behind.
"""
