"""Configurations on disk for tests, and what is said about them."""

from pathlib import Path

from cti.config import ConfigError, Settings, load

GOOD = """
node = "n1"

[[asterisks]]
name = "a1"
host = "10.0.0.1"
secret = "ami-secret-1"

[agi]
secret = "agi-secret-0123456789"

[[queues]]
id = "loans"
need = "loans"

[[agents]]
id = "8001"
device = "8001"
skills = { loans = 2, english = 1 }
"""


def write(folder: Path, main: str = GOOD, **conf_d: str) -> Path:
    """A main file and `conf.d/NAME.toml` for each keyword."""
    path = folder / "cti.toml"
    path.write_text(main, encoding="utf-8")
    path.chmod(0o600)
    for name, text in conf_d.items():
        part = folder / "conf.d" / f"{name}.toml"
        part.parent.mkdir(exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.chmod(0o600)
    return path


def problems(path: Path | None, **environ: str) -> dict[str, str]:
    """Path to rule of everything that is wrong; empty when nothing is."""
    try:
        load(path, environ)
    except ConfigError as error:
        return {problem.path: problem.rule for problem in error.problems}
    return {}


def good(path: Path | None, **environ: str) -> Settings:
    return load(path, environ)
