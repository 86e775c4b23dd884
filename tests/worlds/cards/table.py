"""The telephony cards: what must happen on the phone, in words that need no Asterisk to be read.

Numbers are spaced for cards to come. A card says what is there (`phones`, `ready`), what is done
(`steps`, one after the other) and what every call must have lived through (`calls`, in the order of
their arrival). It is run with the real daemon on the simulated Asterisk and on a real one.

A story is the list of a call's events: `delivered 8001` (his phone rings), `failed noAnswer`,
`established 8001`, `connectionCleared agent` (who ended it), `callCleared answered`. `a|b` allows
either; `?` may be missing: a phone that refuses at once has not rung, and the question that follows
may be here before the report of the Dial, on another connection.
"""

from tests.worlds.cards.words import Call, Card, Do, Phone, Ready, Until

QUEUED = "queued arrived"
DONE = "callCleared answered"
ABANDONED = "callCleared abandoned"
LOST = "connectionCleared system"  # with its channels
CALLER, AGENT = "connectionCleared caller", "connectionCleared agent"
# Unheard, while the link was cut: nobody was there to be told who it was.
EITHER = "connectionCleared caller|agent"

A, B = "8001", "8002"
ANSWERS = Phone()
HANGS_UP = Phone(talk_ms=600)


def talk(agent: str, by: str = CALLER) -> tuple[str, ...]:
    """From the ringing to the end of the contact."""
    return (f"delivered {agent}", f"established {agent}", by, DONE)


def failed(agent: str, outcome: str) -> tuple[str, ...]:
    """One agent who does not take the call."""
    rang = "" if outcome == "noAnswer" else "?"
    return (f"{rang}delivered {agent}", f"failed {outcome}", f"queued {outcome}")


# Whether the two still meet in a bridge is a race: both ways the caller keeps the place.
NOT_A_WORD = (
    QUEUED,
    f"delivered {A}",
    "?failed rejected",
    "?queued rejected",
    f"?established {A}",
    "?connectionCleared agent",
    f"?{DONE}",
    f"?{QUEUED}",
)

CARDS = (
    Card(
        "T-010",
        "ring and answer",
        {A: ANSWERS},
        (Call(stay_ms=1500), Until("callCleared")),
        ((QUEUED, *talk(A)),),
        ready=(A,),
    ),
    Card(
        "T-020",
        "no answer: the next agent, and a pause for the one who did not",
        {A: Phone("rings"), B: ANSWERS},
        (Call(stay_ms=3000), Until("callCleared")),
        ((QUEUED, *failed(A, "noAnswer"), *talk(B)),),
        ready=(A, B),
    ),
    Card(
        "T-025",
        "a phone that sends 183 and never 180 has rung: no answer, not unreachable",
        {A: Phone("sounds"), B: ANSWERS},
        (Call(stay_ms=3000), Until("callCleared")),
        ((QUEUED, *failed(A, "noAnswer"), *talk(B)),),
        ready=(A, B),
    ),
    Card(
        "T-030",
        "busy: the next agent",
        {A: Phone("busy"), B: ANSWERS},
        (Call(stay_ms=1500), Until("callCleared")),
        ((QUEUED, *failed(A, "busy"), *talk(B)),),
        ready=(A, B),
    ),
    Card(
        "T-040",
        "rejected: the next agent",
        {A: Phone("rejects"), B: ANSWERS},
        (Call(stay_ms=1500), Until("callCleared")),
        ((QUEUED, *failed(A, "rejected"), *talk(B)),),
        ready=(A, B),
    ),
    Card(
        "T-045",
        "do not disturb (480 at once) is a phone that rejects: it is there",
        {A: Phone("unavailable"), B: ANSWERS},
        (Call(stay_ms=1500), Until("callCleared")),
        ((QUEUED, *failed(A, "rejected"), *talk(B)),),
        ready=(A, B),
    ),
    Card(
        "T-050",
        "a phone that is not registered is not offered anything",
        {A: Phone("unregistered"), B: ANSWERS},
        (Call(stay_ms=1500), Until("callCleared")),
        ((QUEUED, *talk(B)),),
        ready=(A, B),
    ),
    Card(
        "T-055",
        "a phone that is registered and dead is unreachable, not unanswered",
        {A: Phone("dead"), B: ANSWERS},
        (Call(stay_ms=3000), Until("callCleared")),
        ((QUEUED, *failed(A, "unreachable"), *talk(B)),),
        ready=(A, B),
    ),
    Card(
        "T-060",
        "the caller gives up while he waits",
        {A: ANSWERS},
        (Call(stay_ms=800), Until("callCleared")),
        ((QUEUED, ABANDONED),),
    ),
    Card(
        "T-070",
        "the caller gives up while it rings: no fault of the agent's",
        {A: Phone("rings")},
        (Call(stay_ms=800), Until("callCleared")),
        ((QUEUED, f"delivered {A}", "failed callerGone", ABANDONED),),
        ready=(A,),
    ),
    Card(
        "T-080",
        "the agent hangs up",
        {A: HANGS_UP},
        (Call(stay_ms=9000), Until("callCleared")),
        ((QUEUED, *talk(A, AGENT)),),
        ready=(A,),
    ),
    Card(
        "T-084",
        "the agent picks up and hangs up at once: the next agent, at the same place in line",
        {A: Phone("drops"), B: ANSWERS},
        (Call(stay_ms=3000), Until(CALLER)),
        ((*NOT_A_WORD, *talk(B)),),
        ready=(A, B),
    ),
    Card(
        "T-086",
        "the agent hangs up before a word was said: the next agent, at the same place in line",
        {A: Phone(talk_ms=50), B: ANSWERS},
        (Call(stay_ms=3000), Until(CALLER)),
        ((*NOT_A_WORD, *talk(B)),),
        ready=(A, B),
    ),
    Card(
        "T-090",
        "the caller hangs up",
        {A: ANSWERS},
        (Call(stay_ms=1200), Until("callCleared")),
        ((QUEUED, *talk(A)),),
        ready=(A,),
    ),
    Card(
        "T-100",
        "after-call work, and then the next call",
        {A: HANGS_UP},
        (Call(stay_ms=15_000, count=2), Until("callCleared", 2)),
        ((QUEUED, *talk(A, AGENT)), (QUEUED, *talk(A, AGENT))),
        ready=(A,),
        after_call_work_s=1,
        checks=("afterCallWork",),
    ),
    Card(
        "T-110",
        "two calls for one agent: one after the other",
        {A: HANGS_UP},
        (Call(stay_ms=15_000, count=2), Until("callCleared", 2)),
        ((QUEUED, *talk(A, AGENT)), (QUEUED, *talk(A, AGENT))),
        ready=(A,),
        checks=("oneAtATime",),
    ),
    Card(
        "T-120",
        "twenty wait, agents come one by one: in the order of arrival",
        {str(8001 + n): Phone(talk_ms=300) for n in range(4)},
        (
            Call(stay_ms=60_000, count=20),
            Until("queued", 20),
            *(Ready((str(8001 + n),)) for n in range(4)),
            Until("callCleared", 20),
        ),
        (),
        checks=("allAnswered", "inOrder", "oneAtATime"),
    ),
    Card(
        "T-130",
        "the link is cut and comes back: who talked talks, who waits is served",
        {A: Phone(talk_ms=2000)},
        (
            Call(stay_ms=60_000, count=2),
            Until("established"),
            Until("queued", 2),
            Do("cut"),
            Until("systemStatus lost"),
            Do("mend"),
            Until("callCleared", 2),
        ),
        ((QUEUED, *talk(A, AGENT)), (QUEUED, *talk(A, AGENT))),
        ready=(A,),
    ),
    Card(
        "T-135",
        "what happens while the link is cut is made up for",
        {A: HANGS_UP, B: ANSWERS},
        (
            Call(stay_ms=60_000),
            Until(f"established {A}"),
            Do("cut"),
            Until("systemStatus lost"),
            Do("callsEnd"),
            Do("mend"),
            Until("callCleared"),
        ),
        ((QUEUED, f"delivered {A}", f"established {A}", EITHER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-150",
        "Asterisk dies and comes back: its calls are closed as lost, the next one is served",
        {A: HANGS_UP},
        (
            Call(stay_ms=60_000),
            Until("queued"),
            Do("kill"),
            Until("callCleared lost"),
            Do("routing"),
            Ready((A,)),
            Call(stay_ms=60_000),
            Until("callCleared answered"),
        ),
        ((QUEUED, "callCleared lost"), (QUEUED, *talk(A, AGENT))),
    ),
    *(
        Card(
            number,
            f"Asterisk is {how}: everybody it had is lost, nobody has given up",
            {A: ANSWERS},
            (
                Call(stay_ms=60_000, count=2),
                Until(f"established {A}"),
                Until("queued", 2),
                Do(what),
                Until("callCleared", 2),
                Until("systemStatus gone"),
                Do("routing"),
                Ready((A,)),
                Call(stay_ms=1500),
                Until("callCleared", 3),
            ),
            (
                (QUEUED, f"delivered {A}", f"established {A}", LOST, DONE),
                (QUEUED, "callCleared lost"),
                (QUEUED, *talk(A)),
            ),
            ready=(A,),
        )
        for number, how, what in (
            ("T-152", "restarted by command", "restartNow"),
            ("T-154", "stopped and started", "stopAndStart"),
        )
    ),
    Card(
        "T-156",
        "Asterisk waits for its calls to end: no new call is begun, each end is what it is",
        {A: ANSWERS, B: ANSWERS},
        (
            Call(stay_ms=2500),
            Call(stay_ms=5000),
            Until(f"established {A}"),
            Until("queued", 2),
            Do("restartGracefully"),
            Ready((B,)),
            Until("systemStatus lost"),
            Until("callCleared", 2),
            Until("systemStatus gone"),
            Do("routing"),
            Call(stay_ms=1500),
            Until("callCleared", 3),
        ),
        (
            (QUEUED, *talk(A)),
            (QUEUED, "failed undelivered", "queued undelivered", ABANDONED),
            (QUEUED, *talk(f"{A}|{B}")),  # whoever has been idle for longer
        ),
        ready=(A,),
    ),
    Card(
        "T-157",
        "a restart that waited for calls is called off: who waits is served",
        {A: ANSWERS, B: HANGS_UP},
        (
            Call(stay_ms=60_000),
            Until("queued"),
            Do("restartGracefully"),
            Ready((A,)),
            Until("systemStatus lost"),
            Do("abortRestart"),
            Until("systemStatus up"),
            Ready((B,)),
            Until("callCleared"),
        ),
        ((QUEUED, "failed undelivered", "queued undelivered", *talk(B, AGENT)),),
    ),
    Card(
        "T-158",
        "the dialplan is reloaded and has forgotten us: the next phone rings all the same",
        {A: ANSWERS},
        (
            Call(stay_ms=4000),
            Until("queued"),
            Do("reloadDialplan"),
            Ready((A,)),
            Until("callCleared"),
        ),
        ((QUEUED, *talk(A)),),
    ),
    Card(
        "T-160",
        "the router is absent: failsafe answers, and the next caller is ours again",
        {A: HANGS_UP},
        (
            Do("killRouter"),
            Call(stay_ms=60_000),
            Do("failsafeAnswers"),
            Do("startRouter"),
            Ready((A,)),
            Call(stay_ms=60_000),
            Until("callCleared answered"),
        ),
        ((QUEUED, *talk(A, AGENT)),),
        failsafe_s=2,
        served_by_failsafe=1,
    ),
)
