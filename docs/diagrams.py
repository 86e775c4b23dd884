"""Draw the state machines from their tables into routing/README.md: `python docs/diagrams.py`.

With `--check` nothing is written and the exit status says whether the file is up to date.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

from routing import agent, call, offer
from routing.transfers import transfer

README = Path(__file__).parent.parent / "routing" / "README.md"


def mermaid(table: Mapping[tuple[str, str], str]) -> str:
    """One state diagram; rows that lead back to the same state are left out."""
    rows = [
        f"    {state} --> {after}: {trigger}"
        for (state, trigger), after in table.items()
        if state != after
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *rows, "```"])


def tables() -> dict[str, Mapping[tuple[str, str], str]]:
    """The tables worth a picture, by the marker that names their place in the README."""
    return {
        "call": call.CALL_TABLE,
        "agent-status": agent.STATUS_TABLE,
        "agent-work": agent.WORK_TABLE,
        "offer": offer.OFFER_TABLE,
        "transfer": transfer.TRANSFER_TABLE,
    }


def drawn(text: str) -> str:
    """The README with every diagram made anew."""
    for name, table in tables().items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        head, _, rest = text.partition(begin)
        _, _, tail = rest.partition(end)
        text = f"{head}{begin}\n{mermaid(table)}\n{end}{tail}"
    return text


def main() -> int:
    """0 when the file is, or has been brought, up to date."""
    text = README.read_text(encoding="utf-8")
    fresh = drawn(text)
    if "--check" in sys.argv:
        return int(fresh != text)
    README.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
