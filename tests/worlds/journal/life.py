"""A journal, snapshots and a core that writes to them, as the daemon does."""

from pathlib import Path

from cti.journal.file import FileJournal
from cti.journal.recovery import Recovered, recover
from cti.journal.segments import read_journal
from cti.journal.snapshots import SnapshotStore
from routing.commands import (
    ApplyConfig,
    CallArrived,
    Command,
    LogOnAgent,
    RequestedState,
    SetAgentState,
    Stamped,
    TelephonyRestored,
)
from routing.config import AgentSpec, QueueSpec, RoutingConfig
from routing.engine import RoutingEngine
from routing.ids import AgentId, CallId, PbxId, QueueId
from routing.snapshot import state_hash

A1 = PbxId("a1")
CODE = "0.1.0"
START_US = 1_795_000_000_000_000
CONFIG = RoutingConfig(
    version=2,
    queues=(QueueSpec(QueueId("loans")),),
    agents=(AgentSpec(AgentId("8001"), "p8001"),),
    pbxs=(A1,),
)
OPENING: tuple[Command, ...] = (
    ApplyConfig(CONFIG),
    TelephonyRestored(A1),
    LogOnAgent(AgentId("8001")),
    SetAgentState(AgentId("8001"), RequestedState.READY),
)


def arrival(number: int) -> CallArrived:
    return CallArrived(CallId(f"a1-{number}.1"), QueueId("loans"), A1)


class Life:
    """One life of the router: what a start finds, and what it adds."""

    def __init__(self, path: Path, *, code: str = CODE, segment_bytes: int = 1 << 20) -> None:
        self.path = path
        self.code = code
        self.segment_bytes = segment_bytes
        self.snapshots = SnapshotStore(path / "snapshots", code=code)
        self.epoch = 0

    def start(self, recorded: int | None = None) -> Recovered:
        """`recorded`: how far the event log has got; without, it has all that there was."""
        if recorded is None:
            recorded = self.engine.event_seq if self.epoch else 0
        self.found = recover(self.snapshots, self.path / "journal", recorded)
        self.engine: RoutingEngine = self.found.engine
        self.epoch += 1
        self.journal = FileJournal(
            self.path / "journal",
            epoch=self.epoch,
            code=self.code,
            segment_bytes=self.segment_bytes,
        )
        self.journal.start(self.engine.seq + 1)
        return self.found

    def run(self, *commands: Command) -> None:
        for command in commands:
            stamped = self.stamped(command)
            self.journal.append(stamped)
            self.engine.handle(stamped)

    def stamped(self, command: Command) -> Stamped:
        return Stamped(self.engine.seq + 1, START_US + self.engine.seq, command)

    def snapshot(self) -> None:
        self.snapshots.write(self.snapshots.take(self.engine, self.epoch))

    def differences(self) -> list[int]:
        """Replayed from the oldest snapshot past each later one: after which commands the state is
        not the snapshot's. None means that snapshot plus journal is the state, byte for byte.
        """
        *later, (engine, _) = self.snapshots.load_all()
        hashes = {header.seq: header.state_hash for _, header in later}
        found = []
        for line in read_journal(self.path / "journal", engine.seq):
            engine.handle(line.stamped)
            if hashes.pop(engine.seq, "") not in ("", state_hash(engine)):
                found.append(engine.seq)
        assert not hashes, "a snapshot was not reached"
        return found

    def segments(self) -> list[Path]:
        return sorted((self.path / "journal").glob("*.jsonl"))
