"""The test kit: what the monolith's own suite needs to run against a service in a process of its own. Never part of production.

``verify`` copies this folder beside the tree under test as the package ``decompose_kit`` and puts it on the path; the suite's own
files stay as they are. So the modules run in the monolith's environment: they import the standard library alone, its framework only
where that is running, and are written for every Python that it may have (3.9 and later).

::

    bootstrap   becomes ``sitecustomize``: starts the kit in every process of the suite
    spec        what ``verify`` says of the extraction
    frames      whose code asks: a test's, the context's or the monolith's
    records     what each test used of the boundary
    processes   one service process and database for each process of the suite
    snapshots   the service's database as it was, after each test and class
    boundary    the calls that leave the monolith, and where they go
    tracebacks  failures in workers reach their runner
    watch       ends a service when the process that started it is gone
    django_callbacks  the monolith answers its service while a test runs
    on_django   Django's side: routing of models and fixtures, shadow rows, isolation, the middleware
    on_flask    that of Flask on SQLAlchemy, as a plugin of pytest: routing of sessions, shadow rows, isolation, moved routes
"""
