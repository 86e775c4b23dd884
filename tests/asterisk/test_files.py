"""A second opinion on the dialplan's text, and the rules that its own text must keep."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.asterisk import OPERATOR, SHIPPED

DIALPLAN = (SHIPPED / "extensions.d" / "cti-routing.conf").read_text(encoding="utf-8")

# What asterisklint does not know: functions that are younger than it, a context that is the
# operator's to add (asked for with DIALPLAN_EXISTS before it is gone to), and hints.
KNOWN = (
    "function 'SHA1' does not exist",
    "function 'CHANNEL_EXISTS' does not exist",
    "goto to cti-survey, s, 1",
    "I_NOTIMPL_HINT",
)


def test_asterisklint_finds_nothing(tmp_path: Path) -> None:
    text = (OPERATOR / "extensions.conf").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^@\w+@\n?", "", text).replace("@", "")
    whole = tmp_path / "extensions.conf"
    whole.write_text(text.replace("#include extensions.d/cti-*.conf\n", DIALPLAN), encoding="utf-8")
    lint = Path(sys.executable).parent / "asterisklint"
    checked = subprocess.run(
        (lint, "dialplan-check", whole), capture_output=True, text=True, check=False
    )
    findings = (checked.stdout + checked.stderr).splitlines()
    assert [line for line in findings if not any(known in line for known in KNOWN)] == []
    assert len(findings) >= len(KNOWN), "asterisklint has looked"


def _contexts() -> dict[str, str]:
    parts = re.split(r"(?m)^\[([\w-]+)\]\n", DIALPLAN)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def _for_callers() -> list[str]:
    """Contexts with steps; [cti-check] has a hint only, so that nobody can be in it."""
    return [name for name, text in _contexts().items() if re.search(r"(?m)^exten => .*,1,", text)]


def test_nobody_can_come_to_the_check() -> None:
    assert set(_contexts()) - set(_for_callers()) == {"cti-check"}
    assert "same =>" not in _contexts()["cti-check"]


@pytest.mark.parametrize("context", _for_callers())
def test_each_context_catches_what_is_not_there_and_what_runs_out(context: str) -> None:
    text = _contexts()[context]
    assert context.startswith("cti-")
    for extension in ("i", "t", "T"):
        assert f"\nexten => {extension},1," in text, extension


def test_each_chain_of_steps_ends_in_a_step_that_leads_on() -> None:
    steps_only = re.sub(r"(?m)^exten => \w+,hint,.*$", "", DIALPLAN)
    for chain in re.split(r"(?m)^exten => ", steps_only)[1:]:
        steps = [line for line in chain.splitlines() if re.match(r" same =>|[^;\s].*,1,", line)]
        assert re.search(r"(Goto|Return|Hangup)\(", steps[-1]), chain


def test_what_comes_from_outside_is_filtered_before_it_is_used() -> None:
    outside = re.compile(r"\$\{(EXTEN|CALLERID\(\w+\)|INVALID_EXTEN)\b")
    for line in DIALPLAN.splitlines():
        if line == " same => n,Set(CTI_QUEUE=${INVALID_EXTEN})":
            continue  # a wish, which is encoded before it is used
        if line.startswith(("exten =>", " same =>")) and (found := outside.search(line)):
            assert "FILTER(" in line[: found.start()], line


def test_what_the_operator_has_set_is_encoded_before_it_is_used() -> None:
    """It may hold anything; dropping characters would make another need or queue of it."""
    wish = re.compile(r"\$\{CTI_(QUEUE|PRIORITY|NEEDS|TAGS)\}")
    used = [
        line for line in DIALPLAN.splitlines() if line.startswith(" same") and wish.search(line)
    ]
    assert len(used) == 4
    assert all("${URIENCODE(${CTI_" in line for line in used)


def test_no_line_is_cut_short_by_a_semicolon() -> None:
    """Which begins a comment wherever it stands."""
    for line in DIALPLAN.splitlines():
        if line.startswith(("exten =>", " same =>")):
            assert not re.search(r"(?<!\\);", line), line


def test_no_secret_and_no_address_is_shipped() -> None:
    for path in SHIPPED.rglob("*.conf"):
        text = re.sub(r"(?m);.*$", "", path.read_text(encoding="utf-8"))
        assert not re.search(r"(?m)^\s*(secret|password)\s*=", text), path
        assert not re.search(r"(?m)^\s*permit\s*=", text), path
