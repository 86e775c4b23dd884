"""`python -m tests.deploy`: the whole journey, with packages of HEAD~1 and HEAD."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.deploy.journey import Journey
from tests.lab import rootfs

ROOT = Path(__file__).resolve().parents[2]


def packages(out: Path) -> tuple[Path, Path]:
    """The packages of HEAD~1 and of HEAD."""
    tree = out / "before"
    subprocess.run(
        ("git", "worktree", "add", "-q", "--detach", tree, "HEAD~1"), cwd=ROOT, check=True
    )
    try:
        return build(tree, out), build(ROOT, out)
    finally:
        subprocess.run(("git", "worktree", "remove", "--force", tree), cwd=ROOT, check=True)


def build(tree: Path, out: Path) -> Path:
    """The package of this tree."""
    command = (sys.executable, "-m", "deploy.build", "deb", "--out", str(out))
    done = subprocess.run(command, cwd=tree, check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.strip())


def say(text: str) -> None:
    """A line of the transcript."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """Build, travel, clean up."""
    rootfs.ensure()
    with tempfile.TemporaryDirectory(prefix="paidui-journey-") as folder:
        before, after = packages(Path(folder))
        with Journey(before, after, say) as journey:
            journey.install()
            journey.first_call()
            journey.upgrade()
            journey.rotate()
            journey.move()
            journey.uninstall()
            journey.step("done")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
