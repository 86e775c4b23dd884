"""`cti asterisk check`: all well on the lab, and each thing that can be wrong is found there."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cti.cli.asterisk_check import main_check
from cti.cli.asterisk_check_rules import Finding
from cti.config import AgiSettings, AsteriskSettings, Secret, Settings
from tests.lab.asterisk import LabAsterisk

pytestmark = pytest.mark.real


def check(
    asterisk: LabAsterisk, capsys: pytest.CaptureFixture[str], *, lang: str = "en", host: str = ""
) -> tuple[int, dict[str, Finding]]:
    """Exit code and {check: finding}."""
    settings = Settings(
        asterisks=(
            AsteriskSettings(
                name="a1",
                host="127.0.0.1",
                ami_port=asterisk.ami_port,
                secret=Secret(asterisk.ami_secret),
            ),
        ),
        agi=AgiSettings(host=host or "127.0.0.1", port=asterisk.agi_port),
    )
    code = main_check(
        settings,
        "",
        as_json=True,
        lang="zh" if lang == "zh" else "en",
        environ={"ASTERISK_CHECK_SECRET": asterisk.ami_secret},
    )
    said = json.loads(capsys.readouterr().out)
    assert said["asterisk"] == "a1"
    return code, {each["check"]: Finding(**{"next_step": "", **each}) for each in said["findings"]}


def replace(file: str, old: str, new: str) -> Callable[[LabAsterisk], None]:
    def spoil(asterisk: LabAsterisk) -> None:
        path = asterisk.etc / file
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    return spoil


def test_all_is_well_as_shipped(lab: None, capsys: pytest.CaptureFixture[str]) -> None:
    with LabAsterisk() as asterisk:
        code, found = check(asterisk, capsys)
        code_zh, found_zh = check(asterisk, capsys, lang="zh", host="0.0.0.0")
        warnings = asterisk.warnings()
    assert [each for each in found.values() if not each.ok] == []
    assert (code, code_zh) == (0, 0)
    assert found_zh["CTI_SECRET"].found == "已设置"
    assert len(found) == 12
    # The one trace of a look: live_dangerously=no is seen at work.
    assert all("Dangerous function STAT read blocked" in line for line in warnings)


ROUTER = "[cti-router](cti-router-rights)\n"
SPOILT = {
    "user": replace("asterisk.conf", "runuser", ";runuser"),
    "live_dangerously": replace("asterisk.conf", "live_dangerously = no", "live_dangerously = yes"),
    "modules": replace("modules.conf", "autoload = yes", "autoload = yes\nnoload = func_sha1.so"),
    "exposing modules": replace("modules.conf", "noload = func_config.so", ""),
    "contexts": replace("extensions.d/cti-routing.conf", "[cti-failsafe]", "[other]"),
    "CTI_ROUTER": replace("extensions.conf", "CTI_ROUTER=127.0.0.1:", "CTI_ROUTER=127.0.0.1:1"),
    "CTI_SECRET": replace("extensions.conf", "CTI_SECRET=", "SECRET="),
    "failsafe": replace("queues.conf", "[failsafe]", "[elsewhere]"),
    "rights needed": replace("manager.conf", ROUTER, f"{ROUTER}write = agi\n"),
    "rights too many": replace("manager.conf", ROUTER, f"{ROUTER}write = call,originate,command\n"),
    "event filter": replace(
        "manager.conf", ROUTER, "[cti-router]\nread = system,call,user\nwrite = call\n"
    ),
}


@pytest.mark.parametrize("wrong", SPOILT)
def test_what_is_wrong_is_found_and_said_what_to_do(
    lab: None, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    asterisk = LabAsterisk()
    SPOILT[wrong](asterisk)
    with asterisk:
        code, found = check(asterisk, capsys)
    assert code == 1
    assert not found[wrong].ok
    assert found[wrong].next_step
    others = {name for name, each in found.items() if not each.ok} - {wrong}
    assert others <= ({"rights too many"} if wrong == "rights needed" else set())


def test_a_user_that_cannot_log_in_is_told_apart(
    lab: None, capsys: pytest.CaptureFixture[str]
) -> None:
    asterisk = LabAsterisk()
    replace("manager.conf", ROUTER, "[cti-other](cti-router-rights)\n")(asterisk)
    with asterisk:
        code, found = check(asterisk, capsys)
    assert code == 3
    assert "cti-router" in found["reachable"].found


def test_without_the_secret_of_the_check_it_says_what_to_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings()
    assert main_check(settings, "", as_json=False, lang="en", environ={}) == 2
    assert "ASTERISK_CHECK_SECRET" in capsys.readouterr().err
