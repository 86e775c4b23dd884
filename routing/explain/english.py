"""What became of a call, and how things stand with it, in English."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from routing import control as k
from routing import events as e
from routing import legs as m
from routing.call import CallState
from routing.explain import codes
from routing.explain.standing import Idle, Obstacle, Standing
from routing.ids import CONSULTS
from routing.queue import STICKY_STEP
from routing.transfers import messages as t

_LANG: Final = "en"


def seconds(us: int) -> str:
    """`7.5 s`."""
    return f"{us // 1_000_000}.{us // 100_000 % 10} s"


# --- what has happened --------------------------------------------------------------------------


def _queued(x: e.CallQueued) -> list[str]:
    wait = "" if x.wait_p50_us < 0 else f", wait forecast {seconds(x.wait_p50_us)}"
    cause = codes.cause_word(x.cause, _LANG)
    return [f"in line in queue {x.queue_id} ({cause}), {x.calls_in_front} in front{wait}"]


def _noted(x: e.CallInformation) -> list[str]:
    """Names only: the values are for who has the right."""
    names = ", ".join(x.changed)
    return [f"noted by {x.by}: {names}" if x.by else f"comes with data: {names}"]


def _relaxed(x: e.CallRelaxed) -> list[str]:
    need = x.need or "anyone"
    return [f"relaxed to step {x.step} after {seconds(x.waited_us)}: needs {need} now"]


def _offered(x: e.OfferMade) -> list[str]:
    why = x.decision
    strategy = codes.word(codes.STRATEGIES, why.strategy, _LANG)
    head = f"offer {x.offer_id} to agent {x.agent_id} ({codes.cause_word(why.trigger, _LANG)})"
    step = "one agent only" if why.step == STICKY_STEP else f"step {why.step}"
    rule = f"need {why.need or 'anyone'}, {step}, {strategy}, score {why.score}"
    after = f"after {seconds(why.waited_us)}, configuration {why.config_version}"
    lines = [f"{head}: {rule} {after}"]
    if why.rules:
        lines.append(f"  raised by rules {', '.join(why.rules)}")
    if why.candidates:
        lines.append(f"  free agents, best first: {_listed(why.candidates)}")
    if why.passed_over:
        reasons = ((who, codes.state_word(reason, _LANG)) for who, reason in why.passed_over)
        lines.append(f"  not free: {_listed(reasons)}")
    if why.rivals:
        lines.append(
            f"  calls this agent could have had, highest score first: {_listed(why.rivals)}"
        )
    return lines


def _failed(x: e.OfferEnded) -> list[str]:
    outcome = codes.word(codes.OUTCOMES, x.outcome, _LANG)
    return [
        f"offer {x.offer_id} to agent {x.agent_id} ended: {outcome}, after {seconds(x.open_us)}"
    ]


def _established(x: e.CallEstablished) -> list[str]:
    who = f"agent {x.agent_id} talks to {_other(x)}, who waited {seconds(x.waited_us)}"
    return [f"{who}; answered {seconds(x.rang_us)} after it was dialled" if x.rang_us else who]


def _parted(x: e.ConnectionCleared) -> list[str]:
    held = f", and {seconds(x.held_us)} on hold" if x.held_us else ""
    by = codes.word(codes.PARTIES, x.by, _LANG)
    who = f"agent {x.agent_id} and {_other(x)} parted, ended by {by}"
    return [f"{who}, after {seconds(x.talked_us)}{held}"]


def _announced(x: e.AnnouncementDue) -> list[str]:
    wait = "" if x.wait_us < 0 else f", wait {seconds(x.wait_us)}"
    return [f"heard {x.sound}, position {x.position}{wait}"]


def _diverted(x: e.CallDiverted) -> list[str]:
    where = x.to_queue or x.to_extension or "the dialplan"
    return [f"left queue {x.queue_id} ({codes.cause_word(x.cause, _LANG)}) for {where}"]


def _transfer_started(x: t.TransferStarted) -> list[str]:
    to = f"agent {x.to_agent}" if x.to_agent else f"queue {x.queue_id}"
    return [f"agent {x.agent_id} transfers ({codes.word(codes.KINDS, x.kind, _LANG)}) to {to}"]


def _transferred(x: t.CallTransferred) -> list[str]:
    now = codes.word(codes.CONNECTIONS, x.connection, _LANG)
    return [f"handed on by agent {x.agent_id}, now {now}: {x.to_agent or x.queue_id}"]


def _transfer_failed(x: t.TransferFailed) -> list[str]:
    why = codes.word(codes.FAILURES, x.cause, _LANG)
    rest = ", the two go on talking" if x.consulting else ""
    return [f"agent {x.agent_id}'s transfer failed ({why}){rest}"]


def _control_ordered(x: k.CallControlOrdered) -> list[str]:
    by = f" by {x.by}" if x.by else ""
    why = f" ({x.reason})" if x.reason else ""
    what = codes.word(codes.SERVICES, x.service, _LANG)
    return [f"{what} ordered for agent {x.agent_id}{by}{why}"]


def _control_failed(x: k.CallControlFailed) -> list[str]:
    what = codes.word(codes.SERVICES, x.service, _LANG)
    return [f"{what} for agent {x.agent_id} was not carried out ({x.cause})"]


TELL: Final[dict[type[Any], Callable[[Any], list[str]]]] = {
    e.CallQueued: _queued,
    e.CallInformation: _noted,
    e.CallRelaxed: _relaxed,
    e.OfferMade: _offered,
    e.CallDelivered: lambda x: [f"agent {x.agent_id}'s phone is dialled"],
    e.OfferEnded: _failed,
    e.CallEstablished: _established,
    e.CallHeldEvent: lambda x: [f"agent {x.agent_id} puts {_other(x)} on hold"],
    e.CallRetrievedEvent: lambda x: [
        f"agent {x.agent_id} is back after {seconds(x.held_us)} of hold"
    ],
    m.CustomerHeld: lambda _: ["the caller puts the agent on hold"],
    m.CustomerRetrieved: lambda _: ["the caller is back"],
    m.CallLegChanged: lambda x: [f"goes on under another channel, {x.leg_id}"],
    e.CallDiverted: _diverted,
    e.CallbackBooked: lambda _: ["the caller hung up and will be called back, the place is kept"],
    e.AnnouncementDue: _announced,
    e.ConnectionCleared: _parted,
    e.CallCleared: lambda x: [f"over: {codes.word(codes.ENDS, x.outcome, _LANG)}"],
    t.TransferStarted: _transfer_started,
    t.TransferCompleting: lambda x: [f"to be bridged with agent {x.to_agent}"],
    t.TransferJoining: lambda x: [f"agent {x.to_agent} is to join the conversation"],
    t.CallConferenced: lambda x: [f"agents {x.agent_id} and {x.to_agent} both talk to the caller"],
    t.CallTransferred: _transferred,
    t.TransferFailed: _transfer_failed,
    t.TransferCancelled: lambda x: [f"agent {x.agent_id} cancelled the transfer"],
    k.CallControlOrdered: _control_ordered,
    k.CallControlFailed: _control_failed,
}


def _other(event: Any) -> str:
    """Whom the agent talks to."""
    return "the sender" if CONSULTS in event.call_id else "the caller"


def _listed(pairs: Iterable[tuple[Any, Any]]) -> str:
    return ", ".join(f"{who} ({what})" for who, what in pairs)


# --- how things stand ---------------------------------------------------------------------------


def standing(x: Standing) -> list[str]:
    """Of a live call: where it is, and why it waits."""
    if x.state not in (CallState.WAITING, CallState.OUT_OF_SIGHT):
        to = "to" if x.state is CallState.OFFERED else "with"
        who = f" {to} agent {x.agent_id}" if x.agent_id else ""
        return [f"now: {codes.word(codes.CALLS, x.state, _LANG)}{who} for {seconds(x.since_us)}"]
    need = f"agent {x.wanted} alone" if x.wanted else x.need or "anyone"
    waits = f"now: waits for {seconds(x.waited_us)} in queue {x.queue_id}"
    lines = [f"{waits}, {x.in_front} in front, needs {need}"]
    if x.state is CallState.OUT_OF_SIGHT:
        return [*lines, _unseen(x)]
    lines += [f"  idle, and not given this call: {each}" for each in map(_idle, x.idle)]
    if x.idle_count > len(x.idle):
        lines.append(f"  … and {x.idle_count - len(x.idle)} more idle agents")
    if not x.idle_count:
        lines.append("  no agent is idle")
    counts = ", ".join(f"{count} {codes.state_word(why, _LANG)}" for why, count in x.busy)
    lines.append(f"  who meets the need and is not idle: {counts or 'nobody'}")
    if x.next_in_us >= 0:
        lines.append(f"  in {seconds(x.next_in_us)} it needs {x.next_need or 'anyone'}")
    return lines


def _unseen(x: Standing) -> str:
    if x.pbx_state:
        return f"  its Asterisk {x.pbx} is not heard ({x.pbx_state}): offered to nobody until it is"
    return f"  a call-back, tried again in {seconds(x.callback_in_us)}"


def _idle(x: Idle) -> str:
    said = _OBSTACLES[x.obstacle].format(detail=_detail(x))
    rest = f", {seconds(x.in_us)} more" if x.in_us >= 0 else ""
    return f"{x.agent_id} ({seconds(x.idle_us)}): {said}{rest}"


def _detail(x: Idle) -> str:
    if x.obstacle is Obstacle.GAP:
        return codes.word(codes.OUTCOMES, x.detail, _LANG)
    return x.detail or "anyone"


_OBSTACLES: Final[dict[str, str]] = {
    Obstacle.TRAINING: "a training seat takes practice calls, and practice calls only",
    Obstacle.WANTED: "the call waits for agent {detail}",
    Obstacle.GROUP: "has taken a group out of use: {detail}",
    Obstacle.RESERVE: "helps out when the reserve is open, {detail} wait",
    Obstacle.LATER: "will do later, when {detail} is enough",
    Obstacle.NEED: "lacks {detail}",
    Obstacle.UNREACHABLE: "the phone {detail} cannot be reached",
    Obstacle.MISSING: "Asterisk has no such phone: {detail}",
    Obstacle.UNHEARD: "the Asterisk that can call the phone {detail} is not heard",
    Obstacle.ELSEWHERE: "the phone cannot be called from the caller's Asterisk: {detail}",
    Obstacle.GAP: "pauses after the last offer ({detail})",
    Obstacle.NONE: "nothing stands in the way: a defect, please report it",
}
