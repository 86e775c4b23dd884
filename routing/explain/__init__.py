"""In words: why did this call go where it went, and why does it wait now?

`story` tells what has happened, from the events of one call; `standing` says how things stand with
it now, from the core itself. Both are facts; `english` and `chinese` put them into words, `codes`
has the words for every code that an event can hold.
"""

from routing.explain.codes import LANGUAGES, code_word
from routing.explain.elsewhere import Elsewhere, elsewhere
from routing.explain.standing import Idle, Obstacle, Standing, standing_of
from routing.explain.story import explain, tell_standing

__all__ = [
    "LANGUAGES",
    "Elsewhere",
    "Idle",
    "Obstacle",
    "Standing",
    "code_word",
    "elsewhere",
    "explain",
    "standing_of",
    "tell_standing",
]
