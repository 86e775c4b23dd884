"""One gateway and one Asterisk, whose link is a list: what it answers is typed by hand."""

from cti.ami.errors import AmiUsageError
from cti.ami.messages import AmiAction, AmiResponse, response
from cti.dispatcher import Dispatcher
from cti.gateway.gateway import Gateway
from cti.journal.file import MemoryJournal
from routing.engine import RoutingEngine
from routing.events import TelephonyChanged
from routing.ids import PbxId
from simulators.virtual_clock import VirtualClock
from tests.worlds.gateway.desk import CONFIG, SECRET

SECOND_US = 1_000_000
DONE = response(True, "Success")


class HandLink:
    """Keeps what was sent; answers are given by hand."""

    name, is_up = "a1", True

    def __init__(self):
        self.sent: list[tuple[AmiAction, object]] = []

    def send(self, order, on_answer=None, /):
        if "\n" in order.get("Value"):
            raise AmiUsageError("Value: a value may not hold CR, LF or NUL")
        self.sent.append((order, on_answer))
        return str(len(self.sent))

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
            self.dispatcher, self.clock, secret=SECRET, slice_s=10, call_later=later
        )
        self.dispatcher.listen("told", self.told.append)
        self.pbx = self.gateway.add(PbxId("a1"))
        self.link = HandLink()
        self.pbx.attach(self.link)

    def up(self, *rows) -> None:
        self.pbx.link_up()
        self.link.answer("Setvar", DONE)
        self.link.answer("Status", AmiResponse(True, events=tuple(rows)))

    def states(self):
        return [e.event.state for e in self.told if isinstance(e.event, TelephonyChanged)]
