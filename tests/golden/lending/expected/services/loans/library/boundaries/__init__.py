"""Boundaries of the bounded contexts: the only way from one context's code to another's.

Each folder is one context. The modules beside this one run them: ``runtime`` chooses between this process and a
service, ``wire`` holds the serialised form and ``objects`` what it has to know of the models' library, ``client`` the
HTTP client, ``passage`` what goes along with a call, ``tokens`` the proof of who is calling, ``fallback`` the answer
while a service is down, ``shadow`` the comparison.
In mode ``local`` only ``runtime`` is imported.
"""
