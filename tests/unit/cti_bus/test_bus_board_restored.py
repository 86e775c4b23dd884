"""A board that followed all events says what one says that was filled from the core's records.

All but `since_us`: the core moves it with what an agent asked for next, the board does not.
"""

import msgspec
import pytest

from cti.bus.board import StateBoard
from cti.record.cloudevents import AsOf
from cti.record.directory import directory_of
from cti.record.envelope import Envelope
from routing.engine import RoutingEngine
from tests.naive.duel import DisagreementError, fought
from tests.worlds.record.history import encoder


def documents(board):
    board.change_all()
    keys = [*board.changed_agents, *board.changed_queues]
    found = {key: msgspec.json.decode(board.document(key)[1])["data"] for key in keys}
    for document in found.values():
        document.pop("since_us", None)
    return found


def restored(engine, at_us):
    board = StateBoard(encoder(directory_of(engine.config)))
    board.restore(engine.agents.values(), engine.calls.values(), AsOf(1, engine.event_seq, at_us))
    return documents(board)


def drawn(seed):
    """A configuration and a journal that mean something to the core."""
    try:
        duel = fought(seed, commands=300)
    except DisagreementError as found:  # of the core and the naive engine: not our business here
        return found.config, found.journal
    return duel.config, duel.journal


@pytest.mark.parametrize("seed", range(12))
def test_followed_and_restored_boards_agree(seed):
    config, journal = drawn(seed)
    engine = RoutingEngine(config)
    board = StateBoard(encoder(directory_of(config)))
    board.restore(engine.agents.values(), [], AsOf(1, 0, 0))
    for stamped in journal:
        before = engine.event_seq
        for number, event in enumerate(engine.handle(stamped), before + 1):
            board.apply(Envelope(1, number, stamped.at_us, event))
        if engine.config is not config:
            config = engine.config
            board.use(directory_of(config))
        expected = restored(engine, stamped.at_us)
        assert documents(board) == expected, stamped
