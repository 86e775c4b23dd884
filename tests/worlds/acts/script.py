"""The words of a script: one line, one thing that somebody does, or one thing that is waited for.

    c1 dials loans          a call; customers come in on the trunk, phones from their own context
    a8001 answers           or `refuses`, `holds`, `retrieves`, `hangs up`
    a8001 refers a8002      REFER, blind
    a8001 completes         REFER with Replaces: its first and its last call
    a8001 forwards o1       answers the next call with 302
    a8001 answers last      the call that came last, of two that ring
    a8002 presses #1 99     a feature code, and a number
    a8003 falls silent      no sound comes from it any more
    ami redirects c1 a8002  a stranger's AMI: also `originates a8001 o1`, `bridges c1 a8002`,
                            `hangs up c1`
    c1 talks a8001          waited for, as are `rings`, `waits` (in our line), `parked`, `alone`,
                            `gone`
    time 1500               so many milliseconds on purpose

Both worlds do the same with it: `real.RealStage` and `simulated.SimulatedStage`.
"""

from typing import Protocol

WAITED_FOR = ("rings", "talks", "waits", "parked", "alone", "gone")


class Stage(Protocol):
    """Where a script is played."""

    async def do(self, who: str, what: str, to: str) -> None:
        """Somebody does something."""

    async def until(self, who: str, what: str, to: str) -> None:
        """It has become so."""


async def play(stage: Stage, script: str) -> None:
    """Line by line."""
    for line in filter(str.strip, script.splitlines()):
        who, what, *rest = line.split()
        to = " ".join(rest)
        step = stage.until if what in WAITED_FOR else stage.do
        try:
            await step(who, what, to)
        except AssertionError as error:
            raise AssertionError(f"at `{line.strip()}`: {error}") from None
