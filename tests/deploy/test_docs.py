"""What the documents print can be typed, and what the alerts watch is there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from cti.app import Daemon
from cti.cli.parser import parser
from cti.config.load import load
from routing.commands import LogOnAgent, RequestedState, SetAgentState
from routing.ids import AgentId
from tests.eventually import eventually
from tests.worlds.cards.simulated import SimulatedWorld
from tests.worlds.cards.table import Call, Phone

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
ALERTS = ROOT / "deploy/prometheus/alerts.yml"
WORDS = {"CALL": "a1-1.1", "FILE": "cti.toml", "NAME": "storm", "COMMAND": "status", "ID": "8001"}


COMMAND = re.compile(r"(?:[A-Z_]+=\S+ |\$ )*cti ([a-z-].*)")


def typed(page: Path):
    """The `cti …` lines of a page's code blocks, and what stands in back quotes in its text."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```", text)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    named = re.findall(r"`(cti [^`]*)`", re.sub(r"(?ms)^```.*?^```", "", text))
    for line, whole in [*((line, True) for line in lines), *((name, False) for name in named)]:
        found = COMMAND.match(line)
        if found and not set("…[|*") & set(re.split(r"  | \| ", found[1])[0]):
            yield found[1], whole


COMMANDS = [(page.name, line, whole) for page in PAGES for line, whole in typed(page)]


@pytest.mark.parametrize(("page", "line", "whole"), COMMANDS)
def test_every_printed_command_is_one_that_we_have(page, line, whole):
    """A line of a code block can be typed as it stands; one in a sentence may be a mere name."""
    plain = re.split(r"\s{2,}|\s[#|>;]|;|\s\(", line)[0]
    words = [WORDS.get(word, word) for word in shlex.split(plain)]
    if whole:
        assert parser().parse_args(words), page
        return
    with pytest.raises(SystemExit) as end:
        parser().parse_args([*words, "--help"])
    assert end.value.code == 0, page


def test_enough_commands_were_found_for_this_to_mean_something():
    assert len(COMMANDS) > 30


def test_every_alert_has_its_line_in_the_runbook():
    text, runbook = ALERTS.read_text("utf-8"), (ROOT / "docs/runbook.md").read_text("utf-8")
    names = re.findall(r"- alert: (\w+)", text)
    assert names == re.findall(r"(?m)^## (\w+)$", runbook)
    assert re.findall(r"runbook: .docs/runbook.md#(\w+)", text) == [name.lower() for name in names]


def test_prometheus_takes_the_rules():
    command = ("promtool", "check", "rules", str(ALERTS))
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


async def test_every_figure_that_an_alert_watches_is_one_that_the_daemon_gives(tmp_path):
    world = SimulatedWorld({"8001": Phone(talk_ms=300)})
    await world.start(tmp_path)
    daemon = Daemon(load(world.router.folder / "cti.toml", {}))
    try:
        await daemon.start()
        daemon.parts.dispatcher.submit(LogOnAgent(AgentId("8001")))
        daemon.parts.dispatcher.submit(SetAgentState(AgentId("8001"), RequestedState.READY))
        await world.call(Call(stay_ms=60_000))
        await eventually(lambda: world.served, 10)
        said = (await daemon.parts.metrics.render())[0].decode()
    finally:
        await daemon.stop()
        await world.stop()
    # Counted per outcome or Asterisk: there once it has happened.
    later = {"cti_offers_total"}
    watched = "\n".join(re.findall(r"(?m)expr: .*", ALERTS.read_text("utf-8")))
    for name in set(re.findall(r"cti_\w+", watched)) - later:
        assert re.search(rf"(?m)^{name}\b", said), name
