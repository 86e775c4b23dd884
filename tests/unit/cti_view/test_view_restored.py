"""A view that followed all events shows what one shows that began with the core's records.

All but `since_us`: the core moves it with what an agent asked for next, the view does not, and of a
call the core keeps only when the present conversation began. All but `step`: an event says that a
call is relaxed, none at which step it lined up. Whether an Asterisk that is not heard is `lost` or
`gone`: a call from one that was gone makes it `lost` again, in silence. And the figures: they count
what has happened, which the core's records do not say.
"""

import msgspec
import pytest

from cti.record.envelope import Envelope
from cti.view import StateView, recovered
from routing.engine import RoutingEngine
from tests.naive.duel import DisagreementError, fought

FIGURES = (
    "offered", "answered", "abandoned", "diverted", "lost", "callbacks_unmet", "service_level",
    "service_level_strict",
)  # fmt: skip


def shown(view, now_us):
    agents = {row.agent_id: msgspec.to_builtins(row) for row in view.agents()}
    queues = {row.queue_id: msgspec.to_builtins(row) for row in view.queues(now_us)}
    calls = {row.call_id: msgspec.to_builtins(row) for row in view.calls(now_us, 1000)}
    for row in (*agents.values(), *calls.values()):
        del row["since_us"]
    for row in calls.values():
        del row["step"]
        if row["stage"] not in ("waiting", "ringing"):
            del row["waited_us"]  # until `since_us`
    for row in queues.values():
        for name in FIGURES:
            del row[name]
    heard = {pbx: state == "up" for pbx, state in view.telephony().items()}
    return agents, queues, calls, heard, view.modes()


def begun(engine):
    view = StateView(engine.config)
    view.reset(recovered(engine, epoch=1))
    return view


def drawn(seed):
    """A configuration and a journal that mean something to the core."""
    try:
        duel = fought(seed, commands=300)
    except DisagreementError as found:  # of the core and the naive engine: not our business here
        return found.config, found.journal
    return duel.config, duel.journal


@pytest.mark.parametrize("seed", range(12))
def test_a_view_that_followed_and_one_that_began_agree(seed):
    config, journal = drawn(seed)
    engine = RoutingEngine(config)
    view = begun(engine)
    for stamped in journal:
        before = engine.event_seq
        for number, event in enumerate(engine.handle(stamped), before + 1):
            view.apply(Envelope(1, number, stamped.at_us, event))
        if engine.config is not config:
            config = engine.config
            view.configure(config)
        assert shown(view, stamped.at_us) == shown(begun(engine), stamped.at_us), stamped
