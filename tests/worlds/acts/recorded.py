"""Acts of phones and strangers, a scene each: played on the real Asterisk once, on ours always.

The router says what a scene lists, whatever was done: here only Asterisk is looked at.
`python -m tests.worlds.acts record` writes tests/transcripts/acts; `test_sim_acts` holds the
simulated Asterisk to it.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.worlds.simulators.routed_calls import AFTER, WAIT, deliver

FOLDER = Path(__file__).parents[2] / "transcripts" / "acts"

TALKING = """
c1 dials loans
a8001 answers
c1 talks a8001
"""
WAITING = """
c1 dials loans
c1 waits
"""
CONSULTS = """
a8001 holds
a8001 dials a8002
a8002 answers
a8001 talks a8002
"""
PARKED = f"""{TALKING}
a8001 refers 700
c1 parked
a8001 hangs up
a8001 gone
"""
TO_A1 = (deliver("a8001"), AFTER)


@dataclass(frozen=True)
class Scene:
    """`number` is a row of docs/phone-acts.md; `answers` are the router's, the last one again and
    again.
    """

    name: str
    number: str
    script: str
    answers: tuple[str, ...] = TO_A1


SCENES = (
    Scene(
        "refer-phone",
        "P01",
        TALKING + "a8001 refers a8002\na8002 answers\nc1 talks a8002\na8002 hangs up\nc1 gone",
    ),
    Scene(
        "refer-not-answered",
        "P02",
        TALKING + "a8001 refers a8002\na8002 rings\nc1 hangs up\nc1 gone",
    ),
    Scene(
        "refer-outsider",
        "P03",
        TALKING + "a8001 refers o1\no1 answers\nc1 talks o1\nc1 hangs up\nc1 gone",
    ),
    Scene(
        "refer-queue",
        "P04",
        TALKING + "a8001 refers loans\na8001 gone\nc1 waits\nc1 hangs up\nc1 gone",
        (deliver("a8001"), WAIT),
    ),
    Scene(
        "attended-phone",
        "P05",
        TALKING + CONSULTS + "a8001 completes\nc1 talks a8002\na8002 hangs up\nc1 gone",
    ),
    Scene(
        "attended-outsider",
        "P06",
        TALKING + "a8001 holds\na8001 dials o1\no1 answers\na8001 talks o1\na8001 completes\n"
        "c1 talks o1\nc1 hangs up\nc1 gone\na8001 gone",
    ),
    Scene(
        "attended-queue",
        "P07",
        TALKING
        + "a8001 holds\na8001 dials loans\na8001 waits\na8001 completes\na8001 gone\nc1 waits\n"
        "c1 hangs up\nc1 gone",
        (deliver("a8001"), WAIT),
    ),
    Scene(
        "receptionist-waiting",
        "P08",
        "c1 dials reception\no1 answers\nc1 talks o1\no1 holds\no1 dials loans\no1 waits\n"
        "o1 completes\no1 gone\nc1 waits\nc1 hangs up\nc1 gone",
        (WAIT,),
    ),
    Scene(
        "receptionist-talking",
        "P09",
        "c1 dials reception\no1 answers\nc1 talks o1\no1 holds\no1 dials loans\na8001 answers\n"
        "o1 talks a8001\no1 completes\no1 gone\nc1 talks a8001\nc1 hangs up\nc1 gone",
    ),
    Scene(
        "feature-code",
        "P10",
        TALKING + "ami redirects c1 c8002\na8002 answers\nc1 talks a8002\na8002 presses #1 99\n"
        "o1 answers\nc1 talks o1\nc1 hangs up\nc1 gone\na8002 gone",
    ),
    Scene(
        "pickup",
        "P11",
        "c1 dials loans\na8001 rings\na8002 dials *8\nc1 talks a8002\na8002 hangs up\nc1 gone",
    ),
    Scene(
        "pickup-by-outsider",
        "P11",
        "c1 dials loans\na8001 rings\no1 dials *8\nc1 talks o1\nc1 hangs up\nc1 gone\no1 gone",
    ),
    Scene("parked", "P12", PARKED + "c1 hangs up\nc1 gone"),
    Scene(
        "parked-returns",
        "P13",
        PARKED + "a8001 answers\nc1 talks a8001\nc1 hangs up\nc1 gone",
    ),
    Scene(
        "parked-taken",
        "P14",
        PARKED + "a8002 dials 701\nc1 talks a8002\nc1 hangs up\nc1 gone",
    ),
    Scene(
        "parked-forgotten",
        "P15",
        PARKED + "a8001 rings\nc1 hangs up\nc1 gone",
    ),
    Scene(
        "forwarded",
        "P16",
        "a8001 forwards o1\nc1 dials loans\nc1 waits\nc1 hangs up\nc1 gone",
        (deliver("a8001"), WAIT),
    ),
    Scene(
        "local",
        "P17",
        "c1 dials detour\na8001 answers\nc1 talks a8001\nc1 hangs up\nc1 gone",
    ),
    Scene(
        "local-stays",
        "P18",
        "c1 dials detour-n\na8001 answers\nlocal talks a8001\na8001 hangs up\nc1 gone",
    ),
    Scene(
        "redirect-waiting",
        "P19",
        WAITING + "ami redirects c1 a8002\na8002 answers\nc1 talks a8002\na8002 hangs up\nc1 gone",
        (WAIT,),
    ),
    Scene(
        "redirect-to-outsider",
        "P20",
        WAITING + "ami redirects c1 o1\no1 answers\nc1 talks o1\no1 hangs up\nc1 gone",
        (WAIT,),
    ),
    Scene(
        "redirect-offered",
        "P20",
        "c1 dials loans\na8001 rings\nami redirects c1 o1\no1 answers\nc1 talks o1\n"
        "o1 hangs up\nc1 gone\na8001 gone",
    ),
    Scene(
        "redirect-talking",
        "P21",
        TALKING + "ami redirects c1 a8002\na8002 answers\nc1 talks a8002\na8002 hangs up\nc1 gone",
    ),
    Scene(
        "redirect-away",
        "P22",
        TALKING + "ami redirects c1 music\na8001 gone\nc1 hangs up\nc1 gone",
    ),
    Scene(
        "redirect-leg",
        "P23",
        TALKING + "ami redirects a8001 o1\nc1 gone\no1 answers\na8001 talks o1\na8001 hangs up\n"
        "o1 gone",
    ),
    Scene(
        "originate",
        "P24",
        "ami originates a8001 o1\na8001 answers\no1 answers\na8001 talks o1\na8001 hangs up\n"
        "o1 gone",
        (WAIT,),
    ),
    Scene(
        "originate-not-answered",
        "P24",
        "ami originates a8001 o1\na8001 refuses\na8001 gone",
        (WAIT,),
    ),
    Scene(
        "originate-beside-offer",
        "P25",
        "c1 dials loans\na8001 rings\nami originates a8001 music\ntime 300\na8001 answers\n"
        "c1 talks a8001\na8001 refuses\ntime 100\na8001 hangs up\nc1 gone\na8001 gone",
    ),
    Scene(
        "originate-instead-of-offer",
        "P25",
        "c1 dials loans\na8001 rings\nami originates a8001 music\ntime 300\na8001 answers last\n"
        "a8001 alone\ntime 300\nc1 hangs up\nc1 gone\na8001 hangs up\na8001 gone",
    ),
    Scene(
        "bridged",
        "P26",
        WAITING + "ami originates a8001 music\na8001 answers\na8001 alone\nami bridges c1 a8001\n"
        "c1 talks a8001\nc1 hangs up\nc1 gone\na8001 gone",
        (WAIT,),
    ),
    Scene(
        "own-call",
        "P27",
        "a8001 dials o1\no1 answers\na8001 talks o1\na8001 hangs up\no1 gone\na8001 gone",
        (WAIT,),
    ),
    Scene(
        "own-call-after-work",
        "P28",
        TALKING + "a8001 hangs up\nc1 gone\na8001 dials o1\no1 answers\na8001 talks o1\n"
        "a8001 hangs up\no1 gone\na8001 gone",
    ),
    Scene(
        "internal",
        "P29",
        "a8002 dials a8001\na8001 rings\ntime 100\na8002 hangs up\na8001 gone\na8002 gone",
        (WAIT,),
    ),
    Scene(
        "internal-while-talking",
        "P30",
        TALKING + "a8002 dials a8001\na8001 rings\na8002 hangs up\na8002 gone\n"
        "a8001 hangs up\nc1 gone",
    ),
    Scene(
        "holds",
        "P31",
        TALKING + "a8001 holds\ntime 100\na8001 retrieves\ntime 100\na8001 hangs up\nc1 gone",
    ),
    Scene(
        "customer-holds",
        "P32",
        TALKING + "c1 holds\ntime 100\nc1 retrieves\ntime 100\nc1 hangs up\nc1 gone",
    ),
    Scene(
        "consultation-ends",
        "P33",
        TALKING + CONSULTS + "a8002 hangs up\na8002 gone\na8001 retrieves\ntime 100\n"
        "c1 hangs up\nc1 gone",
    ),
    Scene(
        "second-customer",
        "P34",
        TALKING + "c2 dials loans\na8002 rings\na8001 dials *8\nc2 talks a8001\n"
        "c2 hangs up\nc2 gone\na8001 hangs up\nc1 gone\na8001 gone",
        (deliver("a8001"), deliver("a8002", offer=2), AFTER),
    ),
    Scene(
        "customer-cut",
        "P35",
        TALKING + "ami hangs up c1\nc1 gone\na8001 gone",
    ),
    Scene(
        "agent-cut",
        "P35",
        TALKING + "ami hangs up a8001\na8001 gone\nc1 gone",
    ),
    Scene(
        "no-sound",
        "P35",
        "c1 dials loans\na8003 answers\nc1 talks a8003\na8003 falls silent\na8003 gone\nc1 gone",
        (deliver("a8003"), AFTER),
    ),
    Scene(
        "listened-to",
        "P36",
        TALKING + "a8003 dials spy\na8003 alone\ntime 300\na8003 hangs up\n"
        "c1 hangs up\nc1 gone\na8003 gone",
    ),
)


def transcripts(scene: Scene) -> list[Path]:
    """What the real one told; more than one where it is a race."""
    return sorted((*FOLDER.glob(f"{scene.name}.txt"), *FOLDER.glob(f"{scene.name}.[0-9].txt")))
