"""What has changed of the present: for readers that tell it on when they can. Pure.

A reader takes what has changed, in the order in which it first did, and looks at the row as it is
then: ten changes while it is busy are one. A row that is no more has changed, too.
"""

from routing.ids import AgentId, QueueId


class Changes:
    """For one reader: who and what has changed since it was last taken from here.

    Both are sets that keep their order.
    """

    def __init__(self) -> None:
        self.agents: dict[AgentId, None] = {}
        self.queues: dict[QueueId, None] = {}


class Readers:
    """Tells all of them the same."""

    def __init__(self) -> None:
        self._readers: list[Changes] = []

    def join(self) -> Changes:
        """One more reader; to it, nothing has changed yet."""
        reader = Changes()
        self._readers.append(reader)
        return reader

    def agent(self, agent_id: AgentId) -> None:
        """It has changed."""
        for reader in self._readers:
            reader.agents[agent_id] = None

    def queue(self, queue_id: QueueId) -> None:
        """It has changed."""
        for reader in self._readers:
            reader.queues[queue_id] = None
