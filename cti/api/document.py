"""The OpenAPI document of the control interface: `GET /v1/openapi`, and `docs/control-api.json`."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from cti.routes.declare import Route
from cti.routes.document import openapi

_ABOUT = """\
Served on the control socket (mode 0600), to the user of the daemon and to root. Times are
microseconds since 1970 UTC, lengths microseconds; fields are only ever added. Who orders something
is the user of the process at the other end, as the kernel says, and stands in the record as `by`.
"""


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The document, as JSON values."""
    return openapi(
        routes,
        title="Paidui 排队机: control interface",
        version=version("paidui"),
        description=_ABOUT,
    )
