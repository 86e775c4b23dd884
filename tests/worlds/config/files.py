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

# Routing alone: without Asterisk and secrets.
BASE = """
[[queues]]
id = "loans"
[[agents]]
id = "8001"
device = "8001"
"""
LOUDER = BASE.replace('id = "loans"', 'id = "loans"\npriority = 7')

# A key of each kind that routing knows.
FULL = """
[[queues]]
id = "q"
sl_points = 50
sl_window_s = 7.5
regain_s = 120
callback_attempts = 3
callback_retry_s = 60
allocation = { partner = 30, own = 70 }
reserve = { need = "cards>=2", open_at = 20, close_at = 5 }
announcements = [
    { sound = "please-wait", after_s = 30 },
    { sound = "position", after_s = 45.5, every_s = 60, kind = "position" },
]

[[agents]]
id = "1"
device = "1"
employer = "partner"
training = true
skills = { cards = 2 }

[[agents]]
id = "2"
device = "2"

[[boosts]]
id = "loss"
tag = "loss-report"
points = 500
queues = ["q"]

[[break_caps]]
group = "cards"
reasons = ["break", "meal"]
limit = 3

[[modes]]
name = "storm"
queues = [{ id = "q", regain_s = 0 }]
boosts = [{ id = "power", tag = "power", points = 9 }]
"""

EXAMPLE = Path(__file__).parents[3] / "docs" / "cti.example.toml"
SECRETS = {
    "CTI_ASTERISKS__A1__SECRET": "ami-secret-1",
    "CTI_AGI__SECRET": "agi-secret-0123456789",
}


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
