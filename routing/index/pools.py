"""Who fits what: the index that makes a match cost the same for ten agents and for ten thousand.

An agent who becomes free looks at the heads of the bands of the pools whose need that agent meets;
a call that arrives looks at the head of its pool's ready line. Both are independent of how many
there are.

Pools of queues' needs are kept; those of what single callers bring are kept while calls wait in
them and then until `SPARE_POOLS` newer ones want their place.
"""

from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import Final

from routing.agent import Agent
from routing.call import Call
from routing.config import Strategy
from routing.ids import AgentId
from routing.index.needs import Need, all_anchors, anchors
from routing.index.pool import Band, Pool, PoolKey, ReadyEntry
from routing.index.selection import pools_of, rank
from routing.queue import Queue

_LOGON_NO: Final = attrgetter("logon_no")

SPARE_POOLS: Final = 512
"""Needs of single callers remembered while nobody waits: rebuilding one looks at all who have its
rarest skill, so the few hundred that a day's callers bring should stay."""


class PoolIndex:
    """All pools, and which agents and calls belong to which."""

    def __init__(self) -> None:
        self.pools: dict[PoolKey, Pool] = {}
        self._by_anchor: dict[str, dict[Pool, None]] = {}  # a skill or `@agent`: `needs.anchors`
        self._unanchored: dict[Pool, None] = {}  # whose need names no anchor
        self._holders: dict[str, dict[AgentId, None]] = {}  # of each anchor
        self._signed_in: dict[AgentId, Agent] = {}
        self._spare: dict[PoolKey, Pool] = {}  # in which nobody waits, the oldest first

    # --- pools ---

    @property
    def in_use(self) -> int:
        """Pools that belong to a queue or in which calls wait; spare ones cost nobody anything."""
        return len(self.pools) - len(self._spare)

    def pool(self, key: PoolKey, need: Need) -> Pool:
        """The pool of this need, made when it is new."""
        found = self.pools.get(key)
        if found is not None:
            return found
        pool = self.pools[key] = Pool(key, need)
        anchored = anchors(need)
        if anchored is None:
            self._unanchored[pool] = None
        else:
            for anchor in anchored:
                self._by_anchor.setdefault(anchor, {})[pool] = None
        for agent in self._candidates(pool.need):
            self._join(agent, pool)
        self._keep_spare(pool)
        return pool

    def pin(self, pool: Pool) -> None:
        """Keep this pool: it belongs to a queue."""
        pool.pinned = True
        self._spare.pop(pool.key, None)

    def unpin_all(self) -> None:
        """Keep no pool for its queue; while a configuration is swapped nobody waits in any."""
        for pool in list(self.pools.values()):
            pool.pinned = False
            self._keep_spare(pool)

    def _keep_spare(self, pool: Pool) -> None:
        """Nobody waits in this pool: keep it for a while, and forget the one kept longest."""
        self._spare[pool.key] = pool
        if len(self._spare) > SPARE_POOLS:
            oldest = next(iter(self._spare))
            self._drop(self._spare.pop(oldest))

    def _drop(self, pool: Pool) -> None:
        del self.pools[pool.key]
        anchored = anchors(pool.need)
        if anchored is None:
            del self._unanchored[pool]
        else:
            for anchor in anchored:
                del self._by_anchor[anchor][pool]
                if not self._by_anchor[anchor]:
                    del self._by_anchor[anchor]
        for agent in pool.members.values():
            place = agent.pools.index(pool)
            del agent.pools[place]
            if agent.entries is not None:
                del agent.entries[place]

    def _candidates(self, need: Need) -> list[Agent]:
        """Signed-in agents worth looking at, in the order in which they signed in: those who hold
        something out of each set of anchors. Sets know the hashes of their members, so that this
        passes over most agents without touching them.
        """
        anchored = sorted(all_anchors(need), key=self._how_many)
        if not anchored:
            return sorted(self._signed_in.values(), key=_LOGON_NO)
        found: set[AgentId] = set().union(*map(self._holders_of, anchored[0]))
        for either in anchored[1:]:
            found = set().union(*(found & self._holders_of(anchor) for anchor in either))
        agents = map(self._signed_in.__getitem__, found)  # pure-ok: sorted at once
        return sorted(agents, key=_LOGON_NO)

    def _how_many(self, either: tuple[str, ...]) -> int:
        return sum(len(self._holders_of(anchor)) for anchor in either)

    def _holders_of(self, anchor: str) -> AbstractSet[AgentId]:
        return self._holders.get(anchor, {}).keys()

    # --- agents ---

    def sign_in(self, agent: Agent) -> None:
        """The agent, whose skills are set, joins every pool whose need these skills meet."""
        agent_id = agent.agent_id
        self._signed_in[agent_id] = agent
        for anchor in (*agent.skills, f"@{agent_id}"):
            holders = self._holders.get(anchor)
            if holders is None:
                holders = self._holders[anchor] = {}
            holders[agent_id] = None
            for pool in self._by_anchor.get(anchor, ()):
                if agent_id not in pool.members:  # another anchor of it may have led here
                    self._join(agent, pool)
        for pool in self._unanchored:
            self._join(agent, pool)

    def sign_out(self, agent: Agent) -> None:
        """The agent leaves every pool."""
        self.leave_ready(agent)
        for pool in pools_of(agent):
            del pool.members[agent.agent_id]
        agent.pools.clear()
        del self._signed_in[agent.agent_id]
        for anchor in (*agent.skills, f"@{agent.agent_id}"):
            holders = self._holders[anchor]
            del holders[agent.agent_id]
            if not holders:
                del self._holders[anchor]

    def enter_ready(self, agent: Agent) -> None:
        """The agent can be given a call now, and takes a place in the ready line of each pool."""
        entries: list[ReadyEntry] = []
        shared: dict[Strategy, ReadyEntry] = {}
        for pool in pools_of(agent):
            strategy = pool.strategy
            entry = shared.get(strategy)
            if entry is None:
                entry = rank(agent, pool.strategy, pool.skills)
                if strategy is not Strategy.BEST_SKILL:
                    shared[strategy] = entry
            pool.add_ready(entry)
            entries.append(entry)
        agent.entries = entries

    def leave_ready(self, agent: Agent) -> None:
        """The agent cannot be given a call; nothing happens when that is so already."""
        if agent.entries is None:
            return
        for pool, entry in zip(pools_of(agent), agent.entries, strict=True):
            pool.remove_ready(entry)
        agent.entries = None

    def _join(self, agent: Agent, pool: Pool) -> None:
        if agent.spec.training is not pool.training:
            return
        if not pool.predicate.admits(agent.agent_id, agent.skills):
            return
        pool.join(agent)
        agent.pools.append(pool)
        if agent.entries is not None:
            entry = rank(agent, pool.strategy, pool.skills)
            agent.entries.append(entry)
            pool.add_ready(entry)

    # --- waiting calls ---

    def enter_line(self, call: Call, pool: Pool, queue: Queue, priority: int) -> None:
        """The call stands in line in its queue and in this pool."""
        queue_id = call.queue_id
        for band in pool.bands:
            if band.priority == priority and band.queue_id == queue_id and band.pbx == call.pbx:
                band.enter(call)
                break
        else:
            band = Band(pool, queue.ageing, priority, call)
            if not pool.bands and not pool.pinned:
                self._spare.pop(pool.key, None)
            pool.bands.append(band)
            queue.bands.append(band)
        queue.waiting += 1

    def leave_line(self, call: Call, queue: Queue) -> None:
        """The call leaves the line; nothing happens when it stands in none."""
        band = call.band
        if not isinstance(band, Band):
            return
        band.leave(call)
        queue.waiting -= 1
        if not band:
            pool = band.pool
            pool.bands.remove(band)
            queue.bands.remove(band)
            if not pool.bands and not pool.pinned:
                self._keep_spare(pool)
