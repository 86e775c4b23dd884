"""A pool and its bands: one distinct need, who meets it, and who waits for it.

A pool is one need together with one strategy. It knows every signed-in agent who meets the need
(`members`), those of them who can be given a call now, in the strategy's order (`ready`), and the
waiting calls that have this need, in one *band* for each queue, priority and Asterisk.

Within a band the older call always has the higher score, whatever the time, since the score grows
with age only. So a free agent compares the heads of bands, and a caller's position is found band by
band. Both happen far more often than a head changes, so that what they go by is kept in the band
itself: its thousands of calls are not in the processor's cache.
"""

from collections.abc import Iterable
from typing import Final, final

from routing.agent import Agent
from routing.call import Call
from routing.config import Strategy
from routing.ids import AgentId, PbxId
from routing.index.ageing import Ageing
from routing.index.needs import Need, named_skills
from routing.index.ordered import Item, OrderedLine
from routing.index.predicates import predicate_of

ReadyEntry = Item
"""(figure, tie-break, log-on number, agent): ascending, best first."""

PoolKey = tuple[str, Strategy, bool, bool]
"""(canonical need, strategy, shared out between employers, for training seats)."""

LineKey = tuple[str, tuple[PbxId, ...]]
"""(employer where calls are shared out, the Asterisks that cannot call these phones)."""

TOGETHER: Final[LineKey] = ("", ())


@final
class Band(OrderedLine):
    """(first queued, arrival number, call), oldest first; its index drops it when it is empty.

    `head`, `head_us` and `head_no` are the oldest call's; nobody came later than `newest_us`.
    `ageing` is the queue's: a new configuration files every waiting call anew.
    """

    __slots__ = (
        "ageing", "head", "head_no", "head_us", "newest_us", "pbx", "pool", "priority", "queue_id",
    )  # fmt: skip

    def __init__(self, pool: "Pool", ageing: Ageing, priority: int, call: Call) -> None:
        super().__init__()
        self.pool = pool
        self.queue_id = call.queue_id
        self.pbx = call.pbx
        self.ageing = ageing
        self.priority = priority
        self.head, self.head_us, self.head_no = call, call.first_queued_us, call.number
        self.newest_us = call.first_queued_us
        self.enter(call)

    def score(self, waited_us: int) -> int:
        """The score of a call in here: the priority, its own and its boosts' and the queue's
        together, and what waiting adds.
        """
        return self.priority + self.ageing.points(waited_us)

    def enter(self, call: Call) -> None:
        """The call stands in line here."""
        first_us, number = call.first_queued_us, call.number
        item: Item = (first_us, number, call)
        self.add(item)
        call.band = self
        if first_us > self.newest_us:  # noqa: PLR1730  max() costs a third more
            self.newest_us = first_us
        if first_us < self.head_us or (first_us == self.head_us and number < self.head_no):
            self._note_head(item)

    def leave(self, call: Call) -> None:
        """The call leaves this line, in which it stands."""
        call.band = None
        if call is not self.head:
            self.remove((call.first_queued_us, call.number, call))
            return
        self.remove_first()
        if self.heads:
            self._note_head(self.heads[0])

    def _note_head(self, item: Item) -> None:
        self.head_us, self.head_no, self.head = item

    def count_older(self, first_us: int, number: int) -> int:
        """How many came before somebody who came at `first_us` as the `number`-th."""
        if first_us > self.newest_us:
            return len(self)
        if first_us < self.head_us:
            return 0
        return self.count_before((first_us, number))


class Pool:
    """One need under one strategy. A pool for training seats holds nobody else, and they are in no
    other.

    The ready agents stand in one line (`ready`), or in several that are compared by their heads:
    `apart` are, where calls are shared out between employers, those of each, and everywhere those
    whose phones cannot be called from every Asterisk.
    """

    __slots__ = (
        "apart", "bands", "key", "members", "need", "newest", "pinned", "predicate", "ready",
        "shuffled", "skills", "splits", "strategy", "text", "training",
    )  # fmt: skip

    def __init__(self, key: PoolKey, need: Need) -> None:
        self.key = key
        self.text, self.strategy, self.splits, self.training = key
        self.need = need
        self.ready = OrderedLine()
        self.apart: dict[LineKey, OrderedLine] = {}
        self.predicate = predicate_of(need)
        self.skills = named_skills(need)
        self.members: dict[AgentId, Agent] = {}
        self.newest = 0  # the latest log-on number of those who ever joined
        self.shuffled = False  # somebody who signed in earlier joined later
        self.bands: list[Band] = []
        self.pinned = False  # it belongs to a queue and is kept

    def join(self, agent: Agent) -> None:
        """The agent meets the need."""
        if agent.logon_no < self.newest:
            self.shuffled = True
        else:
            self.newest = agent.logon_no
        self.members[agent.agent_id] = agent

    def as_signed_in(self) -> Iterable[Agent]:
        """Who meets the need, in an order that a restored engine has too."""
        if self.shuffled:
            self.members = dict(sorted(self.members.items(), key=lambda item: item[1].logon_no))
            self.shuffled = False
        return self.members.values()

    def add_ready(self, entry: ReadyEntry) -> None:
        """An agent can be given calls of this pool."""
        barred: tuple[PbxId, ...] = entry[3].phone.barred
        if not (barred or self.splits):
            self.ready.add(entry)
            return
        key = self._key(entry[3])
        line = self.apart.get(key)
        if line is None:
            line = self.apart[key] = OrderedLine()
        line.add(entry)

    def remove_ready(self, entry: ReadyEntry) -> None:
        """The agent of this entry cannot be given calls of this pool."""
        barred: tuple[PbxId, ...] = entry[3].phone.barred
        if not (barred or self.splits):
            self.ready.remove(entry)
            return
        key = self._key(entry[3])
        line = self.apart[key]
        line.remove(entry)
        if not line:
            del self.apart[key]

    def _key(self, agent: Agent) -> LineKey:
        return (agent.spec.employer if self.splits else "", agent.phone.barred)

    def ready_for(self, pbx: PbxId) -> list[tuple[LineKey, OrderedLine]]:
        """The lines of those who can be given a call of this Asterisk; none of them is empty."""
        lines = [(TOGETHER, self.ready)] if self.ready else []
        if self.apart:
            lines += [item for item in self.apart.items() if pbx not in item[0][1]]
        return lines
