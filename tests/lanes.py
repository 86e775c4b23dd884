"""Two lanes: the quick one is `make test`; the whole one is for what is whole but long.

A test is one and the same in both; only how much of it runs differs: seeds, rounds, hours. `make
soak` and `make cards` run the whole lane.
"""

import os

WHOLE = bool(os.environ.get("PAIDUI_WHOLE"))


def lane(quick: int, *, whole: int) -> int:
    """How many: `whole` in the slow lane."""
    return whole if WHOLE else quick
