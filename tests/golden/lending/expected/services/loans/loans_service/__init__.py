"""The service loans: the context's own code under its old names, and what a process of its own needs."""
