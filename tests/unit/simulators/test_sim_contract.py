"""What the simulated Asterisk takes from the shipped configuration is what stands there."""

import re
from pathlib import Path

from cti.gateway.pbx import EVENTS
from simulators.pbx.dialplan import DIALLED, ENTRY, LINE, MAX_HOPS, WISHES, DialplanGlobals
from simulators.pbx.sessions import ROUTER_EVENTS

SHIPPED = Path(__file__).parents[3] / "asterisk-config"
MANAGER = (SHIPPED / "manager.d" / "cti-users.conf").read_text(encoding="utf-8")
DIALPLAN = (SHIPPED / "extensions.d" / "cti-routing.conf").read_text(encoding="utf-8")


def test_the_event_filter_is_that_of_the_shipped_user():
    ours = MANAGER.partition("[cti-check-rights]")[0]
    assert set(re.findall(r"^eventfilter\(.*?name\((\w+)\)", ours, re.MULTILINE)) == ROUTER_EVENTS


def test_the_filter_lets_through_whatever_the_gateway_needs():
    assert EVENTS <= ROUTER_EVENTS


def test_the_question_has_the_arguments_of_the_shipped_dialplan():
    asked = re.findall(r"AGI\(agi://[^,]+,\$\{SHA1\(.*?\)\},(.*)\)$", DIALPLAN, re.MULTILINE)
    names = [re.sub(r"\$\{(\w+)\}", r"\1,", arguments).rstrip(",") for arguments in asked]
    own = [[*LINE, *[""] * len(DIALLED), *ENTRY], [*LINE, *DIALLED, *ENTRY]]
    # Each of the call data is an argument after these: CTI_LINE_DATA begins with a comma.
    given = [[f"{name}," if name else "" for name in row] for row in own]
    assert names == [",".join(row).rstrip(",") + ",CTI_LINE_DATA" for row in given]


def test_an_entry_takes_what_the_shipped_dialplan_takes():
    taken = re.findall(r"Set\(CTI_LINE_\w+=\$\{URIENCODE\(\$\{(\w+)\}\)\}\)", DIALPLAN)
    used_up = re.findall(r"Set\((\w+)=\)", DIALPLAN.partition("n(told)")[2])
    assert tuple(taken) == WISHES
    assert tuple(used_up[:3]) == WISHES[:3]
    assert set(re.findall(r"CTI_HOPS\} > (\d+)", DIALPLAN)) == {str(MAX_HOPS)}


def test_the_operators_globals_have_the_same_defaults():
    def default(name: str) -> set[int]:
        found = re.findall(rf"\[0\$\{{{name}\}} > 0\]\?\$\{{{name}\}}:(\d+)", DIALPLAN)
        return {int(each) for each in found}

    ours = DialplanGlobals()
    assert default("CTI_ASK_S") == {ours.ask_s}
    assert default("CTI_RETRY_S") == {ours.retry_s}
    assert default("CTI_FAILSAFE_AFTER_S") == {ours.failsafe_after_s}
    assert default("CTI_FAILSAFE_LIMIT_S") == {ours.failsafe_limit_s}
