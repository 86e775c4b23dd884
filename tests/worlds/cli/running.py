"""A router that answers on a real socket from a thread of its own, as a daemon would."""

import asyncio
import threading
from pathlib import Path

from tests.worlds.api.router import CONFIG, Router


class Running:
    """`do` runs a function in the router's thread and gives back what it returns."""

    def __init__(self, path: Path, config=CONFIG):
        self.path = path
        self.router = Router(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._servers = self.do(lambda: self.router.serve(path))

    def do(self, act):
        async def acted():
            result = act()
            return await result if asyncio.iscoroutine(result) else result

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(10)

    def stop(self):
        """The daemon is gone; its socket too."""
        if not self._thread.is_alive():
            return
        self.do(self._servers.stop)
        self.do(self.router.log.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
