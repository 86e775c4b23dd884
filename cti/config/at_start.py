"""Whose configuration holds when the router starts: the file's or the core's.

The core's was journalled when it was applied, so it is what ran when the router ended: it may be
that of another file, or one that was rolled back in the night. The rule:

    the file wins if it says something else than when it was last applied; else the core's holds

So editing the file and restarting does what one expects, and a crash at three in the morning
undoes neither a rollback nor a `cti config apply` of another file. "Says" means the routing part,
environment included; comments, secrets and the order of keys are not what it says. What needs a
restart (Asterisks, ports, the bus) is always the file's.

`AppliedFiles` remembers what each file said. If its own file is lost the configuration's wins, and
nothing worse. It is written after the journal, so a crash in between is harmless too: then file and
core say the same.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

from cti.config.from_routing import settings_of
from cti.config.settings import Settings
from cti.config.to_routing import routing_config
from cti.config.to_toml import to_toml
from cti.journal.data_dir import write_whole
from routing.config import RoutingConfig
from routing.engine import RoutingEngine

log = logging.getLogger(__name__)

FILES_KEPT = 64


class AppliedFiles:
    """Which configuration each file gave when it was last applied: `applied.json` in the data
    directory, path to digest.
    """

    def __init__(self, data_dir: Path) -> None:
        self._file = data_dir / "applied.json"
        self._digests = self._read()

    def digest_of(self, file: Path | None) -> str:
        """What it said; "" when it was never applied. None: defaults and environment alone."""
        return self._digests.get(_key(file), "")

    def note(self, file: Path | None, said: str) -> None:
        """It was applied. Blocks; a disk that will not is logged, since nobody can act on it."""
        self._digests.pop(_key(file), None)
        self._digests[_key(file)] = said
        while len(self._digests) > FILES_KEPT:
            del self._digests[next(iter(self._digests))]
        try:
            write_whole(self._file, msgspec.json.encode(self._digests))
        except OSError as error:
            log.error(
                "%s cannot be written: %s; at the next start the file wins", self._file, error
            )

    def _read(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s cannot be read: %s; the configuration file wins", self._file, error)
            return {}


@dataclass(frozen=True, slots=True)
class AtStart:
    """The decision. `config` is to be applied, None when the core has it already; `from_file` says
    whose it is and `why` says so in words; `said` is for `AppliedFiles.note` when the file's holds.
    """

    config: RoutingConfig | None
    from_file: bool
    why: str
    said: str


def decide(
    settings: Settings, file: Path | None, engine: RoutingEngine, applied: AppliedFiles
) -> AtStart:
    """What a recovered core is to go by, `settings` being what `file` says now. Changes nothing."""
    wanted, said = routing_config(settings, next_version(engine)), digest(settings)
    if is_pristine(engine):
        return AtStart(wanted, from_file=True, why="nothing was ever applied", said=said)
    if same_rules(engine.base, wanted):
        return AtStart(None, from_file=True, why="file and core agree", said=said)
    if said != applied.digest_of(file):
        why = "the file has changed since it was last applied"
        return AtStart(wanted, from_file=True, why=why, said=said)
    why = "the file is as it was when it was last applied; another configuration was since then"
    kept = msgspec.structs.replace(engine.base, version=wanted.version, pbxs=wanted.pbxs)
    known = same_rules(engine.base, kept)
    return AtStart(None if known else kept, from_file=False, why=why, said=said)


def digest(settings: Settings) -> str:
    """Equal for settings that make the same routing configuration, Asterisks aside.

    Taken of the form in which defaults are left out: a later version of this program, with more
    fields, says the same of the same file.
    """
    plain = to_toml(settings_of(routing_config(settings), settings.site))
    return hashlib.sha256(f"{settings.site}\n{plain}".encode()).hexdigest()


def next_version(engine: RoutingEngine) -> int:
    """A number that no configuration of this router had. After a rollback the highest is not the
    present one, but the one before it.
    """
    if is_pristine(engine):
        return 1
    before = engine.previous.version if engine.previous is not None else 0
    return max(engine.base.version, before) + 1


def is_pristine(engine: RoutingEngine) -> bool:
    """Nothing was ever applied."""
    return engine.previous is None and engine.base == RoutingConfig()


def same_rules(one: RoutingConfig, other: RoutingConfig) -> bool:
    """They differ in nothing but their number."""
    return msgspec.structs.replace(one, version=other.version) == other


def _key(file: Path | None) -> str:
    return "" if file is None else str(file.absolute())
