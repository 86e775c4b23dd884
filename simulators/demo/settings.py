"""The embedded defaults of the demo: a small bank's service centre, as files for its processes."""

import json
import secrets
import socket
from pathlib import Path

import msgspec

from simulators.site import SiteSettings

PBX = "sim1"
QUEUES = (("loans", 2), ("cards", 3), ("general", 4))
"""贷款, 信用卡, 综合: queues with their shares of the calls."""

FIRST_AGENT = 8001


def agent_ids(count: int) -> tuple[str, ...]:
    """`8001`, `8002`, …: also the endpoints of their phones."""
    return tuple(str(FIRST_AGENT + number) for number in range(count))


def site_file(
    folder: Path, *, seed: int, agents: int, calls_per_minute: int, ami_port: int, agi_port: int,
    rough: bool,
) -> SiteSettings:  # fmt: skip
    """Write what the simulated Asterisk is told; with secrets of this one demo."""
    settings = SiteSettings(
        seed=seed,
        ami_port=ami_port or free_port(),
        agi_port=agi_port or free_port(),
        ami_secret=secrets.token_hex(16),
        agi_secret=secrets.token_hex(16),
        phones=agent_ids(agents),
        queues=QUEUES,
        calls_per_minute=calls_per_minute,
        rough=rough,
    )
    _write(folder / "asterisk.json", msgspec.json.encode(settings).decode())
    return settings


def config_file(folder: Path, site: SiteSettings, mqtt_port: int) -> Path:
    """Write what the daemon is told."""
    lines = [
        "# Written by the demo at each start. Your own: see asterisk-config/README.md.",
        'node = "demo"',
        f"data_dir = {_text(str(folder / 'data'))}",
        "slice_s = 5",
        "",
        "[[asterisks]]",
        f'name = "{PBX}"',
        'host = "127.0.0.1"',
        f"ami_port = {site.ami_port}",
        f"secret = {_text(site.ami_secret)}",
        "",
        "[agi]",
        f"port = {site.agi_port}",
        f"secret = {_text(site.agi_secret)}",
        "",
        "[bus]",
        f"port = {mqtt_port}",
        "",
        "[metrics]",
        "port = 0",
        "",
        "[log]",
        'format = "text"',
    ]
    for queue, _ in QUEUES:
        lines += [
            "",
            "[[queues]]",
            f'id = "{queue}"',
            f'need = "{queue}"',
            "after_call_work_s = 8",
            "service_level_s = 10",
        ]
    for number, agent_id in enumerate(site.phones):
        lines += [
            "",
            "[[agents]]",
            f'id = "{agent_id}"',
            f'device = "{agent_id}"',
            f"skills = {_skills(number)}",
        ]
    path = folder / "cti.toml"
    _write(path, "\n".join(lines) + "\n")
    return path


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _skills(number: int) -> str:
    """Everybody does two of the three; each third agent does all."""
    names = [queue for queue, _ in QUEUES]
    if number % 3 != 2:
        names.pop(number % len(names))
    return "{ " + ", ".join(f"{name} = {5 - place}" for place, name in enumerate(names)) + " }"


def _text(value: str) -> str:
    """A TOML string: JSON's quoting is a subset of it."""
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    """With secrets in it: for our own eyes only."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
