"""What can be wrong with a request to the router, besides what `cti.routes.problem` has.

409 `refused` carries the core's code (`routing.refusals`), and CSTA's cause where Asterisk said no.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cti.dispatcher import CommandHeld, RouterStopped
from cti.routes.problem import ApiError, Kind

REFUSED: Final = Kind("refused", 409, "This is not possible now")
UNKNOWN_CALL: Final = Kind("unknown-call", 404, "Nothing is known of this call")
UNKNOWN_AGENT: Final = Kind("unknown-agent", 404, "There is no such agent")
NOT_DONE: Final = Kind("not-done", 409, "Asterisk has not carried it out")
NO_EVIDENCE: Final = Kind("no-evidence", 504, "Asterisk has not said that it is done")
BAD_CONFIG: Final = Kind("bad-config", 422, "The configuration has mistakes")
EVENT_LOG: Final = Kind("event-log", 503, "The event log cannot be read now")
STOPPED: Final = Kind("stopped", 503, "The router takes no commands")


def refused(code: str, subject: str, detail: str, cause: str = "") -> ApiError:
    """409, with the core's code."""
    return ApiError(REFUSED, detail, code=str(code), subject=subject, cause=cause)


@contextmanager
def router_up() -> Iterator[None]:
    """A router that takes no commands any more is 503; one command that is held back is refused."""
    try:
        yield
    except CommandHeld as held:
        raise refused("held", "", str(held)) from None
    except RouterStopped as stopped:
        raise ApiError(STOPPED, str(stopped), retry_s=1) from None
