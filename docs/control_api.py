"""Write docs/control-api.json anew: `python -m docs.control_api`, from the root of the repository.

With `--check` nothing is written and the exit status says whether the file is up to date.
"""

import json
import sys
from pathlib import Path

from cti.api.control import ROOMS
from cti.api.document import document
from cti.routes.declare import routes_of

FILE = Path(__file__).parent / "control-api.json"


def main() -> int:
    """0 when the file is, or has been brought, up to date."""
    rooms = [object.__new__(room) for room in ROOMS]  # a document asks for nothing but their types
    text = json.dumps(document(routes_of(*rooms)), ensure_ascii=False, indent=1) + "\n"
    if "--check" in sys.argv:
        return int(not FILE.exists() or FILE.read_text(encoding="utf-8") != text)
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
