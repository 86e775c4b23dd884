"""Which packages are shipped, under which licence: notices, copyright file and SBOM.

Everything comes from the installed packages' own metadata, so nothing can be forgotten: a package
that brings no licence text stops the build.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

OWN = "paidui"
LICENCE_NAMES = ("licen", "copying", "notice", "edl-", "epl-")


class NoLicenceError(RuntimeError):
    """A shipped package says nothing of its licence."""


def shipped(lib: Path) -> Iterator[Distribution]:
    """The distributions in this folder by name, ours left out."""
    found = {each.name.lower(): each for each in distributions(path=[str(lib)])}
    return (found[name] for name in sorted(found) if name != OWN)


def licence_of(package: Distribution) -> str:
    """Its licence as one line: an SPDX expression where the package gives one."""
    data: Any = package.metadata  # an email.message.Message, which its type does not say
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in data.get_all("Classifier") or []
        if line.startswith("License :: OSI Approved")
    ]
    said = data.get("License-Expression") or data.get("License") or " OR ".join(classifiers)
    if not said:
        raise NoLicenceError(f"{package.name} names no licence")
    return said.strip().splitlines()[0]


def licence_texts(package: Distribution) -> list[str]:
    """The texts that it ships, and that we have to hand on."""
    files = [
        file
        for file in package.files or []
        if any(name in file.name.lower() for name in LICENCE_NAMES) and ".dist-info" in str(file)
    ]
    texts = [file.read_text(encoding="utf-8") for file in files]
    if not texts:
        raise NoLicenceError(f"{package.name} brings no licence text")
    return texts


def notices(lib: Path) -> str:
    """Every shipped package with version, licence and the texts it asks us to hand on."""
    parts = ["Paidui is shipped with these packages. Each stays under its own licence.\n"]
    for package in shipped(lib):
        head = f"{package.name} {package.version}: {licence_of(package)}"
        parts.append(f"{'=' * 80}\n{head}\n{'=' * 80}\n\n" + "\n\n".join(licence_texts(package)))
    return "\n".join(parts)


def copyright_text(lib: Path) -> str:
    """The short list that Debian wants to see as `copyright`."""
    rows = [
        f"  {package.name} {package.version}: {licence_of(package)}" for package in shipped(lib)
    ]
    return (
        "Paidui is licensed under Apache-2.0 (/usr/share/common-licenses/Apache-2.0).\n\n"
        "Packages in /opt/paidui/lib, texts in THIRD-PARTY-NOTICES.txt:\n\n"
        + "\n".join(rows)
        + "\n"
    )


def sbom(lib: Path, version: str) -> str:
    """A CycloneDX 1.6 bill of materials."""
    components = [
        {
            "type": "library",
            "name": package.name,
            "version": package.version,
            "purl": f"pkg:pypi/{package.name.lower().replace('_', '-')}@{package.version}",
            "licenses": [{"license": {"name": licence_of(package)}}],
        }
        for package in shipped(lib)
    ]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": OWN, "version": version}},
        "components": components,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
