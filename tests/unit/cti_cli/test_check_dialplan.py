"""What the check reads in an operator's dialplan."""

import pytest

from cti.ami.messages import event
from cti.cli.check.dialplan import act_of, acts_in, queues_in


@pytest.mark.parametrize(
    ("application", "data", "act"),
    [
        ("Dial", "PJSIP/8001,30,tT", "Dial tT"),
        ("Dial", "PJSIP/8001&PJSIP/8002,30,gm(class,Tk)Kb(x^s^1)", "Dial K"),
        ("Dial", "PJSIP/${CTI_ENDPOINT},${IF($[0${X} > 0]?${X}:20)},gim(${CTI_MUSIC})", ""),
        ("Dial", "PJSIP/8001,30,${OPTIONS}", ""),
        ("Dial", "PJSIP/8001", ""),
        ("Queue", "sales,xc,,,30", "Queue x"),
        ("Queue", "tTkK,c", ""),
        ("Park", "", "Park"),
        ("Pickup", "8001&8002", "Pickup"),
        ("ChanSpy", "PJSIP/8001,q", "ChanSpy"),
        ("Playback", "tT", ""),
    ],
)
def test_a_step_that_lets_somebody_move_a_caller_is_named(application, data, act):
    assert act_of(application, data) == act


def test_each_is_named_once_with_its_place():
    rows = [
        event("ListDialplan", Context=c, Extension=x, Application=a, AppData=d)
        for c, x, a, d in (
            ("phones", "_8XXX", "Dial", "PJSIP/${EXTEN},30,T"),
            ("phones", "_9XXX", "Dial", "PJSIP/${EXTEN},30,T"),
            ("parkedcalls", "700", "Park", "default"),
            ("__func_periodic_hook_context__", "hook", "ChanSpy", "${ChannelToSpy},qEB"),
            ("in", "95588", "Set", "CTI_QUEUE=loans"),
        )
    ]
    assert acts_in(rows) == {"Dial T": "phones,_8XXX", "Park": "parkedcalls,700"}
    assert queues_in(rows) == {"loans": "in,95588"}
