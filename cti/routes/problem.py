"""What is answered when something is wrong: RFC 9457 problem documents.

`type` is a stable URN, one for each `Kind`; `errors` names each wrong field, its rule, and a stable
code of what is wrong. Nothing of the inside (paths, tracebacks) is told; that is in the log.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

MEDIA_TYPE: Final = "application/problem+json"
URN: Final = "urn:cti:problem:"


class FieldError(msgspec.Struct, frozen=True, omit_defaults=True):
    """One wrong field: its path, such as `lines[2].amount`, and the rule that it breaks in words.

    `where`: `path`, `query` or `header`, "" for the body; of a configuration the file or variable.
    `code`: required, unknown, type, choice, range, length, pattern, control, repeated.
    """

    field: str
    rule: str
    where: str = ""
    code: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457, section 3.1, with members of our own: `errors`; `code`, the reason where one kind
    has many (a refusal of the core); `cause`, CSTA's word for it; `subject`, what it is about.
    """

    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    code: str = ""
    subject: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: the last part of its `type`, its HTTP status, and what it is called."""

    name: str
    status: int
    title: str

    @property
    def urn(self) -> str:
        """The stable `type`."""
        return f"{URN}{self.name}"


BAD_FIELD: Final = Kind("bad-field", 400, "A field breaks its rule")
BAD_JSON: Final = Kind("bad-json", 400, "The body is not a JSON object")
BAD_REQUEST: Final = Kind("bad-request", 400, "The request cannot be understood")
NOT_SIGNED_IN: Final = Kind("not-signed-in", 401, "Nobody is signed in")
NOT_ALLOWED: Final = Kind("not-allowed", 403, "This right is missing")
NO_SUCH_PATH: Final = Kind("no-such-path", 404, "There is no such path")
WRONG_METHOD: Final = Kind("wrong-method", 405, "The path does not have this method")
TOO_SLOW: Final = Kind("too-slow", 408, "The body did not come in time")
CHANGED: Final = Kind("changed", 412, "It has been changed meanwhile")
TOO_LARGE: Final = Kind("too-large", 413, "The body is too large")
NOT_JSON: Final = Kind("not-json", 415, "The body must be application/json")
KEY_REUSED: Final = Kind("key-reused", 422, "This key was used for another request")
NO_VERSION: Final = Kind("no-version", 428, "If-Match is missing")
TOO_MANY: Final = Kind("too-many", 429, "Too many requests")
BUG: Final = Kind("bug", 500, "A mistake of this program")
UNAVAILABLE: Final = Kind("unavailable", 503, "Not available now")

BY_STATUS: Final = {
    each.status: each for each in (BAD_REQUEST, NO_SUCH_PATH, WRONG_METHOD, TOO_LARGE, NOT_JSON)
}
"""What the web server's own errors are called."""


class ApiError(Exception):
    """A request that gets a problem document for an answer. `retry_s`: when to ask again, 0: no."""

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        errors: tuple[FieldError, ...] = (),
        code: str = "",
        subject: str = "",
        cause: str = "",
        retry_s: int = 0,
    ) -> None:
        super().__init__(detail or kind.title)
        self.kind = kind
        self.retry_s = retry_s
        self.problem = Problem(
            type=kind.urn,
            title=kind.title,
            status=kind.status,
            detail=detail,
            errors=errors,
            code=code,
            subject=subject,
            cause=cause,
        )


def bad_fields(errors: tuple[FieldError, ...]) -> ApiError:
    """The request is understood and wrong: each field is named."""
    said = (f"{each.field}: {each.rule}" if each.field else each.rule for each in errors)
    return ApiError(BAD_FIELD, "; ".join(said), errors=errors)
