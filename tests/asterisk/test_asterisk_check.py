"""`cti asterisk check` on a real Asterisk: all well as shipped, and what no mistake shows."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from cti.cli.check.facts import Finding
from cti.cli.check.run import main_check
from cti.config import Settings
from tests.lab.ami import LabAmi
from tests.lab.asterisk import LabAsterisk
from tests.lab.sipp import Callers
from tests.worlds.asterisk.fake_router import FakeRouter
from tests.worlds.asterisk.mistakes import ROUTER, change, lab_asterisk, settings_for
from tests.worlds.asterisk.world import end_calls

pytestmark = [pytest.mark.real, pytest.mark.room("asterisk-config", "cli")]


def check(
    settings: Settings, secret: str, capsys: pytest.CaptureFixture[str], *, lang: str = "en"
) -> tuple[int, Mapping[str, Finding]]:
    """Exit code and {check: finding}."""
    code = main_check(
        settings,
        "",
        as_json=True,
        lang="zh" if lang == "zh" else "en",
        environ={"ASTERISK_CHECK_SECRET": secret},
    )
    said = json.loads(capsys.readouterr().out)
    assert said["asterisk"] == "a1"
    return code, {each["check"]: Finding(**each) for each in said["findings"]}


def test_all_is_well_as_shipped(lab: None, capsys: pytest.CaptureFixture[str]) -> None:
    with lab_asterisk() as asterisk:
        settings = settings_for(asterisk)
        code, found = check(settings, asterisk.ami_secret, capsys)
        everywhere = replace(settings, agi=replace(settings.agi, host="0.0.0.0"))
        code_zh, found_zh = check(everywhere, asterisk.ami_secret, capsys, lang="zh")
        warnings = asterisk.warnings()
    assert [each for each in found.values() if not each.ok] == []
    assert (code, code_zh) == (0, 0)
    assert found_zh["CTI_SECRET"].found == "与 agi.secret 相同"
    assert found_zh["clock"].title == "时钟"
    assert len(found) == 24
    # The one trace of a look: live_dangerously=no is seen at work.
    assert all("Dangerous function STAT read blocked" in line for line in warnings)


def test_what_is_printed_is_in_the_readers_language(
    lab: None, capsys: pytest.CaptureFixture[str]
) -> None:
    asterisk = lab_asterisk()
    change("extensions.conf", "CTI_SECRET=", "CTI_SECRET=x")(asterisk)
    environ = {"ASTERISK_CHECK_SECRET": asterisk.ami_secret}
    with asterisk:
        settings = settings_for(asterisk)
        assert main_check(settings, "", as_json=False, lang="zh", environ=environ) == 1
        chinese = capsys.readouterr().out
        assert main_check(settings, "a1", as_json=False, lang="en", environ=environ) == 1
        english = capsys.readouterr().out
    assert "  异常  CTI_SECRET 密钥: 与路由器的 agi.secret 不同\n       下一步: " in chinese
    assert english.isascii()
    assert "  BAD  CTI_SECRET: differs from the router's agi.secret\n       next: " in english
    assert asterisk.secret not in chinese + english


async def test_the_secret_stays_off_the_wire(asterisk: LabAsterisk) -> None:
    """Whoever listens to the check learns a hash, as from any question of the dialplan."""
    secret = asterisk.secret
    async with LabAmi(asterisk.ami_port, asterisk.ami_secret, "cti-check") as ami:
        hint = await ami.ask("ExtensionState", Context="cti-check", Exten="proof")
    assert hint[0]["Hint"].removeprefix("Custom:") != ""
    assert secret not in str(hint)


def test_a_router_that_is_logged_in_is_no_obstacle_unless_one_login_is_all(
    lab: None, capsys: pytest.CaptureFixture[str]
) -> None:
    asterisk = lab_asterisk()
    change("manager.conf", "[general]", "[general]\nallowmultiplelogin = no")(asterisk)
    with asterisk, socket.create_connection(("127.0.0.1", asterisk.ami_port)) as router:
        login = f"Action: Login\r\nUsername: cti-router\r\nSecret: {asterisk.ami_secret}\r\n\r\n"
        router.sendall(login.encode())
        seen = b""
        while b"FullyBooted" not in seen:
            seen += router.recv(4096)
        code, found = check(settings_for(asterisk), asterisk.ami_secret, capsys)
    assert code == 3
    assert "is logged in already" in found["router login"].found
    assert "allowmultiplelogin" in found["router login"].next_step
    assert found["check login"].ok


def test_when_both_users_are_refused_the_log_of_asterisk_is_named(
    lab: None, capsys: pytest.CaptureFixture[str]
) -> None:
    asterisk = lab_asterisk()
    change("manager.conf", "permit = 127.0.0.1/32", "permit = 10.9.9.9/32")(asterisk)
    text = (asterisk.etc / "manager.conf").read_text(encoding="utf-8")
    before, lab_user, after = text.partition("[lab]")
    opened = before + lab_user + after.replace("10.9.9.9", "127.0.0.1")
    (asterisk.etc / "manager.conf").write_text(opened, encoding="utf-8")
    with asterisk:
        code, found = check(settings_for(asterisk), asterisk.ami_secret, capsys)
        log = asterisk.log.read_text(encoding="utf-8")
    assert code == 3
    for name in ("router login", "check login"):
        assert not found[name].ok
        assert "we come from 127.0.0.1" in found[name].next_step
    # What the step tells to look for is what stands there.
    assert "failed to pass IP ACL as 'cti-router'" in log
    assert "failed to authenticate as 'cti-check'" in log


async def test_the_advice_for_ipv6_brings_calls_to_the_router(
    lab: None, capsys: pytest.CaptureFixture[str]
) -> None:
    asterisk = lab_asterisk()
    change("extensions.conf", "CTI_ROUTER=127.0.0.1:", "CTI_ROUTER=::1:")(asterisk)
    with asterisk:
        settings = settings_for(asterisk)
        settings = replace(settings, agi=replace(settings.agi, host="::1", allowed=("::1/128",)))
        _, found = await asyncio.to_thread(check, settings, asterisk.ami_secret, capsys)
        advice = found["CTI_ROUTER"].next_step.split("set ")[1].split(" under")[0]
        change("extensions.conf", f"CTI_ROUTER=::1:{asterisk.agi_port}", advice)(asterisk)
        asterisk.cli("dialplan reload")
        code, found = await asyncio.to_thread(check, settings, asterisk.ami_secret, capsys)
        assert (code, found["CTI_ROUTER"].found) == (0, f"[::1]:{asterisk.agi_port}")
        async with FakeRouter(asterisk.agi_port, "wait*7*25*", host="::1") as router:
            with Callers(asterisk.sip, "95588", stay_ms=9_000) as callers:
                assert (await router.question()).queue == "personal"
                async with LabAmi(asterisk.ami_port, asterisk.ami_secret) as ami:
                    await end_calls(ami, callers)


def test_a_sip_port_that_nobody_has_is_named_and_can_be_left_out(
    lab: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with lab_asterisk() as asterisk:
        settings = settings_for(asterisk)
        for port, ok in ((9, False), (0, True)):
            asterisks = (replace(settings.asterisks[0], sip_port=port),)
            _, found = check(replace(settings, asterisks=asterisks), asterisk.ami_secret, capsys)
            assert found["auth"].ok is ok
            assert ("sip_port" in found["auth"].next_step) is not ok


def test_without_the_secret_of_the_check_it_says_what_to_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings()
    for lang in ("zh", "en"):
        assert main_check(settings, "", as_json=False, lang=lang, environ={}) == 2
        assert "ASTERISK_CHECK_SECRET" in capsys.readouterr().err
    environ = {"ASTERISK_CHECK_SECRET_FILE": "/nowhere"}
    assert main_check(settings, "", as_json=False, lang="en", environ=environ) == 2
    assert "No such file" in capsys.readouterr().err


def test_the_routers_user_is_the_one_that_is_configured(lab: None) -> None:
    """The mistakes rely on it."""
    assert ROUTER in (lab_asterisk().etc / "manager.conf").read_text(encoding="utf-8")
