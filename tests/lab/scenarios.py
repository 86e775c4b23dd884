"""What SIPp is told to do, one function a behaviour: how phones ring and how callers call.

SIPp cannot receive while it pauses, so every wait here is a `recv` of what may come in the meantime
(CANCEL while ringing, BYE while talking) with a time limit, and the limit leads on.
"""

from __future__ import annotations

from collections.abc import Iterable

# Headers that SIPp copies out of the request that it answers.
_ECHO = """\
      [last_Via:]
      [last_From:]
      [last_To:]{tag}
      [last_Call-ID:]
      [last_CSeq:]
"""
_CONTACT = "      Contact: <sip:[local_ip]:[local_port];transport=[transport]>\n"
_TAG = ";tag=[pid]-[call_number]"
_NO_BODY = "      Content-Length: 0\n"
_SDP = """\
      Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=sipp 1 1 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0 101
      a=rtpmap:0 PCMU/8000
      a=rtpmap:101 telephone-event/8000
"""


def phone_answers(after_ms: int = 0, talk_ms: int | None = None, ignore_first: int = 0) -> str:
    """Rings, answers after `after_ms`, and stays, or hangs up by itself after `talk_ms`.

    The first `ignore_first` calls of this SIPp ring and are not answered.
    """
    count = (
        f'<add assign_to="calls" value="1"/>'
        f'<test assign_to="awake" variable="calls" compare="greater_than" value="{ignore_first}"/>'
    )
    stays = (
        '  <recv request="BYE" next="ended"/>\n'
        if talk_ms is None
        else f'  <recv request="BYE" timeout="{talk_ms}" ontimeout="hangup" next="ended"/>\n'
    )
    return _scenario(
        "phone-answers",
        '  <Global variables="calls"/>\n' if ignore_first else "",
        _receive_invite(count if ignore_first else ""),
        _answer("180 Ringing", _CONTACT + _NO_BODY, tag=_TAG),
        '  <nop next="awake" test="awake"/>\n' + _rings_for_ever() if ignore_first else "",
        '  <label id="awake"/>\n' if ignore_first else "",
        f'  <recv request="CANCEL" timeout="{max(1, after_ms)}" ontimeout="answer"'
        ' next="cancel"/>\n',
        '  <label id="answer"/>\n',
        _answer("200 OK", _CONTACT + _SDP, tag=_TAG, invite=True, retrans=True),
        '  <recv request="ACK"/>\n',
        stays,
        _hangs_up(of_caller=False) if talk_ms is not None else "",
        _cancelled(),
        _ended(),
    )


def phone_drops() -> str:
    """Answers and hangs up in that very moment: before the two have met, mostly."""
    return _scenario(
        "phone-drops",
        _receive_invite(),
        _answer("180 Ringing", _CONTACT + _NO_BODY, tag=_TAG),
        _answer("200 OK", _CONTACT + _SDP, tag=_TAG, invite=True),
        '  <recv request="ACK"/>\n',
        _hangs_up(of_caller=False),
        _ended(),
    )


def phone_rings() -> str:
    """Rings for ever."""
    return _scenario(
        "phone-rings",
        _receive_invite(),
        _answer("180 Ringing", _CONTACT + _NO_BODY, tag=_TAG),
        _rings_for_ever(),
        _cancelled(),
        _done(),
    )


def phone_progresses() -> str:
    """Says 183 with sound of its own, never 180, and is not picked up."""
    return _scenario(
        "phone-progresses",
        _receive_invite(),
        _answer("183 Session Progress", _CONTACT + _SDP, tag=_TAG),
        _rings_for_ever(),
        _cancelled(),
        _done(),
    )


def phone_refuses(status: str = "486 Busy Here", headers: str = "") -> str:
    """Refuses each call: `486 Busy Here`, `603 Decline`, `480 Temporarily Unavailable`, …"""
    extra = f"      {headers}\n" if headers else ""
    return _scenario(
        "phone-refuses",
        '  <recv request="INVITE"/>\n',
        _answer(status, extra + _NO_BODY, tag=_TAG),
        '  <recv request="ACK"/>\n',
    )


def caller(
    prefix: str,
    stay_ms: int,
    *,
    name: str = "",
    media_port: int | None = None,
    answer_within_ms: int = 10_000,
) -> str:
    """Calls as number `prefix` + a count; stays until the far end hangs up or `stay_ms` are over.

    Both are a success. Not answered in time, refused, or cut off without a BYE: a failure.
    `media_port`: where the sound is to be sent (an `Ear`); else it goes to SIPp, which drops it.
    """
    sdp = _SDP if media_port is None else _SDP.replace("[media_port]", str(media_port))
    display = f'"{name}" ' if name else ""
    return _scenario(
        "caller",
        f"""\
  <send retrans="500" start_rtd="answered"><![CDATA[
      INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: {display}<sip:{prefix}[call_number]@[local_ip]:[local_port]>;tag=[pid]-[call_number]
      To: <sip:[service]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Contact: <sip:{prefix}[call_number]@[local_ip]:[local_port]>
      Max-Forwards: 70
      Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE
{sdp}]]></send>
""",
        '  <recv response="100" optional="true"/>\n',
        '  <recv response="180" optional="true"/>\n',
        '  <recv response="183" optional="true"/>\n',
        f'  <recv response="200" rtd="answered" rrs="true" timeout="{answer_within_ms}"/>\n',
        """\
  <send><![CDATA[
      ACK [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      [last_From:]
      [last_To:]
      Call-ID: [call_id]
      CSeq: 1 ACK
      Max-Forwards: 70
      Content-Length: 0
]]></send>
""",
        f'  <recv request="BYE" timeout="{stay_ms}" ontimeout="hangup" next="ended"/>\n',
        _hangs_up(of_caller=True),
        _ended(),
    )


def _scenario(name: str, *steps: str) -> str:
    head = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE scenario SYSTEM "sipp.dtd">\n'
    return f'{head}<scenario name="{name}">\n{"".join(_filled(steps))}</scenario>\n'


def _filled(steps: Iterable[str]) -> list[str]:
    return [step for step in steps if step]


def _receive_invite(more: str = "") -> str:
    """Keeps what the answers to come and a BYE of ours need: the headers as the INVITE had them."""
    kept = "".join(
        f'<ereg regexp=".*" search_in="hdr" header="{header}:" assign_to="{name}"/>'
        for header, name in (("Via", "via"), ("From", "from"), ("To", "to"), ("CSeq", "cseq"))
    )
    return f'  <recv request="INVITE" rrs="true"><action>{kept}{more}</action></recv>\n'


def _answer(
    status: str, rest: str, *, tag: str = "", invite: bool = False, retrans: bool = False
) -> str:
    echo = (
        f"      Via:[$via]\n      From:[$from]\n      To:[$to]{tag}\n"
        "      [last_Call-ID:]\n      CSeq:[$cseq]\n"
        if invite
        else _ECHO.format(tag=tag)
    )
    again = ' retrans="500"' if retrans else ""
    return f"  <send{again}><![CDATA[\n      SIP/2.0 {status}\n{echo}{rest}]]></send>\n"


def _rings_for_ever() -> str:
    return '  <recv request="CANCEL" next="cancel"/>\n'


def _cancelled() -> str:
    """The far end has given up: 200 for its CANCEL, 487 for its INVITE."""
    return (
        '  <label id="cancel"/>\n'
        + _answer("200 OK", _NO_BODY, tag=_TAG)
        + _answer("487 Request Terminated", _NO_BODY, tag=_TAG, invite=True, retrans=True)
        + '  <recv request="ACK" next="done"/>\n'
    )


def _hangs_up(*, of_caller: bool) -> str:
    """Our BYE; that of the far end may cross it."""
    parties = (
        "      [last_From:]\n      [last_To:]\n"
        if of_caller
        else f"      From:[$to]{_TAG}\n      To:[$from]\n"
    )
    return f"""\
  <label id="hangup"/>
  <send retrans="500"><![CDATA[
      BYE [next_url] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
{parties}      Call-ID: [call_id]
      CSeq: 2 BYE
      Max-Forwards: 70
      Content-Length: 0
]]></send>
  <label id="goodbye"/>
  <recv request="BYE" optional="true" next="ended"/>
  <recv response="481" optional="true" next="done"/>
  <recv response="200" next="done"/>
"""


def _ended() -> str:
    """The far end has hung up."""
    return '  <label id="ended"/>\n' + _answer("200 OK", _NO_BODY) + _done()


def _done() -> str:
    """A while longer for what is sent again; the call counts as ended all the same."""
    return '  <label id="done"/>\n  <timewait milliseconds="200"/>\n'
