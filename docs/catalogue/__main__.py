"""Write docs/events anew: `python -m docs.catalogue`, from the root of the repository.

With `--check` nothing is written and the exit status says whether the files are up to date.
"""

import json
import sys
from pathlib import Path
from typing import Any

from docs.catalogue.pages import CHINESE, ENGLISH, page
from docs.catalogue.schemas import asyncapi, json_schema

FOLDER = Path(__file__).parent.parent / "events"


def files() -> dict[str, str]:
    """{file in docs/events: text}."""
    return {
        "README.md": page(ENGLISH),
        "README.zh.md": page(CHINESE),
        "asyncapi.json": _text(asyncapi()),
        "schemas.json": _text(json_schema()),
    }


def main() -> int:
    """0 when the files are, or have been brought, up to date."""
    fresh = files()
    if "--check" in sys.argv:
        there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
        return int(there != fresh)
    FOLDER.mkdir(exist_ok=True)
    for name, text in fresh.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main())
