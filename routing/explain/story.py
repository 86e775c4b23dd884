"""The story of one call: from its events to lines, in the order of time.

Reads the events of one call (from the core's answers, or from the event log later on) and says what
was decided and why, one line each, with the time since the caller came. Give the events of the
call's consultations too (`ids.contact_of`), and its transfers can be followed.
"""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from routing import events as e
from routing.config import Strategy
from routing.explain import chinese, english
from routing.explain.standing import Standing
from routing.ids import CONSULTS

_TELL = {"zh": chinese.TELL, "en": english.TELL}
_ASIDE = {"zh": "咨询：", "en": "consultation: "}
_SECONDS = {"zh": chinese.seconds, "en": english.seconds}
_STANDING = {"zh": chinese.standing, "en": english.standing}


def explain(history: Iterable[tuple[int, e.Event]], lang: str = "en") -> list[str]:
    """The story of one call. `history` is (at_us, event) in order; other events are left out."""
    tellers = _TELL[lang]
    lines: list[str] = []
    start_us: int | None = None
    for at_us, event in history:
        tell = tellers.get(type(event))
        if tell is None:
            continue
        if start_us is None:
            start_us = at_us
        if isinstance(event, e.OfferMade):
            event = _readable(event, at_us, lang)  # noqa: PLW2901
        seconds, rest = divmod(at_us - start_us, 1_000_000)
        aside = _ASIDE[lang] if _is_aside(event) else ""
        lines.extend(f"+{seconds}.{rest // 1000:03d}s  {aside}{text}" for text in tell(event))
    return lines


def tell_standing(standing: Standing, lang: str = "en") -> list[str]:
    """How things stand with a live call, in words."""
    return _STANDING[lang](standing)


def _is_aside(event: Any) -> bool:
    """Is this about a consultation, rather than the customer's own call?"""
    return CONSULTS in event.call_id


def _readable(offer: e.OfferMade, at_us: int, lang: str) -> e.OfferMade:
    """The offer with the figures that ranked the candidates in words."""
    why = offer.decision
    tell, plain = FIGURES[lang][why.strategy], PLAIN.get(why.strategy, str)

    def told(figure: int) -> str:
        if why.strategy == Strategy.LONGEST_IDLE:
            return tell.format(_SECONDS[lang](at_us - figure))
        return tell.format(plain(figure))

    candidates = tuple((who, told(figure)) for who, figure in why.candidates)
    return replace(offer, decision=replace(why, candidates=candidates))


PLAIN: dict[str, Callable[[int], str]] = {
    "leastOccupied": lambda ppm: f"{ppm // 10_000}.{ppm // 1_000 % 10} %",
    "bestSkill": lambda level: str(-level),
    "weighted": lambda ppm: f"{ppm // 1_000_000}.{ppm // 100_000 % 10}",
}
"""What `selection.rank` puts first, made readable; other figures are so already."""

FIGURES = {
    "en": {
        "longestIdle": "idle {}",
        "leastOccupied": "{} occupied",
        "fewestCalls": "{} calls",
        "bestSkill": "level {}",
        "leastFlexible": "{} skills",
        "roundRobin": "last had offer {}",
        "weighted": "{} offers by weight",
    },
    "zh": {
        "longestIdle": "空闲 {}",
        "leastOccupied": "占用率 {}",
        "fewestCalls": "已接 {} 通",
        "bestSkill": "技能等级 {}",
        "leastFlexible": "{} 项技能",
        "roundRobin": "上次派单 {}",
        "weighted": "加权派单 {}",
    },
}
