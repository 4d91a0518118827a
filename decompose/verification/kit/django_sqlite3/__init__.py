"""Django's SQLite backend on the database of this process's service."""
