"""The control socket: a unix socket that only its owner may use, and only one daemon may hold.

Its access control is the file mode. The mode is set before the file exists: on Linux `bind` gives
the file the mode of the unbound socket, less the umask (unix(7); net/unix/af_unix.c, unix_bind).
"""

import errno
import fcntl
import os
import socket
import stat
from pathlib import Path

from cti.private import NotPrivate

OWNER_ONLY = 0o600
BACKLOG = 1024
"""A whole centre may give its orders in one moment, when a shift begins. A unix socket whose queue
is full refuses them at once.
"""


class SocketBusy(Exception):  # noqa: N818  # it is no mistake of anyone
    """Another daemon holds this socket; only one may route for one data directory."""


class ControlSocket:
    """Bound and listening from construction until `close`.

    Raises SocketBusy when a living daemon holds it, NotPrivate when anybody could put another one
    there, OSError when the path cannot be used. A socket left behind by a daemon that was killed is
    replaced; a file that is no socket never is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _check_folder(path.parent)
        # The lock, not the socket file, says whether a daemon lives: it goes with its process, and
        # two that start at the same moment cannot both have it. The file stays, since removing a
        # lock file lets two processes lock two files of one name.
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._lock = os.open(f"{path}.lock", flags, OWNER_ONLY)
        try:
            self._take()
            self.sock = self._bind()
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Take the socket away and let another daemon have it. May be called twice."""
        if self._lock < 0:
            return
        self.sock.close()
        self.path.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1

    def _take(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SocketBusy(f"another cti daemon is running on {self.path}") from None

    def _bind(self) -> socket.socket:
        try:
            found = self.path.lstat()
        except FileNotFoundError:
            pass
        else:
            if not stat.S_ISSOCK(found.st_mode):
                raise FileExistsError(errno.EEXIST, "is there and is no socket", str(self.path))
            self.path.unlink()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            os.fchmod(sock.fileno(), OWNER_ONLY)
            sock.bind(str(self.path))
            self.path.chmod(OWNER_ONLY)  # where the kernel does not do it
            sock.listen(BACKLOG)
        except BaseException:
            sock.close()
            raise
        return sock


def _check_folder(folder: Path) -> None:
    """In a folder that everybody may write to, and that is not sticky as /tmp is, everybody may
    rename our socket and listen in its place: orders and secrets would go there.
    """
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        raise NotPrivate(
            f"everybody may write to {folder} (mode {mode:04o}), where the control socket is to be;"
            f" next: chmod o-w {folder}, or another [control] socket"
        )
