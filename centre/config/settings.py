"""What can be set, with its default and its rule. Read by the same code as the router's."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from cti.config import ConfigError, Secret
from cti.config import rules as of
from cti.config.build import Builder
from cti.config.problems import Problem
from cti.config.sources import Names, gather

CENTRE: Final = Names("CENTRE_", frozenset({"CENTRE_CONFIG"}), "centre.d")

# A password in it would be seen in every message that names the database.
_DATABASE: Final = of.matching(
    r"|postgresql://[A-Za-z0-9_.-]+@[A-Za-z0-9_.:\[\]-]*/[A-Za-z0-9_-]+(\?[A-Za-z0-9_.=&/-]*)?",
    "postgresql://USER@HOST:PORT/DATABASE, without a password (that is password_file)",
)
_ORIGIN: Final = of.matching(
    r"|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", "an address such as https://desk.bank.example"
)
_PASSWORD: Final = of.Text(re.compile(r"[^\x00-\x1f\x7f]{0,256}").fullmatch, "256 characters")


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The database: "" is SQLite, `centre.db` in the data directory."""

    url: Annotated[str, _DATABASE] = ""
    password: Annotated[Secret, _PASSWORD] = Secret()  # immutable, so safe to share


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where people's browsers and programs come in. `origin`: how a browser names us; a request
    that comes from another page is refused. `proxies`: who may say whom a request is from.
    """

    host: of.Host = "127.0.0.1"
    port: of.ListenPort = 8480
    origin: Annotated[str, _ORIGIN] = ""
    proxies: tuple[of.Network, ...] = ()


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """As the router's."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "text", "journald", "syslog"] = "auto"
    file: of.OptionalPath = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of one centre."""

    data_dir: of.FilePath = "var/centre"
    store: StoreSettings = StoreSettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()

    @property
    def database_file(self) -> Path:
        """Where SQLite's file is."""
        return Path(self.data_dir) / "centre.db"


def load(
    path: Path | None, environ: Mapping[str, str] = os.environ
) -> tuple[Settings, tuple[Problem, ...]]:
    """Settings and warnings. Raises ConfigError with every problem found."""
    builder = Builder(gather(path, environ, CENTRE))
    settings = builder.draft(Settings)
    if builder.problems:
        raise ConfigError(tuple(builder.problems))
    return settings, tuple(builder.warnings)
