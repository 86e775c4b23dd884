"""Where on the bus something is said: `{prefix}/{site}/{kind}/{id}/{leaf}`.

Pure. The levels `site` and `id` come from outside, so they are percent-encoded (RFC 3986): letters,
digits and `- _ . ~` stay, everything else goes as `%XX` of its UTF-8. No id can then hold a level
separator or wildcard of MQTT (`/ + #`, MQTT 3.1.1 section 4.7), a NUL (forbidden there), or one of
NATS's wildcards (`* >`), and equal topics mean equal ids.
"""

from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote, unquote

PREFIX = "cti/v1"
PROTECTED = "protected"


class Subject(StrEnum):
    """What an event or a state document is about."""

    CALL = "call"
    AGENT = "agent"
    QUEUE = "queue"
    ROUTER = "router"


class Leaf(StrEnum):
    """`event`: it happened, sent once. `state`: it is so, retained by the broker."""

    EVENT = "event"
    STATE = "state"


def topic(prefix: str, site: str, kind: Subject, name: str, leaf: Leaf) -> str:
    """The topic of one thing. `prefix` is our own and may hold levels; `site` and `name` cannot."""
    return f"{prefix}/{level(site)}/{kind}/{level(name)}/{leaf}"


def protected_topic(where: str, employer: str) -> str:
    """Where an event is said once more, for this employer, with what is personal. A root of its
    own: who may read all of `cti/#` need not be one who may read this.
    """
    head, kind, name, leaf = where.rsplit("/", 3)
    return f"{PROTECTED}/{head}/{level(employer)}/{kind}/{name}/{leaf}"


@lru_cache(maxsize=8192)  # agents, queues, and the calls of the moment
def level(text: str) -> str:
    """One topic level that says `text`, whatever is in it; half a surrogate pair becomes `?`."""
    return quote(text, safe="", errors="replace")


def text_of(encoded: str) -> str:
    """What a topic level says: the opposite of `level`."""
    return unquote(encoded)
