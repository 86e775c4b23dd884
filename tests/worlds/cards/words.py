"""What a card is made of: phones, callers, and steps, one after the other."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Phone:
    """What an agent's phone does: `answers`, `rings`, `sounds`, `drops` (hangs up as it answers),
    `busy`, `rejects`, `unavailable`, `dead`, `unregistered`.

    `talk_ms`: it hangs up by itself so long after the answer.
    """

    behaviour: str = "answers"
    after_ms: int = 100
    talk_ms: int | None = None


@dataclass(frozen=True)
class Call:
    """`count` callers, one after the other, who hang up `stay_ms` after they called."""

    stay_ms: int
    count: int = 1


@dataclass(frozen=True)
class Until:
    """Wait until the events hold this word so often: `established 8001`, `queued`."""

    word: str
    times: int = 1


@dataclass(frozen=True)
class Ready:
    """Agents become ready."""

    agents: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """`POST /v1/calls/{id}/{verb}` of the first call that lives; `status` and `code`: of the
    answer.
    """

    verb: str
    status: int = 200
    body: dict[str, str] = field(default_factory=dict)
    code: str = ""


@dataclass(frozen=True)
class Do:
    """Something that happens to the world: `cut`, `mend`, `killRouter`, `startRouter`, or to its
    Asterisk (`world.OPERATED`); or that is waited for: `talked` (long enough for a word),
    `callsEnd`, `routing`, `failsafeAnswers`.
    """

    what: str


Step = Call | Until | Ready | Order | Do


@dataclass(frozen=True)
class Card:
    """One card; see above."""

    number: str
    title: str
    phones: dict[str, Phone]
    steps: tuple[Step, ...]
    calls: tuple[tuple[str, ...], ...]
    ready: tuple[str, ...] = ()
    after_call_work_s: float = 0
    failsafe_s: int = 0  # 0: nobody goes to failsafe
    served_by_failsafe: int = 0
    checks: tuple[str, ...] = field(default=())
