"""What an operator who allows everything writes, for the lab: the office around the queues.

The templates of `asterisk-config` switch most of these acts off; here they are on, since what the
router makes of them has to hold where an operator wants them.
"""

from tests.lab.asterisk import LabAsterisk

AGENTS = ("a8001", "a8002", "a8003")
OUTSIDER = "o1"
QUEUE = "loans"
PARKED_S = 2

EXTENSIONS = """
; A receptionist's number, and the queue behind a Local channel.
exten => reception,1,Answer(,i)
 same => n,Dial(PJSIP/o1,30,m)
 same => n,Hangup()
exten => detour,1,Dial(Local/loans@from-agent,60)
 same => n,Hangup()
exten => detour-n,1,Dial(Local/loans@from-agent/n,60)
 same => n,Hangup()

[from-agent]
exten => _a80XX,1,Dial(PJSIP/${EXTEN},30)
 same => n,Hangup()
exten => o1,1,Dial(PJSIP/o1,30)
 same => n,Hangup()
exten => loans,1,Goto(cti-inbound,loans,1)
exten => music,1,Answer(,i)
 same => n,MusicOnHold()
include => parkedcalls
"""

PARKING = f"""
[general]
[default]
parkext => 700
parkpos => 701-709
context => parkedcalls
parkingtime => {PARKED_S}
comebacktoorigin = yes
"""


def furnish(asterisk: LabAsterisk) -> None:
    """Before the start: transfers, pick-up and parking are allowed."""
    pjsip = asterisk.etc / "pjsip.conf"
    text = pjsip.read_text(encoding="utf-8")
    more = "context = from-agent\nallow_transfer = yes\ncall_group = 1\npickup_group = 1"
    more += "\ndevice_state_busy_at = 0"
    pjsip.write_text(text.replace("context = from-agent", more), encoding="utf-8")
    modules = asterisk.etc / "modules.conf"
    text = modules.read_text(encoding="utf-8")
    modules.write_text(text.replace("noload = res_parking.so\n", ""), encoding="utf-8")
    (asterisk.etc / "features.conf").write_text("[general]\npickupexten = *8\n", encoding="utf-8")
    (asterisk.etc / "res_parking.conf").write_text(PARKING, encoding="utf-8")
