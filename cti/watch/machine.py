"""What this machine allows the daemon: files open at once, and connections that wait to be taken.

Each question of a dialplan is a connection, and so an open file; a flood of callers is thousands of
them. A process mostly begins with 1,024 files and may have more for the asking, so it asks. What
falls short is said at the start and by `cti status`; calls are served all the same, with fewer
questions at once.
"""

import logging
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cti.watch.check import Check

log = logging.getLogger(__name__)

FILES_KEPT: Final = 256
"""For all but questions: journal, event log, links, operators. Some 40 are open (measured)."""

_SOMAXCONN: Final = Path("/proc/sys/net/core/somaxconn")


@dataclass(frozen=True, slots=True)
class Machine:
    """Counts: what is wanted, and what there is of it."""

    questions_wanted: int  # connections at once
    queue_wanted: int  # connections that wait to be taken
    files: int
    queue: int

    @property
    def questions(self) -> int:
        """How many connections at once there are files for."""
        return max(1, min(self.questions_wanted, self.files - FILES_KEPT))

    def checks(self) -> tuple[Check, ...]:
        """For `cti status`: each says what to set."""
        files_wanted = self.questions_wanted + FILES_KEPT
        files_short = f"{self.files}, {files_wanted} wanted: raise LimitNOFILE of the service"
        queue_short = f"{self.queue}, {self.queue_wanted} wanted: sysctl net.core.somaxconn"
        enough, long_enough = self.files >= files_wanted, self.queue >= self.queue_wanted
        return (
            Check("open files", enough, "" if enough else files_short),
            Check("listen queue", long_enough, "" if long_enough else queue_short),
        )


def prepare(*, questions: int, queue: int) -> Machine:
    """Take as many files as are wanted, or as many as we may; say what falls short."""
    machine = Machine(questions, queue, _take_files(questions + FILES_KEPT), _queue(queue))
    for check in machine.checks():
        if not check.ok:
            log.warning("%s: %s", check.name, check.detail)
    return machine


def _take_files(wanted: int) -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY  # -1: smaller than any number of files
    if soft == unlimited or soft >= wanted:
        return max(soft, wanted)
    taken = wanted if hard == unlimited else max(soft, min(hard, wanted))
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken, hard))
    return taken


def _queue(wanted: int) -> int:
    """Linux cuts the backlog of `listen` at this without a word (listen(2)); others do not say."""
    try:
        return int(_SOMAXCONN.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return wanted
