"""From the units of people to those of the core: seconds to microseconds, tables to tuples."""

from cti.config.settings import (
    AgentSettings,
    BoostSettings,
    LimitSettings,
    OutcomeSettings,
    QueueSettings,
    ReserveSettings,
    Settings,
)
from routing.config import (
    SECOND_US,
    AgentSpec,
    Announcement,
    Boost,
    BreakCap,
    DataField,
    Limits,
    Mode,
    OutcomePolicy,
    Overflow,
    Policies,
    QueueSpec,
    Reserve,
    RoutingConfig,
    Step,
)
from routing.ids import AgentId, PbxId, QueueId, SkillId

ROUTER_REASONS = ("loggedOn", "forced", "ringNoAnswer", "busy", "rejected", "unreachable")


def routing_config(settings: Settings, version: int = 1) -> RoutingConfig:
    """What the core goes by; `version` is counted by whoever applies it."""
    policies = settings.policies
    return RoutingConfig(
        version=version,
        queues=tuple(_queue(queue) for queue in settings.queues),
        agents=tuple(_agent(agent, settings.site) for agent in settings.agents),
        pbxs=tuple(PbxId(asterisk.name) for asterisk in settings.asterisks),
        # A house may write its own list; what the core itself gives as a reason stays known.
        reasons=tuple(dict.fromkeys((*settings.reasons, *ROUTER_REASONS))),
        policies=Policies(
            no_answer=_outcome(policies.no_answer),
            busy=_outcome(policies.busy),
            rejected=_outcome(policies.rejected),
            unreachable=_outcome(policies.unreachable),
        ),
        limits=_limits(settings.limits),
        call_data=tuple(
            DataField(each.name, each.protection, each.max_bytes) for each in settings.call_data
        ),
        boosts=tuple(_boost(boost) for boost in settings.boosts),
        break_caps=tuple(
            BreakCap(SkillId(cap.group), cap.reasons, cap.limit) for cap in settings.break_caps
        ),
        modes=tuple(
            Mode(
                name=mode.name,
                queues=tuple(_queue(queue) for queue in mode.queues),
                boosts=tuple(_boost(boost) for boost in mode.boosts),
            )
            for mode in settings.modes
        ),
    )


def _us(seconds: float) -> int:
    """Nearest microsecond: 0.1 s is 100,000 although no float is 0.1."""
    return round(seconds * SECOND_US)


def _queue(queue: QueueSettings) -> QueueSpec:
    return QueueSpec(
        queue_id=QueueId(queue.id),
        need=queue.need,
        strategy=queue.strategy,
        priority=queue.priority,
        age_points=queue.age_points,
        age_every_us=_us(queue.age_every_s),
        age_cap=queue.age_cap,
        ring_timeout_us=_us(queue.ring_timeout_s),
        after_call_work_us=_us(queue.after_call_work_s),
        max_waiting=queue.max_waiting,
        max_wait_us=_us(queue.max_wait_s),
        sticky_us=_us(queue.sticky_s),
        service_level_us=_us(queue.service_level_s),
        sl_points=queue.sl_points,
        sl_window_us=_us(queue.sl_window_s),
        regain_us=_us(queue.regain_s),
        callback_attempts=queue.callback_attempts,
        callback_retry_us=_us(queue.callback_retry_s),
        allocation=tuple(queue.allocation.items()),  # its order settles ties
        reserve=_reserve(queue.reserve),
        announcements=tuple(
            Announcement(
                sound=each.sound,
                after_us=_us(each.after_s),
                every_us=_us(each.every_s),
                kind=each.kind,
            )
            for each in queue.announcements
        ),
        steps=tuple(Step(after_us=_us(step.after_s), need=step.need) for step in queue.steps),
        overflows=tuple(
            Overflow(
                cause=overflow.cause,
                to_queue=QueueId(overflow.to_queue),
                to_extension=overflow.to_extension,
            )
            for overflow in queue.overflows
        ),
    )


def _reserve(reserve: ReserveSettings | None) -> Reserve | None:
    if reserve is None:
        return None
    return Reserve(need=reserve.need, open_at=reserve.open_at, close_at=reserve.close_at)


def _boost(boost: BoostSettings) -> Boost:
    return Boost(
        rule_id=boost.id,
        tag=boost.tag,
        points=boost.points,
        queues=tuple(QueueId(queue) for queue in boost.queues),
    )


def _agent(agent: AgentSettings, site: str) -> AgentSpec:
    # Sorted by name, so that the order of a table in a file is no part of the state hash.
    return AgentSpec(
        agent_id=AgentId(agent.id),
        device=agent.device,
        skills=tuple((SkillId(name), level) for name, level in sorted(agent.skills.items())),
        employer=agent.employer,
        site=agent.site or site,
        weight=agent.weight,
        training=agent.training,
    )


def _outcome(policy: OutcomeSettings) -> OutcomePolicy:
    return OutcomePolicy(
        gap_us=_us(policy.gap_s),
        not_ready_after=policy.not_ready_after,
        gap_max_us=_us(policy.gap_max_s),
    )


def _limits(limits: LimitSettings) -> Limits:
    return Limits(
        calls=limits.calls,
        needs=limits.needs,
        decision_rows=limits.decision_rows,
        deliver_timeout_us=_us(limits.deliver_timeout_s),
        ring_grace_us=_us(limits.ring_grace_s),
        bridge_timeout_us=_us(limits.bridge_timeout_s),
        open_work_us=_us(limits.open_work_s),
        telephony_lost_us=_us(limits.telephony_lost_s),
    )
