"""HTTP: the control socket for the `cti` command, and a port for metrics and probes."""

from cti.api.answers import Check
from cti.api.control import Control, ReadEvents
from cti.api.probes import probes_app
from cti.api.servers import Servers
from cti.api.sockets import ControlSocket, SocketBusy

__all__ = [
    "Check",
    "Control",
    "ControlSocket",
    "ReadEvents",
    "Servers",
    "SocketBusy",
    "probes_app",
]
