"""Which phones can be reached: contacts of each endpoint, on each Asterisk. Pure.

Asterisk reports contacts one by one (`ContactStatus`), and a phone may have several, on several
Asterisks; the core wants one word an agent. A phone is reachable while any contact of it is.

Before the first word about a phone nothing is known, and nothing is claimed: a phone without
registration (a static contact) is found out by ringing it.
"""

from collections.abc import Iterable, Mapping

from cti.ami.messages import AmiEvent
from routing.commands import DeviceReachable
from routing.ids import AgentId, PbxId

# res_pjsip/pjsip_options.c names them; a contact that is not qualified counts as there
_THERE = frozenset({"Created", "Updated", "Reachable", "NonQualified"})
_NOT_THERE = frozenset({"Removed", "Unreachable"})

# `DeviceStateList` gives no contact: it stands for whatever made the device reachable.
_ANY_CONTACT = ""


class Devices:
    """The phones of all agents, across all Asterisks."""

    def __init__(self, agents: Mapping[str, AgentId]) -> None:
        """`agents`: endpoint to the agent who is rung there."""
        self._agents = dict(agents)
        self._contacts: dict[str, dict[tuple[PbxId, str], None]] = {}
        self._said: dict[str, bool] = {}

    def configure(self, agents: Mapping[str, AgentId]) -> None:
        """Another set of agents; what is known of their phones stays known."""
        self._agents = dict(agents)

    def assign(self, agent_id: AgentId, device: str) -> None:
        """The agent is rung at this endpoint from now on."""
        for other in [key for key, value in self._agents.items() if value == agent_id]:
            del self._agents[other]
        self._agents[device] = agent_id

    def contact_changed(self, pbx: PbxId, event: AmiEvent) -> list[DeviceReachable]:
        """A `ContactStatus` event: at most one command, and only when the answer changed."""
        get = event.headers.get
        device, status = get("EndpointName") or get("AOR"), get("ContactStatus")
        if device not in self._agents or status not in _THERE | _NOT_THERE:
            return []
        contacts = self._contacts.setdefault(device, {})
        contacts.pop((pbx, _ANY_CONTACT), None)
        if status in _THERE:
            contacts[pbx, get("URI")] = None
        else:
            contacts.pop((pbx, get("URI")), None)
        return self._tell(device)

    def listed(self, pbx: PbxId, items: Iterable[AmiEvent]) -> list[DeviceReachable]:
        """The answer to `DeviceStateList` after a login: what was missed while we were away."""
        commands: list[DeviceReachable] = []
        for item in items:
            technology, _, device = item.headers.get("Device").partition("/")
            if technology != "PJSIP" or device not in self._agents:
                continue
            contacts = self._contacts.setdefault(device, {})
            for key in [key for key in contacts if key[0] == pbx]:
                del contacts[key]
            if item.headers.get("State") not in ("UNAVAILABLE", "INVALID", "UNKNOWN"):
                contacts[pbx, _ANY_CONTACT] = None
            self._said.pop(device, None)  # the core may know otherwise from before a restart
            commands += self._tell(device)
        return commands

    def _tell(self, device: str) -> list[DeviceReachable]:
        reachable = bool(self._contacts[device])
        if self._said.get(device) is reachable:
            return []
        self._said[device] = reachable
        return [DeviceReachable(self._agents[device], reachable)]
