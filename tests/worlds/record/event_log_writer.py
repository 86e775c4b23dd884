"""`python -m tests.worlds.record.event_log_writer PATH`: writes events until it is killed.

Prints the `seq` of the last one that is written, now and then.
"""

import asyncio
import sys
from pathlib import Path

from cti.record.event_log import EventLog
from routing import events as e
from tests.eventually import time_passes
from tests.worlds.record.history import History, encoder, made


async def main(path):
    log = EventLog(Path(path), encoder().record)
    await log.start()
    history = History()
    while True:
        for _ in range(37):
            log.offer(history.say(made(e.ConfigApplied)))
        await time_passes(0.001)
        print(log.counters.written, flush=True)  # noqa: T201  read by the test


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
