"""State machines as tables: what is not in the table does not happen.

A table maps (state, trigger) to the next state. It lives in the file of its object, below an essay
that says what each state means; the diagrams in the docs are drawn from it, and a test tries every
state with every trigger.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from routing.bug import Bug

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)


def advance(table: Mapping[tuple[S, T], S], state: S, trigger: T) -> S:
    """The next state. Handlers check before they apply, so a missing row is a bug of ours."""
    try:
        return table[state, trigger]
    except KeyError:
        raise Bug(f"no way from {state} by {trigger}") from None
