"""The cti-* contexts of asterisk-config/extensions.d as a machine of small steps. Pure.

The law is docs/call-flow.md; the names of the steps are the contexts and extensions of the
dialplan, so that the two can be read side by side. Each method is one extension: it sets variables,
starts the one thing that takes time (a question, a wait, a Dial) and names what comes after it.

What takes time leaves `channel.stop` behind, which ends it: a Redirect or a hang-up in the middle
of a question makes its answer void, as `AGIEXITONHANGUP` does.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from simulators.pbx.channels import Channel
from simulators.pbx.dialling import Dial, DialResult
from simulators.pbx.hold import Hold
from simulators.pbx.ordered import Ordered, refused
from simulators.pbx.questions import AgiPort, Question, ask_headers, token
from simulators.pbx.world import MS_US, NORMAL_CLEARING, World

SECOND_US = 1_000_000
SLICE_S_MAX = 25

MAX_HOPS = 10
"""Entries in a row without a conversation."""

WISHES = ("CTI_QUEUE", "CTI_PRIORITY", "CTI_NEEDS", "CTI_TAGS")
"""What the operator sets for an entry. All but the tags are used up by it."""

LINE = ("CTI_LINE_QUEUE", "CTI_ARRIVED", "CTI_LINE_PRIORITY", "CTI_LINE_NEEDS")
DIALLED = ("CTI_OFFER", "CTI_DIALSTATUS", "CTI_HANGUPCAUSE", "CTI_RANG_MS")
ENTRY = ("CTI_LINE_TAGS", "CTI_ENTRY", "CTI_ASKED")
"""Arguments of each question, after the token; DIALLED are empty but after a `Dial`."""


@dataclass(frozen=True, slots=True)
class DialplanGlobals:
    """The operator's globals, with the defaults of extensions.d."""

    secret: str = "simulated-agi-secret"  # noqa: S105  # of a simulation: no secret at all
    ask_s: int = 3
    retry_s: int = 2
    failsafe_after_s: int = 30
    failsafe_limit_s: int = 300
    failsafe_dial: str = ""  # endpoint that takes the calls while the router is away
    leave_ms: int = 3_000  # how long the goodbye of `cti-leave` takes
    announcement_ms: int = 2_000


def encoded(value: str) -> str:
    """`URIENCODE` (main/utils.c, `ast_uri_http`)."""
    return quote(value, safe="-_.~")


def queue_dialled(exten: str) -> str:
    """What the extension that was entered says of the queue, encoded: `s` nothing, one that none of
    the patterns of `cti-inbound` takes what it is.
    """
    if exten == "s":
        return ""
    if re.fullmatch(r"[0-9A-Za-z#*+].+|[0-9#*+]", exten, re.DOTALL):
        return re.sub(r"[^0-9A-Za-z_-]", "", exten)
    return encoded(exten)


class Dialplan:
    """Executes channels of one world, asking the router through `agi`."""

    def __init__(self, world: World, agi: AgiPort, settings: DialplanGlobals) -> None:
        self._world = world
        self._agi = agi
        self._set = settings
        self._contexts: dict[str, Callable[[Channel], None]] = {
            "from-trunk": self.inbound,  # the operator's: Goto(cti-inbound,${EXTEN},1)
            "cti-inbound": self.inbound,
            "cti-wait": self._wait,
            "cti-deliver": self._deliver,
            "cti-order": Ordered(world, self.run, self._ask, self._music).run,
            "cti-after": self._after,
            "cti-leave": self._leave,
            "cti-failsafe": self._failsafe,
            "cti-hold": Hold(world, self._ask).run,
        }
        world.run_dialplan_by(self.run)

    def add(self, context: str, run: Callable[[Channel], None]) -> None:
        """A context of the operator's; one of ours is replaced."""
        self._contexts[context] = run

    def run(self, channel: Channel) -> None:
        """Execute from the channel's location on.

        A context that is not there ends the call. So it does in Asterisk, which is why a Redirect
        to a wrong place loses the caller.
        """
        self._contexts.get(channel.context, self._world.hang_up)(channel)

    # --- arrive -----------------------------------------------------------------------------------

    def inbound(self, channel: Channel) -> None:
        """`cti-inbound` and `cti-arrive`: one entry, of which nothing is left of an earlier one."""
        get, stage = channel.get, channel.get("CTI_STAGE")
        talked = stage == "after" or (stage == "deliver" and get("DIALSTATUS") == "ANSWER")
        hops = 1 if talked else int(get("CTI_HOPS") or "0") + 1
        dialled = queue_dialled(channel.exten)
        wishes = {name.replace("CTI_", "CTI_LINE_"): encoded(get(name)) for name in WISHES}
        channel.at_location("cti-arrive", "s")
        channel.variables.update(CTI_STAGE="arrive")
        self._world.answer(channel)
        channel.variables.update(
            wishes,
            CTI_LINE_QUEUE=wishes["CTI_LINE_QUEUE"] or dialled,
            CTI_LINE_DATA=self._data(channel),
            CTI_HOPS=str(hops),
            CTI_ENTRY=str(int(get("CTI_ENTRY") or "0") + 1),
            CTI_ARRIVED=str(self._world.clock.now_us() // MS_US),
            CTI_VERB="arrive",
            **dict.fromkeys((*WISHES[:3], "CTI_OFFER", "CTI_DIALSTATUS", "CTI_CAUSE"), ""),
            CTI_UNHEARD_S="0",
            CTI_FAILSAFE_TRIED="",
        )
        if hops > MAX_HOPS:
            channel.variables["CTI_CAUSE"] = "maximumHops"
            self._unserved(channel)
        else:
            self._ask(channel)

    def _data(self, channel: Channel) -> str:
        """The loop over the names that the router has set; bytes are taken before encoding."""
        told = ""
        for wish in filter(None, self._world.globals.get("CTI_DATA", "").split("*")):
            name, _, most = wish.partition(":")
            value = channel.get(f"CTI_DATA_{name}").encode()[: int(most)]
            told += f",{name}={quote(value, safe='')}"
        return told

    # --- wait -------------------------------------------------------------------------------------

    def _wait(self, channel: Channel) -> None:
        """Extension `s` asks; any other that a Redirect could name counts as an answer unheard."""
        if channel.exten in ("s", "ask"):
            self._ask(channel)
        else:
            self._unheard(channel)

    def _ask(self, channel: Channel) -> None:
        """Extension `ask`: one question, with a time limit, since AGI itself has none."""
        channel.at_location("cti-wait", "ask")
        asked_us = self._world.clock.now_us()
        channel.variables.update(CTI_NEXT="", CTI_ASKED=str(asked_us // SECOND_US))
        question = self._question(channel)
        channel.busy_with("AGI", f"agi://router/{question.verb}")

        def over() -> None:
            limit.cancel()
            channel.stop = None
            took_s = (self._world.clock.now_us() - asked_us) // SECOND_US
            self._answered(channel, took_s)

        def heard(answer: str) -> None:
            channel.variables["CTI_NEXT"] = answer
            over()

        def stop() -> None:
            limit.cancel()
            asking.cancel()

        def too_late() -> None:
            asking.cancel()
            over()

        limit = self._world.soon(too_late, self._set.ask_s * SECOND_US)
        channel.stop = stop
        asking = self._agi.ask(question, heard)

    def _question(self, channel: Channel) -> Question:
        own = token(self._set.secret, channel.uniqueid)
        verb = channel.get("CTI_VERB")
        dialled = [channel.get(name) if verb == "returned" else "" for name in DIALLED]
        line, entry = map(channel.get, LINE), map(channel.get, ENTRY)
        data = channel.get("CTI_LINE_DATA").split(",")[1:]
        arguments = (own, *line, *dialled, *entry, *data)
        return Question(verb, arguments, ask_headers(channel), channel.variables)

    def _answered(self, channel: Channel, took_s: int) -> None:
        verb, *fields = channel.get("CTI_NEXT").split("*")
        if verb == "wait" and len(fields) >= 2:
            self._heard(channel)
            announcement = fields[2] if len(fields) > 2 else ""
            self._slice(channel, fields[1], announcement)
        elif verb == "deliver" and fields:
            channel.at_location("cti-deliver", "*".join(fields))
            self._deliver(channel)
        elif verb == "after":
            self._after(channel)
        elif verb == "leave":
            channel.variables["CTI_CAUSE"] = fields[1] if len(fields) > 1 else ""
            channel.at_location("cti-leave", (fields[2] if len(fields) > 2 else "") or "s")
            self._leave(channel)
        else:
            self._unheard(channel, took_s)

    @staticmethod
    def _heard(channel: Channel) -> None:
        """The router has taken the caller: what was counted towards failsafe is void."""
        channel.variables.update(CTI_UNHEARD_S="0", CTI_FAILSAFE_TRIED="", CTI_VERB="again")

    def _slice(self, channel: Channel, slice_s: str, announcement: str) -> None:
        """Extension `answer-wait`: music for a bounded time, whatever was said."""
        channel.variables["CTI_STAGE"] = "wait"
        channel.at_location("cti-wait", "answer-wait")
        seconds = min(max(int(slice_s) if slice_s.isdecimal() else 0, 1), SLICE_S_MAX)
        announced_us = self._set.announcement_ms * MS_US if announcement else 0
        channel.busy_with("Wait", str(seconds))
        self._music(channel, announced_us + seconds * SECOND_US, self._slice_over)

    def _slice_over(self, channel: Channel) -> None:
        self._ask(channel)

    def _unheard(self, channel: Channel, took_s: int = 0) -> None:
        """Extension `unheard`: nobody answered. Count, ask again, or give up on the router."""
        if (channel.get("CTI_VERB"), channel.get("CTI_DIALSTATUS")) == ("returned", "ANSWER"):
            self._after(channel)  # it was most likely a conversation
            return
        unheard_s = int(channel.get("CTI_UNHEARD_S") or "0") + min(took_s, 10)
        channel.variables["CTI_UNHEARD_S"] = str(unheard_s)
        if unheard_s >= self._set.failsafe_after_s:
            channel.variables["CTI_CAUSE"] = ""
            channel.at_location("cti-failsafe", "s")
            self._failsafe(channel)
            return
        self._retry(channel, self._ask)

    def _retry(self, channel: Channel, then: Callable[[Channel], None]) -> None:
        unheard_s = int(channel.get("CTI_UNHEARD_S") or "0") + self._set.retry_s
        channel.variables["CTI_UNHEARD_S"] = str(unheard_s)
        channel.busy_with("Wait", str(self._set.retry_s))
        self._music(channel, self._set.retry_s * SECOND_US, then)

    # --- deliver ----------------------------------------------------------------------------------

    def _deliver(self, channel: Channel) -> None:
        """EPOCH*OFFER*RING_S*ENDPOINT, from an answer or by Redirect."""
        epoch, offer, ring_s, endpoint = (*channel.exten.split("*"), "", "", "")[:4]
        current = self._world.globals.get("CTI_EPOCH", "")
        if epoch != current:
            refused(self._world, channel, current)
            channel.at_location("cti-wait", "unheard")
            self._unheard(channel)
            return
        self._heard(channel)
        channel.variables.update(
            CTI_STAGE="deliver", CTI_OFFER=offer, CTI_DIALSTATUS="", CTI_HANGUPCAUSE=""
        )
        channel.pass_on("CTI_LEG", f"{offer}*{endpoint}")
        ring_us = (int(ring_s) if ring_s.isdecimal() and int(ring_s) else 20) * SECOND_US
        Dial(self._world, channel, endpoint, lambda result: self._dialled(channel, result)).begin(
            ring_us
        )

    def _dialled(self, channel: Channel, result: DialResult) -> None:
        channel.stop = None
        channel.variables.update(
            DIALSTATUS=result.status,
            CTI_DIALSTATUS=result.status,
            CTI_HANGUPCAUSE=str(result.cause),
            CTI_RANG_MS="" if result.rang_ms is None else str(result.rang_ms),
            CTI_VERB="returned",
        )
        self._ask(channel)

    # --- after, leave, failsafe -------------------------------------------------------------------

    def _after(self, channel: Channel) -> None:
        channel.at_location("cti-after", "s")
        channel.variables["CTI_STAGE"] = "after"
        self._hang_up(channel)

    def _leave(self, channel: Channel) -> None:
        """`s`, or a place of the operator's that is not there: a mistake, so failsafe."""
        mistaken = channel.get("CTI_CAUSE") in ("noQueue", "refused", "maximumHops")
        if mistaken or channel.exten != "s":
            self._unserved(channel)
            return
        self._say_goodbye(channel)

    def _unserved(self, channel: Channel) -> None:
        channel.at_location("cti-failsafe", "s")
        unheard_s = max(int(channel.get("CTI_UNHEARD_S") or "0"), self._set.failsafe_after_s)
        channel.variables["CTI_UNHEARD_S"] = str(unheard_s)
        self._failsafe(channel)

    def _say_goodbye(self, channel: Channel) -> None:
        channel.variables["CTI_STAGE"] = "left"
        channel.busy_with("Playback", f"cti/leave-{channel.get('CTI_CAUSE')}")
        self._music(channel, self._set.leave_ms * MS_US, self._hang_up)

    def _failsafe(self, channel: Channel) -> None:
        if channel.get("CTI_FAILSAFE_TRIED") == "1":
            self._last(channel)
            return
        channel.variables.update(CTI_FAILSAFE_TRIED="1", CTI_STAGE="failsafe")
        self._world.announcer.user_event(
            channel,
            "CtiFailsafe",
            (
                ("Queue", channel.get("CTI_LINE_QUEUE")),
                ("Arrived", channel.get("CTI_ARRIVED")),
                ("Reason", channel.get("CTI_CAUSE")),
            ),
        )
        if self._set.failsafe_dial:
            Dial(
                self._world,
                channel,
                self._set.failsafe_dial,
                lambda result: self._failsafe_dialled(channel, result),
            ).begin(60 * SECOND_US)
        else:
            self._last(channel)

    def _failsafe_dialled(self, channel: Channel, result: DialResult) -> None:
        channel.stop = None
        if result.status == "ANSWER":
            self._after(channel)
        else:
            self._last(channel)

    def _last(self, channel: Channel) -> None:
        """Nobody in failsafe either: music, asking for the router all the while, then goodbye."""
        channel.at_location("cti-failsafe", "last")
        limit_s = self._set.failsafe_after_s + self._set.failsafe_limit_s
        if int(channel.get("CTI_UNHEARD_S") or "0") >= limit_s:
            channel.variables["CTI_CAUSE"] = ""
            self._say_goodbye(channel)
        else:
            circle = int(channel.get("CTI_HOPS") or "0") > MAX_HOPS
            self._retry(channel, self._last if circle else self._ask)

    # --- internal ---------------------------------------------------------------------------------

    def _music(self, channel: Channel, for_us: int, then: Callable[[Channel], None]) -> None:
        """Wait with music; a Redirect or a hang-up ends it."""

        def over() -> None:
            channel.stop = None
            then(channel)

        channel.stop = self._world.soon(over, for_us).cancel

    def _hang_up(self, channel: Channel) -> None:
        """The application Hangup: a cause that is there is kept."""
        channel.cause = channel.cause or NORMAL_CLEARING
        self._world.hang_up(channel)
