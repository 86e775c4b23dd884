"""Asks an Asterisk for every fact that the rules want: over two manager sessions, and SIP once."""

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

from cti.ami.errors import AmiBroken
from cti.ami.messages import AmiAction, AmiEvent, AmiResponse, action
from cti.cli.check.dialplan import acts_in, queues_in
from cti.cli.check.facts import (
    CHECK,
    CONTEXTS,
    EXPOSING,
    FOREIGN,
    GLOBALS,
    HARMLESS,
    LOOKING,
    MODULES,
    ORIGINATE,
    OURS,
    PROOF_CONTEXT,
    PROOF_EXTENSION,
    ROUTER,
    Expected,
    Facts,
    Phone,
    User,
)
from cti.cli.check.sip import broken_auth

# How long a foreign event may take to come before we say that none does.
LISTEN_S: Final = 0.5
SECOND_MS: Final = 1000
DENIED: Final = "Permission denied"  # process_message in main/manager.c


class Asks(Protocol):
    """As much of an AMI client as is needed here."""

    async def request(self, order: AmiAction, /) -> AmiResponse:
        """The answer to one action, good or bad."""


Clock = Callable[[], float]
"""Seconds since 1970 UTC."""


async def collect(
    check: Asks,
    router: Asks,
    originate: Asks | None,
    heard: list[AmiEvent],
    expected: Expected,
    address: str,
    clock: Clock = time.time,
) -> Facts:
    """Ask for every fact. `heard` fills by itself with what comes to the router's user; `address`
    is where the manager answers.
    """
    for name in (OURS, FOREIGN):
        await check.request(action("UserEvent", UserEvent=name))
    core = (await check.request(action("CoreSettings"))).headers
    may = await _may(router, ROUTER), await _may(check, CHECK)
    values = {name: await _value(check, name) for name in GLOBALS}
    queue = values["CTI_FAILSAFE_QUEUE"]
    modules = await _modules(check)
    phones = await _phones(check, modules, expected.devices)
    guarded = [device for device, phone in phones.items() if phone.auth]
    lines = await _dialplan(check)
    broken = await broken_auth(address, expected.sip_port, guarded)
    await asyncio.sleep(LISTEN_S)
    return Facts(
        version=core.get("AsteriskVersion"),
        system_name=core.get("SystemName"),
        run_user=core.get("CoreRunUser"),
        modules=modules,
        contexts=await _contexts(check),
        router_actions=may[0],
        check_actions=may[1],
        originate_actions=await _may(originate, ORIGINATE) if originate is not None else None,
        router_heard=frozenset(_name(event) for event in heard),
        has_timestamps=any(event.headers.get("Timestamp") for event in heard),
        # Refused where live_dangerously=no, with one line in Asterisk's log: that it refused.
        reads_files=await _value(check, "STAT(e,/)") == "1",
        globals=values,
        has_secret=await _value(check, "GLOBAL_EXISTS(CTI_SECRET)") == "1",
        proof=await _proof(check),
        failsafe_queue_exists=bool(queue) and await _value(check, f"QUEUE_EXISTS({queue})") == "1",
        queues=queues_in(lines) if lines is not None else None,
        dialplan_acts=acts_in(lines) if lines is not None else None,
        phones=phones,
        broken_auth=broken,
        address=address,
        clock_ms=await _clock_ms(check, clock),
    )


async def _may(session: Asks, user: User) -> frozenset[str]:
    """What this session is not refused."""
    answers = {
        name: await session.request(action(name, **HARMLESS.get(name, {}))) for name in user.tries()
    }
    return frozenset(name for name, answer in answers.items() if answer.message != DENIED)


def _name(event: AmiEvent) -> str:
    """An event's name; that of a UserEvent is the one that its sender gave it."""
    return event.headers.get("UserEvent") if event.name == "UserEvent" else event.name


async def _value(check: Asks, name: str) -> str:
    """What Getvar says of a global or a function; empty when it says nothing."""
    answer = await check.request(action("Getvar", Variable=name))
    return answer.headers.get("Value") if answer.success else ""


async def _modules(check: Asks) -> dict[str, bool]:
    """{module: is loaded}; empty where func_module, which tells it, is not there itself."""
    if await _value(check, "IFMODULE(func_module.so)") != "1":
        return {}
    return {
        module: await _value(check, f"IFMODULE({module}.so)") == "1"
        for module in (*MODULES, *LOOKING, *EXPOSING)
    }


async def _contexts(check: Asks) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for context in CONTEXTS:
        answer = await check.request(action("ShowDialPlan", Context=context))
        if answer.success:
            found[context] = frozenset(item.headers.get("Extension") for item in answer.events)
    return found


async def _dialplan(check: Asks) -> Sequence[AmiEvent] | None:
    """Every line of it; None when it is too long to be looked through."""
    try:
        return (await check.request(action("ShowDialPlan"))).events
    except AmiBroken:  # more items than a list may have
        return None


async def _proof(check: Asks) -> str:
    wanted = action("ExtensionState", Context=PROOF_CONTEXT, Exten=PROOF_EXTENSION)
    answer = await check.request(wanted)
    return answer.headers.get("Hint").removeprefix("Custom:") if answer.success else ""


async def _phones(
    check: Asks, modules: Mapping[str, bool], devices: Iterable[str]
) -> dict[str, Phone]:
    if not all(modules.get(module) for module in LOOKING):
        return {}
    return {device: await _phone(check, device) for device in devices}


async def _phone(check: Asks, device: str) -> Phone:
    # The state comes first: it is INVALID for an endpoint that is not there, without the warning
    # in Asterisk's log that the other functions leave (measured, 22.10.1).
    if await _value(check, f"DEVICE_STATE(PJSIP/{device})") == "INVALID":
        return Phone(exists=False)
    auth = _names(await _value(check, f"PJSIP_ENDPOINT({device},auth)"))
    aors = _names(await _value(check, f"PJSIP_ENDPOINT({device},aors)"))
    most = {aor: await _value(check, f"PJSIP_AOR({aor},max_contacts)") for aor in aors}
    return Phone(
        exists=True,
        auth=auth,
        aors=aors,
        missing_aors=tuple(aor for aor, contacts in most.items() if not contacts),
        acts=await _acts(check, device),
        takes_registrations=any(contacts not in ("", "0") for contacts in most.values()),
    )


async def _acts(check: Asks, device: str) -> tuple[str, ...]:
    """Options of the endpoint that let the phone move calls by itself (docs/phone-acts.md)."""
    refers = await _value(check, f"PJSIP_ENDPOINT({device},allow_transfer)")
    groups = {
        option: await _value(check, f"PJSIP_ENDPOINT({device},{option})")
        for option in ("pickup_group", "named_pickup_group")
    }
    moves = ("allow_transfer",) if refers in ("yes", "true") else ()
    return (*moves, *(option for option, said in groups.items() if said not in ("", "0")))


def _names(text: str) -> tuple[str, ...]:
    """Of a list as PJSIP_ENDPOINT gives it; what could not be asked for again is left out."""
    return tuple(name for name in re.split(r"[,\s]+", text) if re.fullmatch(r"[\w.-]{1,80}", name))


async def _clock_ms(check: Asks, clock: Clock) -> int:
    """Asterisk's clock minus ours; 0 when the whole seconds of EPOCH and the time that the question
    took leave room for it.
    """
    before_ms = round(clock() * SECOND_MS)
    said = await _value(check, "EPOCH")
    after_ms = round(clock() * SECOND_MS)
    if not said.isdigit():
        return 0
    least_ms, most_ms = int(said) * SECOND_MS - after_ms, (int(said) + 1) * SECOND_MS - before_ms
    return 0 if least_ms <= 0 <= most_ms else min(least_ms, most_ms, key=abs)
