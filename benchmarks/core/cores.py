"""The two cores there may be: the source as it is, and the same compiled (`make compiled`)."""

from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPILED = ROOT / ".cache" / "compiled"


def cores() -> dict[str, list[Path]]:
    """What to put on the path for each core that can be run here; the quickest last."""
    found = {"plain": [ROOT]}
    if is_of_this_source(COMPILED):
        found["compiled"] = [COMPILED, ROOT]
    return found


def is_of_this_source(folder: Path) -> bool:
    """Was it compiled for this interpreter, from what stands in `routing` now?

    The sources lie beside the extensions, so they can be compared.
    """
    if not (folder / "routing" / f"engine{EXTENSION_SUFFIXES[0]}").is_file():
        return False
    for source in (ROOT / "routing").rglob("*.py"):
        copy = folder / source.relative_to(ROOT)
        if not copy.is_file() or copy.read_bytes() != source.read_bytes():
            return False
    return True
