"""Revisions of the database, which Alembic loads as files. Each goes up and down with data in it."""
