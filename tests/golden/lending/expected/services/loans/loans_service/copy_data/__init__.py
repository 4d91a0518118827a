"""The rows of this context between the monolith's database and the service's own: copied, compared, cut over, given back.

tables      what is copied, as data
databases   PostgreSQL and SQLite behind one interface
ranges      tables in pieces by key, and where two databases differ
copying     rows in batches, then what changed meanwhile; the same backwards
checking    reports: rows, orphans, sequences, links across the cut
state       what the service's database remembers of all this

Everything here needs psycopg (for PostgreSQL) and the standard library only, and nothing of the service's framework.
"""
