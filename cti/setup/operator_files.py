"""What an operator's Asterisk is set to, read from its files; nothing is written or asked.

Asterisk's own grammar is richer (`#tryinclude`, `#exec`, templates that inherit): what is not
understood is passed over, since everything found here is only a proposal that a person confirms.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_SECTION: Final = re.compile(r"\[([^\]]+)\]\s*(?:\(([^)]*)\))?")
_INCLUDE: Final = re.compile(r"#(?:try)?include\s+[\"<]?([^\">]+?)[\">]?\s*$")
_DEPTH: Final = 8  # include files that include each other end somewhere

INCLUDES: Final = {
    "extensions.conf": "#include extensions.d/cti-*.conf",
    "manager.conf": "#include manager.d/cti-*.conf",
    "pjsip.conf": "#include pjsip.d/cti-*.conf",
}
"""The three lines that a person adds: file and line."""


@dataclass(frozen=True, slots=True)
class Section:
    """One `[name](templates)` with its settings, later ones winning."""

    name: str
    templates: tuple[str, ...]
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What matters of an Asterisk's files. `missing`: the include lines that are not there."""

    manager_enabled: bool
    manager_port: int
    sip_port: int
    timestamps: bool
    phones: tuple[str, ...]
    has_globals: bool
    missing: tuple[tuple[str, str], ...]


class NoAsteriskError(OSError):
    """The folder holds no configuration of an Asterisk."""


def look(folder: Path) -> Found:
    """Read the folder (usually /etc/asterisk). Raises NoAsteriskError, OSError."""
    absent = [name for name in INCLUDES if not (folder / name).is_file()]
    if absent:
        raise NoAsteriskError(
            f"{folder} has no {', '.join(absent)}; next: --asterisk DIR with Asterisk's own files"
        )
    general = next((s for s in sections(folder / "manager.conf") if s.name == "general"), None)
    values = general.values if general else {}
    port = values.get("port", "")
    return Found(
        manager_enabled=_is_yes(values.get("enabled", "no")),
        manager_port=int(port) if port.isascii() and port.isdigit() else 5038,
        sip_port=sip_port(folder / "pjsip.conf"),
        timestamps=_is_yes(values.get("timestampevents", "no")),
        phones=phones(folder / "pjsip.conf"),
        has_globals=any(
            s.name == "globals" for s in sections(folder / "extensions.conf", ours=False)
        ),
        missing=tuple(
            (name, line)
            for name, line in INCLUDES.items()
            if not any(text == line for text, _ in _lines(folder / name, folder))
        ),
    )


def sip_port(file: Path) -> int:
    """Where phones register by UDP: the port of the first such transport, else 5060 (RFC 3261)."""
    for section in sections(file):
        values = section.values
        if values.get("type") == "transport" and values.get("protocol", "udp") == "udp":
            port = values.get("bind", "").rpartition("]")[2].rpartition(":")[2]
            if port.isascii() and port.isdigit():
                return int(port)
    return 5060


def phones(file: Path) -> tuple[str, ...]:
    """Endpoints that a phone registers at: those with an `auth` of their own."""
    found = list(sections(file))
    templates = {s.name: s for s in found if "!" in s.templates}

    def value(section: Section, name: str) -> str:
        if name in section.values:
            return section.values[name]
        parents = (templates[each] for each in section.templates if each in templates)
        return next((said for parent in parents if (said := value(parent, name))), "")

    return tuple(
        section.name
        for section in found
        if "!" not in section.templates
        and value(section, "type") == "endpoint"
        and value(section, "auth")
        and value(section, "aors")
    )


def sections(file: Path, *, ours: bool = True) -> Iterator[Section]:
    """The sections of a file and of what it includes, in order; `ours`: with our own files."""
    section: Section | None = None
    for text, path in _lines(file, file.parent):
        if not ours and path.name.startswith("cti-"):
            continue
        opened = _SECTION.match(text)
        if opened:
            if section is not None:
                yield section
            names = tuple(name.strip() for name in (opened[2] or "").split(",") if name.strip())
            section = Section(opened[1].strip(), names)
        elif section is not None and "=" in text:
            name, _, value = text.partition("=")
            section.values[name.strip().lower()] = value.lstrip(">").strip()
    if section is not None:
        yield section


def _lines(file: Path, root: Path, depth: int = 0) -> Iterator[tuple[str, Path]]:
    """Lines without comments, include lines themselves and what they bring. An include is relative
    to Asterisk's folder (`root`), not to the file that has the line.
    """
    if depth > _DEPTH or not file.is_file():
        return
    for raw in file.read_text(encoding="utf-8", errors="replace").splitlines():
        text = re.split(r"(?<!\\);", raw, maxsplit=1)[0].strip()
        if not text:
            continue
        yield text, file
        included = _INCLUDE.match(text)
        if included and not included[1].startswith("/"):
            for path in sorted(root.glob(included[1])):
                yield from _lines(path, root, depth + 1)


def _is_yes(text: str) -> bool:
    return text.strip().lower() in {"yes", "true", "on", "1", "y", "t"}
