"""The package as built from this checkout, and the short way of an operator with it."""

import json
import subprocess
from pathlib import Path

import pytest

from deploy import build, papers
from tests.deploy.journey import Journey

pytestmark = pytest.mark.timeout(400)  # the fixture downloads and packs


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    return build.deb(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def tree(package, tmp_path_factory):
    """What is in it, unpacked."""
    folder = tmp_path_factory.mktemp("tree")
    subprocess.run(("dpkg-deb", "-R", package, folder), check=True)
    return folder


def test_everything_belongs_to_root_and_only_the_launcher_is_a_program(package):
    listing = subprocess.run(
        ("dpkg-deb", "-c", package), capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 5) for line in listing.stdout.splitlines()]
    assert {row[1] for row in rows} == {"root/root"}
    assert not [row for row in rows if "w" in (row[0][5], row[0][8])]
    programs = {row[5] for row in rows if row[0].startswith("-rwx")}
    assert programs - {"./usr/bin/cti"} <= {
        path for path in programs if path.endswith(("/nats-server", ".so", ".py"))
    }


def test_no_tool_of_developers_and_no_path_of_the_build_machine_is_in_it(tree):
    lib = tree / "opt/paidui/lib"
    names = {path.name.split("-")[0].lower() for path in lib.glob("*.dist-info")}
    assert {"paidui", "aiohttp", "msgspec"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "pip", "panoramisk"}
    assert not (lib / "simulators").exists()
    root = str(Path(__file__).parents[2]).encode()
    assert not [path for path in lib.rglob("*.pyc") if root in path.read_bytes()]


def test_the_launcher_starts_it_from_its_own_folder(tree, tmp_path):
    launcher = tmp_path / "cti"
    text = (tree / "usr/bin/cti").read_text().replace("/opt/paidui", str(tree / "opt/paidui"))
    launcher.write_text(text)
    command = ("/usr/bin/python3", "-I", str(launcher), "--version")
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout == f"cti {build.project()['version']}\n"


def test_the_papers_name_every_shipped_package(tree):
    doc = tree / "usr/share/doc/paidui"
    shipped = [package.name for package in papers.shipped(tree / "opt/paidui/lib")]
    assert len(shipped) > 15
    notices = (doc / "THIRD-PARTY-NOTICES.txt").read_text()
    bill = json.loads((doc / "sbom.cdx.json").read_text())
    assert [component["name"] for component in bill["components"]] == shipped
    for name in shipped:
        assert name in notices
        assert name in (doc / "copyright").read_text()


def test_an_older_package_refuses_newer_data_before_it_replaces_anything(tree, tmp_path):
    script = (tree / "DEBIAN/preinst").read_text().replace("/var/lib/paidui", str(tmp_path))
    upgrade = ("sh", "-c", script, "preinst", "upgrade", "0.0.1")
    (tmp_path / "format").write_text("format 99\n")
    refused = subprocess.run(upgrade, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "newer version (format 99" in refused.stderr
    (tmp_path / "format").write_text("format 1\n")
    assert subprocess.run(upgrade, check=False).returncode == 0


@pytest.mark.real
def test_from_an_empty_debian_to_a_routed_call_and_away_again(package, lab):
    """The long way, with upgrade, new secrets and a move, is `make journey`."""
    told: list[str] = []
    with Journey(package, package, told.append) as journey:
        journey.install()
        journey.first_call()
        journey.uninstall()
    assert "# left with the name paidui: nothing" in told
