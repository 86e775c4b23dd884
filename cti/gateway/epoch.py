"""The name of one router's turn at one Asterisk, as the dialplan compares it. Pure.

`NUMBER-INSTANCE`, such as `7-3fa9c1d2`. NUMBER grows from turn to turn, so that the later of two is
known; INSTANCE says whose turn it is, so that two routers which take the same number at the same
moment still differ. It is the first part of every order (docs/call-flow.md).
"""

import re
from typing import Final, NamedTuple

_EPOCH: Final = re.compile(r"([0-9]{1,15})(?:-([0-9a-f]{8}))?")
_BEAT: Final = re.compile(r"([0-9a-f-]{1,24})\*([0-9]{1,18}|gone)\*([A-Za-z0-9_.@-]{1,80})")
_UNNAMED: Final = re.compile(r"[^A-Za-z0-9_.@-]")
MAX_NAME: Final = 80


class Epoch(NamedTuple):
    """Whose turn, and which. `instance` is "" of a router that sets a bare number."""

    number: int
    instance: str

    def __str__(self) -> str:
        return f"{self.number}-{self.instance}" if self.instance else str(self.number)


class Beat(NamedTuple):
    """What the router of `epoch` said last. `is_gone`: it has ended on purpose."""

    epoch: Epoch | None
    is_gone: bool
    name: str


NO_BEAT: Final = Beat(None, is_gone=False, name="")


def read_epoch(text: str) -> Epoch | None:
    """Of `CTI_EPOCH`, or of the first part of an order; None when it is empty or none of ours."""
    found = _EPOCH.fullmatch(text)
    return Epoch(int(found[1]), found[2] or "") if found else None


def beat_text(epoch: Epoch, count: int | None, name: str) -> str:
    """`CTI_BEAT`: the epoch, a number that grows (None: `gone`), and a name for people."""
    return f"{epoch}*{'gone' if count is None else count}*{shown(name)}"


def read_beat(text: str) -> Beat:
    """Of `CTI_BEAT`; `NO_BEAT` when nobody of ours has written it."""
    found = _BEAT.fullmatch(text)
    if found is None:
        return NO_BEAT
    return Beat(read_epoch(found[1]), found[2] == "gone", found[3])


def shown(name: str) -> str:
    """A router's name as it may stand in a variable of Asterisk."""
    return _UNNAMED.sub("_", name)[:MAX_NAME] or "_"
