"""Where the files of `asterisk-config` are: beside the source, or where a wheel has put them."""

import sys
from pathlib import Path
from typing import Final

FOLDERS: Final = ("extensions.d", "manager.d", "pjsip.d")
_SHARE: Final = Path("share/paidui/asterisk-config")


class NotShippedError(OSError):
    """The program came without its Asterisk files: an incomplete installation."""


def folder() -> Path:
    """The folder `asterisk-config` of this program. Raises NotShippedError."""
    package = Path(__file__).resolve().parents[2]  # the checkout, or the folder of the packages
    places = (package / "asterisk-config", package / _SHARE, Path(sys.prefix) / _SHARE)
    for place in places:
        if all((place / name).is_dir() for name in FOLDERS):
            return place
    raise NotShippedError(
        f"no asterisk-config in {', '.join(map(str, places))}; next: install the package again"
    )


def files() -> dict[str, str]:
    """Path below the Asterisk folder and text of each file that an operator includes."""
    root = folder()
    return {
        str(path.relative_to(root)): path.read_text(encoding="utf-8")
        for name in FOLDERS
        for path in sorted((root / name).glob("*.conf"))
    }
