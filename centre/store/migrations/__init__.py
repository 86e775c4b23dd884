"""Revisions of the database; Alembic loads them as files. Each goes up and down with data in it."""
