"""Cards of call control: what is ordered of a conversation, and what becomes of caller and agent.

Each ends with `callsEnd`: nobody is left behind in the dialplan. An order that is refused, and one
that is carried out, are told apart by the status of its answer.
"""

from tests.worlds.cards.table import AGENT, ANSWERS, CALLER, DONE, QUEUED, A, B
from tests.worlds.cards.words import Call, Card, Do, Order, Phone, Ready, Until

TALKS = (QUEUED, f"delivered {A}", f"established {A}")
HELD, BACK = f"held {A}", f"retrieved {A}"
BEGIN = (Call(stay_ms=8_000), Until(f"established {A}"), Do("talked"))
END = (Until("callCleared"), Do("callsEnd"))

BEGIN_BOTH = (*BEGIN, Ready((B,)))
TO_B = Order("transfer", 200, {"to_agent": B})
TO_GROUP = Order("transfer", 200, {"to_queue": "loans"})
HANDED_ON = ("connectionCleared transfer", "queued singleStep")
MISSED = (f"delivered {B}", "failed noAnswer", "diverted recallNoAnswer", "queued recallNoAnswer")
REFUSED = (f"?delivered {B}", "failed busy", "diverted recallBusy", "queued recallBusy")

CONTROL_CARDS = (
    Card(
        "T-200",
        "hold and retrieve by order",
        {A: ANSWERS},
        (*BEGIN, Order("hold"), Order("retrieve"), Order("hold"), Order("retrieve"), *END),
        ((*TALKS, HELD, BACK, HELD, BACK, CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-202",
        "the caller hangs up while on hold: the agent is free, no leg is left",
        {A: ANSWERS},
        (Call(stay_ms=3_000), Until(f"established {A}"), Order("hold"), *END),
        ((*TALKS, HELD, CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-204",
        "the agent's phone hangs up while the caller is on hold: the caller goes on behind it",
        {A: Phone(talk_ms=2_500)},
        (*BEGIN, Order("hold"), *END),
        ((*TALKS, HELD, AGENT, DONE),),
        ready=(A,),
    ),
    Card(
        "T-206",
        "cleared by order: the agent hangs up",
        {A: ANSWERS},
        (*BEGIN, Order("clear"), *END),
        ((*TALKS, AGENT, DONE),),
        ready=(A,),
    ),
    Card(
        "T-208",
        "cleared by order while on hold, and after it",
        {A: ANSWERS},
        (*BEGIN, Order("hold"), Order("clear"), *END),
        ((*TALKS, HELD, AGENT, DONE),),
        ready=(A,),
    ),
    Card(
        "T-210",
        "retrieved, then cleared by order: the caller goes on behind the conversation",
        {A: ANSWERS},
        (*BEGIN, Order("hold"), Order("retrieve"), Order("clear"), *END),
        ((*TALKS, HELD, BACK, AGENT, DONE),),
        ready=(A,),
    ),
    Card(
        "T-212",
        "what does not fit is refused, and the call is where it was",
        {A: ANSWERS},
        (
            *BEGIN,
            Order("retrieve", 409),
            Order("hold"),
            Order("hold", 409),
            Order("digits", 409, {"digits": "1"}),
            Order("hold", 400, {"agent": "8001\r\nX: y"}),
            Order("retrieve", 409, {"agent": "8002"}),
            Order("retrieve"),
            Order("digits", 200, {"digits": "1#"}),
            *END,
        ),
        ((*TALKS, HELD, BACK, CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-214",
        "the link is cut while the caller is on hold, and mended",
        {A: ANSWERS},
        (
            *BEGIN,
            Order("hold"),
            Do("cut"),
            Until("systemStatus lost"),
            Order("retrieve", 409),
            Do("mend"),
            Until("systemStatus up"),
            Order("retrieve"),
            *END,
        ),
        ((*TALKS, HELD, BACK, CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-216",
        "the router dies while the caller is on hold, and comes back",
        {A: ANSWERS},
        (
            *BEGIN,
            Order("hold"),
            Do("killRouter"),
            Do("startRouter"),
            Do("routing"),
            Order("retrieve"),
            *END,
        ),
        ((*TALKS, HELD, BACK, CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-220",
        "single step to a chosen agent",
        {A: ANSWERS, B: ANSWERS},
        (*BEGIN_BOTH, TO_B, Until(f"established {B}"), *END),
        ((*TALKS, *HANDED_ON, f"delivered {B}", f"established {B}", CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-222",
        "single step to a group, while the caller is on hold",
        {A: ANSWERS, B: ANSWERS},
        (*BEGIN_BOTH, Order("hold"), TO_GROUP, Until(f"established {B}"), *END),
        ((*TALKS, HELD, *HANDED_ON, f"delivered {B}", f"established {B}", CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-224",
        "single step after hold and retrieve: the sender's leg ends all the same",
        {A: ANSWERS, B: ANSWERS},
        (*BEGIN_BOTH, Order("hold"), Order("retrieve"), TO_B, Until(f"established {B}"), *END),
        ((*TALKS, HELD, BACK, *HANDED_ON, f"delivered {B}", f"established {B}", CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-226",
        "a typed id that cannot be had: each case has its code, the customer stays",
        {A: ANSWERS, B: ANSWERS},
        (
            *BEGIN,
            Order("transfer", 409, {"to_agent": "9999"}, "unknownAgent"),
            Order("transfer", 409, {"to_agent": A}, "ownId"),
            Order("transfer", 409, {"to_agent": B}, "notLoggedOn"),
            Order("transfer", 409, {"to_queue": "nowhere"}, "unknownQueue"),
            Order("transfer", 409, {}, "badValue"),
            *END,
        ),
        ((*TALKS, CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-228",
        "the target does not answer: the customer is offered to the sender again",
        {A: ANSWERS, B: Phone("rings")},
        (*BEGIN_BOTH, TO_B, Until(f"established {A}", 2), *END),
        ((*TALKS, *HANDED_ON, *MISSED, f"delivered {A}", f"established {A}", CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-230",
        "the target is busy: the customer is offered to the sender again",
        {A: ANSWERS, B: Phone("busy")},
        (*BEGIN_BOTH, TO_B, Until(f"established {A}", 2), *END),
        ((*TALKS, *HANDED_ON, *REFUSED, f"delivered {A}", f"established {A}", CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-232",
        "the router dies right behind the order, and comes back: the target has the customer",
        {A: ANSWERS, B: ANSWERS},
        (
            *BEGIN_BOTH,
            TO_B,
            Do("killRouter"),
            Do("startRouter"),
            Do("routing"),
            Until(f"established {B}"),
            *END,
        ),
        ((*TALKS, *HANDED_ON, f"?delivered {B}", f"established {B}", CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-234",
        "the link is cut right behind the order, and mended: the target has the customer",
        {A: ANSWERS, B: ANSWERS},
        (
            *BEGIN_BOTH,
            TO_B,
            Do("cut"),
            Until("systemStatus lost"),
            Do("mend"),
            Until(f"established {B}"),
            *END,
        ),
        ((*TALKS, *HANDED_ON, f"?delivered {B}", f"established {B}", CALLER, DONE),),
        ready=(A,),
    ),
    Card(
        "T-236",
        "the target's phone is not there: refused, and the customer comes back from hold",
        {A: ANSWERS, B: Phone("unregistered")},
        (
            *BEGIN_BOTH,
            Order("hold"),
            Order("transfer", 409, {"to_agent": B}, "agentUnreachable"),
            Order("retrieve"),
            *END,
        ),
        ((*TALKS, HELD, BACK, CALLER, DONE),),
        ready=(A,),
    ),
)
