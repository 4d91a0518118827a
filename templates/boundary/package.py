"""Boundaries of the bounded contexts: the only way from one context's code to another's.

Each folder is one context. The modules beside this one run them: ``runtime`` chooses between this process and a
service, ``wire`` holds the serialised form and ``objects`` what it has to know of the models' library, ``client`` the
HTTP client, ``tokens`` the proof of who is calling.
In mode ``local`` only ``runtime`` is imported.
"""
