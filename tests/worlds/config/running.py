"""A router that is started, reconfigured and started again, with nothing but its core."""

from cti.config import read
from cti.config.at_start import AppliedFiles
from cti.config.reconfigure import Reconfiguration
from routing import snapshot
from routing.commands import Stamped
from routing.config import RoutingConfig
from routing.engine import RoutingEngine


class Running:
    """`start`, `apply`, `restart`: the core is carried over as a snapshot, the files stay."""

    def __init__(self, folder):
        self.folder = folder
        self.engine = RoutingEngine(RoutingConfig())
        self.commands = []
        self.path = None

    def submit(self, command):
        self.commands.append(command)
        return self.engine.handle(Stamped(self.engine.seq + 1, 1_000_000, command))

    def write(self, text, name="cti.toml"):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return path

    def start(self, text=None, name="cti.toml", environ=None):
        self.path = self.folder / name
        if text is not None:
            self.write(text, name)
        environ = environ or {}
        self.reconfiguration = Reconfiguration(
            read(self.path, environ).settings,
            self.engine,
            self.submit,
            AppliedFiles(self.folder),
            environ,
        )
        return self.reconfiguration.at_start(self.path)

    def restart(self, text=None, name="cti.toml", environ=None):
        self.engine = snapshot.load(snapshot.dump(self.engine))
        return self.start(text, name, environ)

    async def stage(self, text, name="cti.toml"):
        return await self.reconfiguration.stage(self.write(text, name))

    async def apply(self, text, name="cti.toml", change_id=""):
        return await self.reconfiguration.apply(self.write(text, name), change_id)
