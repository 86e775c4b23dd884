"""Write the table of docs/phone-acts.md anew: `python -m docs.acts`, from the repository's root.

With `--check` nothing is written and the exit status says whether it is up to date.
"""

import sys
from pathlib import Path

from docs.acts.table import rows, table

PAGE = Path(__file__).parent.parent / "phone-acts.md"
BEGIN, END = "<!-- acts -->", "<!-- /acts -->"


def drawn(text: str) -> str:
    """The page with its table made anew."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table(rows())}\n{END}{rest.partition(END)[2]}"


def main() -> int:
    """0 when the page is, or has been brought, up to date."""
    text = PAGE.read_text(encoding="utf-8")
    fresh = drawn(text)
    if "--check" in sys.argv:
        return int(text != fresh)
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
