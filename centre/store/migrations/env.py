"""Alembic's environment: the connection and its transaction come from `centre.store.migrate`."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=True,  # SQLite alters a table by making it anew
    compare_type=True,
)
context.run_migrations()
