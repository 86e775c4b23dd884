"""What `cti asterisk check` asks an Asterisk, and what it was told: names and values, no judgement.

`look` fills `Facts`; `rules` and `phones` judge them. The measured reasons stand in
asterisk-config/README.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Language = Literal["zh", "en"]
Said = tuple[str, str]
"""Chinese, English."""

MODULES: Final = (
    "app_dial",
    "app_playback",
    "app_stack",
    "app_userevent",
    "app_verbose",
    "chan_pjsip",
    "func_callerid",
    "func_channel",
    "func_cut",
    "func_devstate",
    "func_dialplan",
    "func_global",
    "func_logic",
    "func_pjsip_endpoint",
    "func_sha1",
    "func_strings",
    "func_timeout",
    "func_uri",
    "res_agi",
    "res_musiconhold",
)
"""What the contexts and the router's actions and questions use."""

LOOKING: Final = ("func_pjsip_aor",)
"""What the check needs besides, to see phones; the router does without."""

EXPOSING: Final = ("func_config", "func_realtime", "func_sorcery")
"""Through Getvar they give the configuration, secrets included, to any manager user."""

CONTEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "cti-inbound": ("s", "i", "t", "T"),
    "cti-arrive": ("s", "circle", "i", "t", "T"),
    "cti-wait": ("s", "ask", "answer-wait", "answer-deliver", "answer-after", "answer-leave",
                 "unheard", "i", "t", "T"),
    "cti-deliver": ("_X.", "i", "t", "T"),
    "cti-hold": ("_X.", "hold", "join", "over", "wait", "i", "t", "T"),
    "cti-order": ("_X.", "order-leave", "order-over", "order-bridge", "order-hangup", "order-stay",
                  "i", "t", "T"),
    "cti-after": ("s", "i", "t", "T"),
    "cti-leave": ("s", "unserved", "i", "t", "T"),
    "cti-failsafe": ("s", "last", "goodbye", "i", "t", "T"),
}  # fmt: skip
"""{context: extensions without which a caller could be lost}."""

PROOF_CONTEXT: Final = "cti-check"
PROOF_EXTENSION: Final = "proof"
"""A hint of our dialplan, `Custom:SHA1(secret:cti-check)`. Asterisk works it out when it loads the
dialplan (ast_add_extension2_lockopt in main/pbx.c; measured at a start and at a reload), and
ExtensionState, which asks for `reporting` only, tells it. Getvar cannot: it refuses EVAL to a user
without `system` ("GetVar Access Forbidden", 22.10.1) and evaluates nothing else."""

CLASS_OF: Final[Mapping[str, str]] = {
    "AGI": "agi",
    "AOCMessage": "aoc",
    "Command": "command",
    "MessageSend": "message",
    "ModuleLoad": "system",
    "Originate": "originate",
    "QueueAdd": "agent",
    "Redirect": "call",
    "ShowDialPlan": "reporting",
    "UpdateConfig": "config",
    "UserEvent": "user",
}
"""An action that only this write class allows (but ShowDialPlan, which `config` allows as well):
whoever may do it has the class."""

HARMLESS: Final[Mapping[str, Mapping[str, str]]] = {
    "Bridge": {"Channel1": "cti-check", "Channel2": "cti-check"},
    "PlayDTMF": {"Channel": "cti-check", "Digit": "1"},
    "ShowDialPlan": {"Context": "cti-check"},
    "Status": {"Channel": "cti-check"},
    "UserEvent": {"UserEvent": "PaiduiCheck"},
}
"""How an action is tried: these ask for something that is not there or matters to nobody, all
others lack a field that they need. Asterisk looks at the rights first (main/manager.c): who lacks
them is told "Permission denied", everybody else something else, and nothing is done."""


@dataclass(frozen=True, slots=True)
class User:
    """What a manager user of ours needs: actions, and the write classes that go with them."""

    template: str
    needs: tuple[str, ...]
    classes: frozenset[str]

    def tries(self) -> tuple[str, ...]:
        """What to try as this user: what it needs, and one action of each class."""
        return tuple(dict.fromkeys((*self.needs, *CLASS_OF)))


ROUTER: Final = User(
    "cti-router-rights",
    ("Bridge", "Getvar", "Hangup", "Ping", "PlayDTMF", "Redirect", "Setvar", "Status"),
    frozenset({"call"}),
)
ORIGINATE: Final = User("cti-originate-rights", ("Originate", "Ping"), frozenset({"originate"}))
CHECK: Final = User(
    "cti-check-rights",
    ("CoreSettings", "ExtensionState", "Getvar", "ShowDialPlan", "UserEvent"),
    frozenset({"reporting", "user"}),
)

WANTED_EVENTS: Final = frozenset(
    {
        "AttendedTransfer", "BlindTransfer", "BridgeEnter", "BridgeLeave", "ContactStatus",
        "DialBegin", "DialEnd", "DialState", "FullyBooted", "Hangup", "HangupRequest", "Hold",
        "Newchannel", "OriginateResponse", "Reload", "Shutdown", "SoftHangupRequest", "Unhold",
        "UserEvent",
    }
)  # fmt: skip
"""docs/call-flow.md."""

OURS: Final = "CtiCheck"
FOREIGN: Final = "PaiduiCheck"
"""UserEvents that the check sends: the router's user must hear the first and not the second."""

GLOBALS: Final = (
    "CTI_ROUTER",
    "CTI_FAILSAFE_QUEUE",
    "CTI_FAILSAFE_DIAL",
)
"""Read as they are. CTI_SECRET is only asked for its existence and for its proof, so that it stays
off the wire."""


@dataclass(frozen=True, slots=True)
class Phone:
    """An endpoint, as far as functions of the dialplan tell of it."""

    exists: bool
    auth: tuple[str, ...] = ()
    aors: tuple[str, ...] = ()
    missing_aors: tuple[str, ...] = ()
    takes_registrations: bool = False
    """Some AOR of it has max_contacts above 0."""
    acts: tuple[str, ...] = ()  # what it may do with a caller by itself: names of options


@dataclass(frozen=True, slots=True)
class Facts:
    """What an Asterisk said. Empty where it said nothing."""

    version: str
    """`22.10.1~dfsg`"""
    system_name: str
    """`systemname` of asterisk.conf, the beginning of each unique id; empty when it is not set."""
    run_user: str
    """Set by `runuser`; empty when it is not set."""
    modules: Mapping[str, bool]
    """{module: is loaded}, for all that `facts` names; none of them when it cannot be asked."""
    contexts: Mapping[str, frozenset[str]]
    """{context: its extensions}, for the contexts that exist."""
    router_actions: frozenset[str]
    """What the router's user may do, of what was tried (`User.tries`)."""
    check_actions: frozenset[str]
    originate_actions: frozenset[str] | None
    """None where the router begins no calls."""
    router_heard: frozenset[str]
    """Events that came to the router's user meanwhile; UserEvents by the name they were given."""
    has_timestamps: bool
    """Those events carry a Timestamp."""
    reads_files: bool
    """A manager user could call a function that live_dangerously=no forbids."""
    globals: Mapping[str, str]
    has_secret: bool
    proof: str
    """Of CTI_SECRET, see PROOF_EXTENSION; empty when the dialplan does not give it."""
    failsafe_queue_exists: bool
    queues: Mapping[str, str] | None
    """{queue that a line of the operator's dialplan sets: `context,extension`}, the first such line
    each; None when the dialplan is too long to be looked through."""
    dialplan_acts: Mapping[str, str] | None
    """{what a line of the dialplan lets people do with a caller, `Dial tT`, `Park`: its
    `context,extension`}, the first such line each; None as of `queues`."""
    phones: Mapping[str, Phone]
    """{device: its endpoint}; empty when the functions that tell are not there."""
    broken_auth: frozenset[str] | None
    """Devices whose registration Asterisk cannot check, by its own answer over SIP; None when
    nobody answered there."""
    address: str
    """Where its manager answers, and so most likely where its questions come from."""
    clock_ms: int
    """Its clock minus ours, 0 as long as the question's own duration explains it."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the router's own configuration says of it."""

    name: str
    agi_host: str
    agi_port: int
    is_only_one: bool
    """Whether the router has no other Asterisk; then CTI_ROUTER needs no name at its end."""
    allowed: tuple[str, ...] = ("0.0.0.0/0", "::/0")
    """Networks that may ask."""
    proof: str = ""
    """Of the router's own secret."""
    previous_proof: str = ""
    """Of the one that it takes, too, while the secret is being replaced."""
    queues: frozenset[str] = frozenset()
    devices: tuple[str, ...] = ()
    """Of the agents."""
    sip_port: int = 5060
    """Where phones register; 0: not to be looked at."""
    places: tuple[str, ...] = ()
    """Extensions of `cti-leave` that overflows name."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's verdict. `next_step` is empty when all is well."""

    check: str
    ok: bool
    found: str
    next_step: str = ""
    title: str = ""
    """`check` in the language of the reader."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A finding in both languages. Without a step (a key of `words.STEPS`) it is well."""

    check: str
    found: str | Said
    step: str = ""
    values: tuple[tuple[str, str | Said], ...] = ()
    """What the step's `{name}`s stand for."""
