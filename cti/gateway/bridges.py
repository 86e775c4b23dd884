"""Which channels of one Asterisk are in which bridge, ours or not. Pure.

Kept up from `BridgeEnter`, `BridgeLeave` (of which only some are asked for: manager.d) and
`Hangup`; after an outage read anew from the list of channels. A holding bridge is none. Bound: a
channel is remembered from its first bridge to its hang-up, so there are never more than Asterisk
has.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True, eq=False)
class Member:
    """One channel. `place` is where in the dialplan it was (context, extension) when it entered:
    who leaves from another place was sent there. `bridge` "": in none.
    """

    uniqueid: str
    channel: str
    bridge: str = ""
    place: tuple[str, str] = ("", "")


class Bridges:
    """All of them; see above."""

    def __init__(self) -> None:
        self._members: dict[str, Member] = {}
        self._in: dict[str, dict[str, Member]] = {}

    def enters(
        self, uniqueid: str, channel: str, bridge: str, place: tuple[str, str] = ("", "")
    ) -> None:
        """It is in this bridge from now on; "": in none."""
        member = self._members.get(uniqueid)
        if member is None:
            member = self._members[uniqueid] = Member(uniqueid, channel)
        else:
            self._out(member)
        member.channel, member.bridge, member.place = channel or member.channel, bridge, place
        if bridge:
            self._in.setdefault(bridge, {})[uniqueid] = member

    def leaves(self, uniqueid: str) -> None:
        """It is in none."""
        member = self._members.get(uniqueid)
        if member is not None:
            self._out(member)

    def gone(self, uniqueid: str) -> None:
        """The channel is no more."""
        member = self._members.pop(uniqueid, None)
        if member is not None:
            self._out(member)

    def _out(self, member: Member) -> None:
        inside = self._in.get(member.bridge)
        if inside is not None:
            inside.pop(member.uniqueid, None)
            if not inside:
                del self._in[member.bridge]
        member.bridge = ""

    def renew(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Asterisk's own list: Uniqueid, Channel, BridgeID of every channel."""
        self._members.clear()
        self._in.clear()
        for uniqueid, channel, bridge in rows:
            if bridge:
                self.enters(uniqueid, channel, bridge)

    def get(self, uniqueid: str) -> Member | None:
        """What is known of this channel."""
        return self._members.get(uniqueid)

    def of(self, uniqueid: str) -> str:
        """The bridge that it is in, "" for none."""
        member = self._members.get(uniqueid)
        return member.bridge if member is not None else ""

    def others(self, bridge: str, uniqueid: str = "") -> list[Member]:
        """Who else is there, in the order of entering."""
        inside = self._in.get(bridge, {}) if bridge else {}
        return [member for member in inside.values() if member.uniqueid != uniqueid]

    def __len__(self) -> int:
        """How many channels are remembered."""
        return len(self._members)


def other_half(channel: str) -> str:
    """The name of the other half of a Local channel, "" for any other channel: `Local/…;1` and
    `Local/…;2` (main/core_unreal.c).
    """
    if not channel.startswith("Local/") or channel[-2:] not in (";1", ";2"):
        return ""
    return channel[:-1] + ("2" if channel.endswith("1") else "1")
