"""What may be seen of a customer's number or name. Pure."""

import re

_SHOWN_START, _SHOWN_END = 3, 4  # 138****5678: as the bank's own statements print numbers


_is_masked = re.compile(r"\+?\d{0,3}\*+\d{0,4}|.?\*+").fullmatch


def masked(number: str) -> str:
    """A caller's number as people may see it: `masked("13812345678")` is `138****5678`.

    The length is kept. What is masked already stays as it is. Numbers too short to hide anything
    keep their last two digits at most; what is no number (a name) keeps its first character, if it
    has more than one.
    """
    if _is_masked(number):
        return number
    hidden = len(number) - _SHOWN_START - _SHOWN_END
    if not number.lstrip("+").isdigit():
        return number[:1] + "*" * (len(number) - 1) if len(number) > 1 else "*" * len(number)
    if hidden < _SHOWN_START:
        return "*" * (len(number) - 2) + number[-2:] if len(number) > 4 else "*" * len(number)
    return number[:_SHOWN_START] + "*" * hidden + number[-_SHOWN_END:]
