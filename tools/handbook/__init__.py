"""The documentation site: what is in docs/, and reference pages made from the code.

::

    pages      a page as blocks with the directives that say how each is tested
    prose      docstrings as Markdown
    reference  the pages that are made from the code and its schemas
    python_api the page about ``import decompose``
    build      everything into one folder, and the site out of it

``make docs`` builds it; the tests are in tests/docs.
"""
