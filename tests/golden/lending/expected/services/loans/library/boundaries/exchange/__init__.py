"""What runs between the monolith and its services besides calls: answers to callbacks, and events.

A Django application of its own, the same on both sides. The monolith takes it into its settings when a context calls back
or events are to be sent::

    INSTALLED_APPS = [..., "library.boundaries.exchange"]  # the last one
    urlpatterns = [path("", include("library.boundaries.exchange.urls")), ...]

``views`` answer the services, ``outbox`` sends what happened here, ``inbox`` takes what happened there, ``wiring``
connects both with the models that the ``events`` module of a context names.
"""
