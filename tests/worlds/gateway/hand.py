"""One gateway and one Asterisk, whose link is a list: what it answers is typed by hand.

But for the claim on it (`cti.gateway.claim`): that is written and read as if nobody disturbed it.
"""

from cti.ami.errors import AmiUsageError
from cti.ami.messages import AmiAction, AmiResponse, response
from cti.dispatcher import Dispatcher
from cti.gateway import claim
from cti.gateway.gateway import Gateway
from cti.journal.file import MemoryJournal
from routing.engine import RoutingEngine
from routing.events import TelephonyChanged
from routing.ids import PbxId
from simulators.virtual_clock import VirtualClock
from tests.worlds.gateway.desk import CONFIG, INSTANCE, SECRET

SECOND_US = 1_000_000
DONE = response(True, "Success")


OURS_BEFORE = f"6-{INSTANCE}"
WIRE_US = 200


class HandLink:
    """Keeps what was sent; answers are given by hand. `globals` are Asterisk's; None: it answers
    nothing about them.
    """

    name, is_up = "a1", True

    def __init__(self, clock):
        self.sent: list[tuple[AmiAction, object]] = []
        self.globals = {"CTI_EPOCH": OURS_BEFORE}
        self.claimed = []  # what was written into them
        self._clock = clock

    def send(self, order, on_answer=None, /):
        if "\n" in order.get("Value"):
            raise AmiUsageError("Value: a value may not hold CR, LF or NUL")
        if order.get("Variable") in (claim.EPOCH, claim.BEAT):
            self._of_claim(order, on_answer)
        else:
            self.sent.append((order, on_answer))
        return str(len(self.sent))

    def _of_claim(self, order, on_answer):
        if self.globals is None:
            return
        name = order.get("Variable")
        if order.name == "Setvar":
            self.globals[name] = order.get("Value")
            self.claimed.append((name, order.get("Value")))
        said = response(True, "", Value=self.globals.get(name, ""))
        if on_answer is not None:
            self._clock.at(self._clock.now_us() + WIRE_US, lambda: on_answer(said))

    def answer(self, name: str, said) -> None:
        """To the oldest action of this name."""
        index = next(i for i, (order, _) in enumerate(self.sent) if order.name == name)
        _, on_answer = self.sent.pop(index)
        if on_answer is not None:
            on_answer(said)

    def names(self):
        """Of what was sent, but for the questions about phones (`test_gateway_phones`)."""
        return [order.name for order, _ in self.sent if "(" not in order.get("Variable")]


class HandWorld:
    def __init__(self):
        self.clock = VirtualClock()
        self.told = []

        def later(delay_s, call):
            return self.clock.at(self.clock.now_us() + round(delay_s * SECOND_US), call)

        self.dispatcher = Dispatcher(
            RoutingEngine(CONFIG),
            MemoryJournal(),
            self.clock,
            epoch=7,
            call_later=later,
            on_crash=lambda _: None,
        )
        self.gateway = Gateway(
            self.dispatcher, self.clock, secret=SECRET, slice_s=10, call_later=later,
            instance=INSTANCE, name="tested",
        )  # fmt: skip
        self.dispatcher.listen("told", self.told.append)
        self.pbx = self.gateway.add(PbxId("a1"))
        self.link = HandLink(self.clock)
        self.pbx.attach(self.link)

    def up(self, *rows) -> None:
        self.link_up()
        self.link.answer("Status", AmiResponse(True, events=tuple(rows)))

    def link_up(self) -> None:
        """And the claim on it is ours."""
        self.pbx.link_up()
        self.clock.advance(10 * WIRE_US)

    def states(self):
        return [e.event.state for e in self.told if isinstance(e.event, TelephonyChanged)]
