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
; With feature codes: whoever is dialled here may send the other end on with #1.
exten => _c80XX,1,Dial(PJSIP/a${EXTEN:1},30,t)
 same => n,Hangup()
exten => o1,1,Dial(PJSIP/o1,30)
 same => n,Hangup()
exten => 99,1,Goto(o1,1)
exten => spy,1,Answer(,i)
 same => n,ChanSpy(PJSIP/a8001,qS)
 same => n,Hangup()
exten => loans,1,Goto(cti-inbound,loans,1)
exten => music,1,Answer(,i)
 same => n,MusicOnHold()
include => parkedcalls
"""

PHONES = {"a8002": "rtp_timeout = 0\ndtmf_mode = info\n", "a8003": "rtp_timeout = 2"}
"""What single phones are set to: keys by SIP INFO; a call without sound ends after two seconds."""

FEATURES = """
[general]
pickupexten = *8
[featuremap]
blindxfer => #1
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
    text = text.replace("context = from-agent", more)
    for phone, line in PHONES.items():
        before, endpoint, after = text.partition(f"[{phone}](cti-agent)")
        text = before + endpoint + after.replace("rtp_timeout = 0 ", line, 1)
    pjsip.write_text(text, encoding="utf-8")
    modules = asterisk.etc / "modules.conf"
    text = modules.read_text(encoding="utf-8")
    modules.write_text(text.replace("noload = res_parking.so\n", ""), encoding="utf-8")
    (asterisk.etc / "features.conf").write_text(FEATURES, encoding="utf-8")
    (asterisk.etc / "res_parking.conf").write_text(PARKING, encoding="utf-8")
