"""`cti init`: looks at an Asterisk, asks where it may write, writes, and says the next steps."""

import argparse
import secrets
import sys
from pathlib import Path
from typing import Final

from cti.cli.codes import FOUND, OK, USAGE
from cti.cli.init_words import SAID
from cti.cli.words import Words
from cti.config import ConfigError, read
from cti.setup import apply, shipped
from cti.setup.operator_files import Found, NoAsteriskError, look
from cti.setup.plan import SECRETS, Act, FilePlan, Wanted, plan

ASTERISK: Final = Path("/etc/asterisk")
CONFIG: Final = Path("/etc/paidui/cti.toml")
DATA: Final = "/var/lib/paidui"


def init(arguments: argparse.Namespace, words: Words) -> int:
    """Look, plan, ask, write. A second run changes nothing and says so."""
    said = SAID[words.language]
    try:
        asterisk = _path(arguments.asterisk, said["ask_asterisk"], ASTERISK, arguments)
        found = look(asterisk)
        target = _path(arguments.copy_to, said["ask_copy"], asterisk, arguments)
        config = _path(arguments.config, said["ask_config"], CONFIG, arguments)
    except NoAsteriskError as error:
        print(f"cti: {error}", file=sys.stderr)
        return FOUND
    except _NotToldError as error:
        print(said["not_told"].format(what=error), file=sys.stderr)
        return USAGE
    _say_found(found, asterisk, said)
    wanted = Wanted(
        asterisk=target,
        config=config,
        data_dir=arguments.data_dir or DATA,
        asterisk_host=arguments.host,
        router_host=arguments.router,
        router_port=arguments.agi_port,
        permit=f"{arguments.router}/32",
        found=found,
    )
    try:
        files = _planned(wanted)
        if not _settled(files, arguments, said):
            apply.write(files)
    except _NotToldError:
        print(said["nothing"])
        return OK
    except OSError as error:
        print(f"cti: {error}\n{said['not_written']}", file=sys.stderr)
        return FOUND
    return _next_steps(wanted, said)


class _NotToldError(Exception):
    """A question that nobody answered: `str()` is the option that would."""


def _planned(wanted: Wanted) -> list[FilePlan]:
    texts = shipped.files()
    paths = [wanted.config, *(wanted.config.parent / "secrets" / name for name in SECRETS)]
    yours = ("extensions.d/cti-your-globals.conf", "manager.d/cti-your-users.conf")
    paths += [wanted.asterisk / name for name in (*texts, *yours)]
    return plan(wanted, texts, apply.read_present(paths), lambda: secrets.token_hex(16))


def _settled(files: list[FilePlan], arguments: argparse.Namespace, said: dict[str, str]) -> bool:
    """Show the plan; true when there is nothing to write. Raises _NotToldError when it may not."""
    for file in files:
        print(f"  {said[file.act]:10} {file.path}")
    if all(file.act in (Act.SAME, Act.KEPT) for file in files):
        print(said["unchanged"])
        return True
    if arguments.dry_run:
        raise _NotToldError
    if not arguments.yes and not _yes(said["ask_write"]):
        raise _NotToldError
    return False


def _say_found(found: Found, asterisk: Path, said: dict[str, str]) -> None:
    print(said["found"].format(folder=asterisk, phones=", ".join(found.phones) or said["none"]))
    if not found.manager_enabled:
        print(said["manager_off"])
    if not found.timestamps:
        print(said["timestamps_off"])


def _next_steps(wanted: Wanted, said: dict[str, str]) -> int:
    """The lines that stay the operator's to add, and the commands after them."""
    try:
        read(wanted.config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return FOUND
    missing = wanted.found.missing
    print(said["lines"] if missing else said["lines_there"])
    for name, line in missing:
        print(f"  {name:16} {line}")
    if any(name == "extensions.conf" for name, _ in missing) and wanted.found.has_globals:
        print(said["after_globals"])
    print(
        said["then"].format(
            config=wanted.config, secret=wanted.config.parent / "secrets/ami-check.secret"
        )
    )
    return OK


def _path(given: Path | None, question: str, default: Path, arguments: argparse.Namespace) -> Path:
    """What was said on the command line, else what a person answers; never a guess."""
    if given is not None:
        return given
    if not sys.stdin.isatty() or arguments.yes:
        raise _NotToldError(question.rsplit("  ", maxsplit=1)[-1])
    answer = input(f"{question.split('  ', maxsplit=1)[0]} [{default}]: ").strip()
    return Path(answer) if answer else default


def _yes(question: str) -> bool:
    if not sys.stdin.isatty():
        raise _NotToldError("--yes")
    return input(f"{question} [y/N]: ").strip().lower() in {"y", "yes", "是"}
