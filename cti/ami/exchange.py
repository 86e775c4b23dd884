"""Actions out and answers in, over one connection.

Made anew for each connection, and gone with it: an action that was open when the link broke has no
way to the next link, so that nothing can be sent twice by mistake. That is the worst a CTI client
can do: a client that repeats what was not answered dials a customer twice, and one ``core restart
now`` restarts Asterisk for as long as the client lives (both seen, panoramisk 1.4).
"""

import asyncio
from collections.abc import Iterator

from cti.ami.counters import AmiCounters, ListenerGuard
from cti.ami.encoder import encode_action
from cti.ami.errors import AmiDown, AmiFailure, AmiTimeout
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse
from cti.ami.open_actions import OnAnswer, OpenActions, Settled
from cti.ami.wire import AmiWire


class Exchange:
    """The open actions of one connection, each with its deadline."""

    def __init__(
        self,
        wire: AmiWire,
        counters: AmiCounters,
        tell: ListenerGuard,
        ids: Iterator[str],
        deadline_s: float,
    ) -> None:
        """`ids` are the ActionIDs, shared by all connections; `deadline_s` is for our own asks."""
        self.wire = wire
        self._counters = counters
        self._tell = tell
        self._ids = ids
        self._deadline_s = deadline_s
        self._open = OpenActions()

    @property
    def open_count(self) -> int:
        """Actions that wait for their answer."""
        return len(self._open)

    def ask(self, order: AmiAction, on_answer: OnAnswer | None = None) -> None:
        """Send an action of our own, Login or Ping, whatever the state of the link."""
        action_id = next(self._ids)
        self.transmit(action_id, encode_action(order, action_id), on_answer, self._deadline_s)

    def transmit(
        self, action_id: str, data: bytes, on_answer: OnAnswer | None, deadline_s: float
    ) -> None:
        """Send an encoded action; its answer, or `AmiTimeout`, goes to `on_answer`."""
        timer = asyncio.get_running_loop().call_later(
            deadline_s, self._expired, action_id, deadline_s
        )
        self._open.add(action_id, on_answer, timer)
        self.wire.write(data)
        self._counters.actions_out += 1

    def take_response(self, response: AmiResponse) -> None:
        """A response came in. One that nobody waits for (any more) is counted, not passed on."""
        self.wire.answered_at_s = self.wire.heard_at_s
        if response.action_id not in self._open:
            self._counters.late_answers += 1
            return
        self._settle(self._open.take_response(response))

    def take_item(self, event: AmiEvent) -> bool:
        """Whether the event is part of a list answer, and so nobody else's."""
        if not self._open.list_count:  # nearly always: then no event need be looked into
            return False
        is_item, settled = self._open.take_item(event)
        self._settle(settled)
        return is_item

    def give_up(self, action_id: str) -> None:
        """Forget an action that nobody waits for any more; does nothing if it is settled."""
        self._open.fail(action_id, AmiDown("given up"))

    def fail_all(self, failure: AmiFailure) -> None:
        """Tell everyone that there will be no answer, first sent first."""
        for settled in self._open.fail_all(failure):
            self._settle(settled)

    def _expired(self, action_id: str, deadline_s: float) -> None:
        self._counters.timeouts += 1
        self._settle(self._open.fail(action_id, AmiTimeout(f"no answer in {deadline_s} s")))

    def _settle(self, settled: Settled | None) -> None:
        if settled is not None and settled.on_answer is not None:
            self._tell(settled.on_answer, settled.answer)
