import msgspec
import pytest

from cti.cli.main import main
from tests.worlds.cli.running import Running


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    """No terminal, no colours, English, and nothing of the machine's own configuration."""
    for name in ("CTI_CONFIG", "CTI_SOCKET", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "140")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def daemon(tmp_path, monkeypatch):
    running = Running(tmp_path / "cti.sock")
    monkeypatch.setenv("CTI_SOCKET", str(running.path))
    yield running
    running.stop()


@pytest.fixture
def cti(capsys):
    """Run a command line: exit code, standard output, standard error."""

    def run(*arguments):
        try:
            code = main(arguments)
        except SystemExit as exit_:  # argparse
            code = exit_.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def cti_json(cti):
    """Run a command line with --json: exit code and the document."""

    def run(*arguments):
        code, out, _ = cti(*arguments, "--json")
        return code, msgspec.json.decode(out)

    return run
