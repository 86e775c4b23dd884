"""Every state of a conversation with every trigger, by way of the wire."""

import itertools

import pytest

from cti.agi.errors import AgiProtocolError, AgiUsageError
from cti.agi.protocol import AgiSession
from cti.agi.session_table import SESSION_TABLE, SessionState, SessionTrigger

S, T = SessionState, SessionTrigger

DO = {
    T.COMMAND: lambda session: session.command_sent(),
    T.REQUEST: lambda session: session.feed(b"agi_network: yes\n\n"),
    T.REPLY: lambda session: session.feed(b"200 result=1\n"),
    T.HANGUP: lambda session: session.feed(b"HANGUP\n"),
}
WAY_TO = {
    S.HEADERS: (),
    S.READY: (T.REQUEST,),
    S.REPLY: (T.REQUEST, T.COMMAND),
    S.HUNG_UP: (T.REQUEST, T.HANGUP),
}


@pytest.mark.parametrize(("state", "trigger"), list(itertools.product(S, T)))
def test_every_state_with_every_trigger(state, trigger):
    session = AgiSession()
    for step in WAY_TO[state]:
        DO[step](session)
    assert session.state is state
    if (state, trigger) in SESSION_TABLE:
        DO[trigger](session)
        assert session.state is SESSION_TABLE[state, trigger]
    else:
        ours = AgiUsageError if trigger is T.COMMAND else AgiProtocolError
        with pytest.raises(ours):
            DO[trigger](session)
