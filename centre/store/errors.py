"""What a database does wrong, in three words that a caller can act on."""

from sqlalchemy import exc


class StoreError(Exception):
    """The database did not do it. `str()` is for the operator, not for whoever asked."""


class StoreAwayError(StoreError):
    """It cannot be reached, or did not answer in time. Whether a write was done is not known."""


class StoreBusyError(StoreError):
    """Others were in the way for too long; nothing was done, and it can be tried again."""


class StoreFullError(StoreError):
    """There is no room on its disk; nothing was done."""


# SQLSTATE: https://www.postgresql.org/docs/15/errcodes-appendix.html
_FULL = {"53100"}
_BUSY = {"40001", "40P01", "55P03", "57014", "53300"}
_AWAY = {"57P01", "57P02", "57P03", "58030", "58000"}


def store_error(error: exc.SQLAlchemyError) -> StoreError | None:
    """What this is to a caller; None: a mistake in our own statement, or a broken constraint."""
    if isinstance(error, exc.TimeoutError):  # no connection of the pool became free
        return StoreBusyError("every connection to the database is in use")
    if not isinstance(error, exc.DBAPIError) or isinstance(error, exc.IntegrityError):
        return None
    said = " ".join(str(error.orig).split())[:300]
    state = str(getattr(error.orig, "sqlstate", None) or "")
    # SQLite: SQLITE_FULL, SQLITE_BUSY and SQLITE_LOCKED (sqlite3_errstr in main.c).
    if state in _FULL or "disk is full" in said:
        return StoreFullError(said)
    if state in _BUSY or "database is locked" in said or "table is locked" in said:
        return StoreBusyError(said)
    away = isinstance(error, exc.OperationalError | exc.InterfaceError)
    if state in _AWAY or state.startswith("08") or error.connection_invalidated or away:
        return StoreAwayError(said)
    return None
