"""What `cti init` writes, decided before anything is written. Pure.

Secrets are made once: a file that is there keeps its own, so a second run writes nothing. Files of
ours in Asterisk's folder follow the program's version; files with the operator's own values
(`cti-your-…`) and the router's configuration are never touched again.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from cti.setup.operator_files import Found

SECRETS: Final = ("ami-a1.secret", "ami-check.secret", "agi.secret")
"""File names beside the router's configuration, in a folder `secrets`."""


class Act(StrEnum):
    """What becomes of one file."""

    NEW = "new"
    UPDATED = "updated"  # one of ours, of another version
    KEPT = "kept"  # there already, the operator's from then on
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where things are and how the router and this Asterisk reach each other."""

    asterisk: Path  # folder of Asterisk's files, or a folder to be copied there
    config: Path
    data_dir: str
    asterisk_host: str
    router_host: str
    router_port: int
    permit: str  # network from which the router logs in
    found: Found


@dataclass(frozen=True, slots=True)
class FilePlan:
    """One file: path, whole text, whether a later version may replace it, and what is done."""

    path: Path
    text: str
    ours: bool
    act: Act
    secret: bool = False


def plan(
    wanted: Wanted,
    shipped: Mapping[str, str],
    present: Mapping[Path, str],
    make_secret: Callable[[], str],
) -> list[FilePlan]:
    """Every file, in the order of writing. `present` are the texts of those that exist."""
    folder = wanted.config.parent / "secrets"
    secrets = {}
    files = []
    for name in SECRETS:
        path = folder / name
        secrets[name] = present.get(path, "").strip() or make_secret()
        files.append(_file(path, f"{secrets[name]}\n", present, ours=False, secret=True))
    for name, text in shipped.items():
        files.append(_file(wanted.asterisk / name, text, present, ours=True))
    for name, text in _your_files(wanted, secrets).items():
        files.append(_file(wanted.asterisk / name, text, present, ours=False, secret=True))
    text = _config(wanted, folder)
    files.append(_file(wanted.config, text, present, ours=False, secret=True))
    return files


def _file(
    path: Path, text: str, present: Mapping[Path, str], *, ours: bool, secret: bool = False
) -> FilePlan:
    before = present.get(path)
    if before is None:
        act = Act.NEW
    elif before == text:
        act = Act.SAME
    else:
        act = Act.UPDATED if ours else Act.KEPT
    return FilePlan(path, text, ours, act, secret)


def _your_files(wanted: Wanted, secrets: Mapping[str, str]) -> dict[str, str]:
    """The two files with this installation's own values, read after the shipped ones."""
    # A second [globals] would hide the operator's; `(+)` adds to it, but needs one before it.
    section = "[globals](+)" if wanted.found.has_globals else "[globals]"
    manager = "\n".join(
        f"[{user}]({user}-rights)\nsecret = {secrets[name]}\npermit = {wanted.permit}\n"
        for user, name in (("cti-router", "ami-a1.secret"), ("cti-check", "ami-check.secret"))
    )
    return {
        "extensions.d/cti-your-globals.conf": (
            "; Written by `cti init`, yours from now on. More settings: asterisk-config/README.md\n"
            f"{section}\n"
            f"CTI_ROUTER={wanted.router_host}:{wanted.router_port}\n"
            f"CTI_SECRET={secrets['agi.secret']}\n"
            "; Who answers while the router is away: a queue of queues.conf, or a number to dial.\n"
            ";CTI_FAILSAFE_QUEUE=\n;CTI_FAILSAFE_DIAL=PJSIP/\n"
        ),
        "manager.d/cti-your-users.conf": (
            "; Written by `cti init`; yours from now on. Only these addresses may log in.\n"
            + manager
        ),
    }


def _config(wanted: Wanted, folder: Path) -> str:
    agents = "\n".join(_agents(wanted.found.phones))
    return f"""\
# Written by `cti init`; yours from now on. Every key: docs/cti.example.toml.
# 由 cti init 生成，之后归您维护；全部配置项见 docs/cti.example.toml。
#   cti config check {wanted.config}
#   cti asterisk check --config {wanted.config}

node = "cti-1"
data_dir = {_said(wanted.data_dir)}

[[asterisks]]
name = "a1"
host = {_said(wanted.asterisk_host)}
ami_port = {wanted.found.manager_port}
sip_port = {wanted.found.sip_port}
secret_file = {_said(str(folder / "ami-a1.secret"))}

[agi]
host = {_said(wanted.router_host)}
port = {wanted.router_port}
secret_file = {_said(str(folder / "agi.secret"))}
allowed = [{_said(f"{wanted.asterisk_host}/32")}]

# The first queue; send callers to cti-inbound with CTI_QUEUE=general. 第一个队列。
[[queues]]
id = "general"
need = "general"

# The phones found in pjsip.conf. 在 pjsip.conf 中找到的话机。
{agents}"""


def _agents(phones: Sequence[str]) -> Iterator[str]:
    """One agent a phone: the digits of its name are the id, where no other phone has the same."""
    ids = ["".join(filter(str.isdecimal, phone)) for phone in phones]
    for phone, number in zip(phones, ids, strict=True):
        agent_id = number if number and ids.count(number) == 1 else phone
        yield (
            f"[[agents]]\nid = {_said(agent_id)}\ndevice = {_said(phone)}\n"
            "skills = { general = 1 }\n"
        )


def _said(text: str) -> str:
    """A TOML string: JSON's quoting is a subset of it."""
    return json.dumps(text, ensure_ascii=False)
