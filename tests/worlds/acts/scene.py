"""Who is where, read from what Asterisk tells (AMI without a filter): the eye of both worlds.

A party is a name of the script: `a8001` … an agent's phone, `o1` an outsider's, `c1` the customer
whose number is 13901. Channels are kept by their unique id; a masquerade renames them.
"""

import re
from dataclasses import dataclass, field

Fields = dict[str, str]

_NAME = re.compile(r"PJSIP/(?P<endpoint>.+)-[0-9a-f]{8}")
_CUSTOMER = re.compile(r"1390(?P<number>\d)")


@dataclass(slots=True)
class Leg:
    """One channel of a party."""

    name: str
    party: str
    state: str = ""
    bridge: str = ""


@dataclass
class Scene:
    """What has been told so far. `moments` counts how often each word became true."""

    legs: dict[str, Leg] = field(default_factory=dict)
    holding: set[str] = field(default_factory=set)  # bridges in which nobody hears anybody
    _parties: dict[str, str] = field(default_factory=dict)  # by channel name

    def hear(self, event: Fields) -> None:
        """One event, in the order of telling."""
        about, name = event.get("Uniqueid", ""), event["Event"]
        if name == "Newchannel":
            party = self._party(event)
            self._parties[event["Channel"]] = party
            self.legs[about] = Leg(event["Channel"], party, event["ChannelStateDesc"])
        elif name == "Rename":
            self._renamed(event)
        elif about not in self.legs:
            return
        elif name == "Newstate":
            self.legs[about].state = event["ChannelStateDesc"]
        elif name == "BridgeEnter":
            self.legs[about].bridge = event["BridgeUniqueid"]
            if event["BridgeTechnology"] == "holding_bridge":
                self.holding.add(event["BridgeUniqueid"])
        elif name == "BridgeLeave" and self.legs[about].bridge == event["BridgeUniqueid"]:
            self.legs[about].bridge = ""
        elif name == "Hangup":
            del self.legs[about]

    def _renamed(self, event: Fields) -> None:
        new, leg = event["Newname"], self.legs.get(event["Uniqueid"])
        self._parties.setdefault(new, self._parties.get(event["Channel"], ""))
        if leg is not None:
            plain = re.sub(r"<.*>$", "", new)
            leg.name = new
            leg.party = self._parties.get(plain, leg.party) if new == plain else ""

    @staticmethod
    def _party(event: Fields) -> str:
        found = _NAME.fullmatch(event["Channel"])
        endpoint = found["endpoint"] if found else event["Channel"].partition("/")[0].lower()
        caller = _CUSTOMER.fullmatch(event.get("CallerIDNum", ""))
        return f"c{caller['number']}" if endpoint == "trunk" and caller else endpoint

    # --- what a script waits for -----------------------------------------------------------------

    def of(self, party: str) -> list[Leg]:
        """The channels of a party, oldest first."""
        return [leg for leg in self.legs.values() if leg.party == party]

    def channel(self, party: str) -> str:
        """The name of its newest channel."""
        return self.of(party)[-1].name

    def rings(self, party: str) -> bool:
        """A phone rings there."""
        return any(leg.state == "Ringing" for leg in self.of(party))

    def talks(self, one: str, other: str) -> bool:
        """They hear each other."""
        ours = {leg.bridge for leg in self.of(one) if leg.bridge} - self.holding
        return any(leg.bridge in ours for leg in self.of(other))

    def parked(self, party: str) -> bool:
        """In a bridge that holds."""
        return any(leg.bridge in self.holding for leg in self.of(party))

    def alone(self, party: str) -> bool:
        """Here, and in no bridge."""
        legs = self.of(party)
        return bool(legs) and not any(leg.bridge for leg in legs)
