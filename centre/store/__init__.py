"""The one store, on two databases: SQLite, and PostgreSQL by one line of configuration.

    engine      `store.write()` and `store.read()`, the only doors; what a database does wrong
    keys        keys that sort by time
    schema      the metadata that every module adds its tables to, and kinds of columns
    rows        structs in and out: add, change with `rev`, each with its line of history
    history     who has done what to which row, when and why
    schema_at   which revision a database is at, without loading Alembic
    migrate     up and down
    backup      everything as lines, from one database to another

Rows become msgspec structs. A module writes SQLAlchemy Core and asks in no other place.
"""
