"""What an operation of any module says when it does not act, and of a row's version."""

from typing import Final

from centre.contracts.rights import Place, Principal
from centre.store.history import By
from centre.store.rows import ChangedMeanwhileError
from cti.routes.declare import Asked
from cti.routes.problem import CHANGED, NOT_ALLOWED, ApiError, Kind

NOT_FOUND: Final = Kind("not-found", 404, "It is not there, or not yours to see")
BEING_EDITED: Final = Kind("being-edited", 409, "Somebody else is changing it")
TAKEN: Final = Kind("taken", 409, "It is there already")


def allow(asked: Asked[Principal], right: str, place: Place) -> None:
    """Raises ApiError for somebody who lacks the right there."""
    if not asked.principal.may(right, place):
        raise ApiError(NOT_ALLOWED, right)


def by(asked: Asked[Principal], now_us: int, reason: str = "") -> By:
    """Who acts, for the history."""
    who = asked.principal
    return By(who=who.name, at_us=now_us, reason=reason, source=who.source)


def version(asked: Asked[Principal], rev: int) -> None:
    """The version of what is answered, for the next If-Match."""
    asked.headers["ETag"] = f'"{rev}"'


def at_rev(asked: Asked[Principal], rev: int) -> None:
    """Raises ApiError when it is not the version that was read."""
    if asked.if_match != str(rev):
        raise ApiError(CHANGED, f"it is at version {rev}")


def changed(error: ChangedMeanwhileError) -> ApiError:
    """Two changed it in one moment."""
    return ApiError(CHANGED, f"it is at version {error.rev}")
