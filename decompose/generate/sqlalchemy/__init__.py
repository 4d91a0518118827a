"""What services on SQLAlchemy have in common, whatever serves their addresses.

``database`` finds the session and the base class of the moved code, ``shadows`` makes the models of rows that belong to the monolith,
``migration`` the first revision of Alembic.
"""
