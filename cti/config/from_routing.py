"""From the core's units to those of people: what `cti.config.to_routing` does, backwards.

So that `cti config show` gives the configuration in force in the form in which it is written.
"""

from cti.config.settings import (
    AgentSettings,
    AnnouncementSettings,
    BoostSettings,
    BreakCapSettings,
    CallDataSettings,
    LimitSettings,
    ModeSettings,
    OutcomeSettings,
    OverflowSettings,
    PolicySettings,
    QueueSettings,
    ReserveSettings,
    Settings,
    StepSettings,
)
from routing.config import (
    SECOND_US,
    AgentSpec,
    Boost,
    Limits,
    OutcomePolicy,
    QueueSpec,
    Reserve,
    RoutingConfig,
)


def settings_of(config: RoutingConfig, site: str) -> Settings:
    """The routing part; all else is at its default. `site` is the router's own, which agents need
    not name.
    """
    policies = config.policies
    return Settings(
        site=site,
        reasons=config.reasons,
        queues=tuple(_queue(spec) for spec in config.queues),
        agents=tuple(_agent(spec, site) for spec in config.agents),
        boosts=tuple(_boost(boost) for boost in config.boosts),
        break_caps=tuple(
            BreakCapSettings(group=cap.group, reasons=cap.reasons, limit=cap.limit)
            for cap in config.break_caps
        ),
        modes=tuple(
            ModeSettings(
                name=mode.name,
                queues=tuple(_queue(spec) for spec in mode.queues),
                boosts=tuple(_boost(boost) for boost in mode.boosts),
            )
            for mode in config.modes
        ),
        policies=PolicySettings(
            no_answer=_outcome(policies.no_answer),
            busy=_outcome(policies.busy),
            rejected=_outcome(policies.rejected),
            unreachable=_outcome(policies.unreachable),
        ),
        limits=_limits(config.limits),
        call_data=tuple(
            CallDataSettings(name=each.name, protection=each.protection, max_bytes=each.max_bytes)
            for each in config.call_data
        ),
    )


def _s(length_us: int) -> float:
    return length_us / SECOND_US


def _queue(spec: QueueSpec) -> QueueSettings:
    return QueueSettings(
        id=spec.queue_id,
        need=spec.need,
        strategy=spec.strategy,
        priority=spec.priority,
        age_points=spec.age_points,
        age_every_s=_s(spec.age_every_us),
        age_cap=spec.age_cap,
        ring_timeout_s=_s(spec.ring_timeout_us),
        after_call_work_s=_s(spec.after_call_work_us),
        max_waiting=spec.max_waiting,
        max_wait_s=_s(spec.max_wait_us),
        sticky_s=_s(spec.sticky_us),
        service_level_s=_s(spec.service_level_us),
        sl_points=spec.sl_points,
        sl_window_s=_s(spec.sl_window_us),
        regain_s=_s(spec.regain_us),
        callback_attempts=spec.callback_attempts,
        callback_retry_s=_s(spec.callback_retry_us),
        allocation=dict(spec.allocation),
        reserve=_reserve(spec.reserve),
        announcements=tuple(
            AnnouncementSettings(
                sound=each.sound,
                after_s=_s(each.after_us),
                every_s=_s(each.every_us),
                kind=each.kind,  # type: ignore[arg-type]  # the core has looked: one of KINDS
            )
            for each in spec.announcements
        ),
        steps=tuple(StepSettings(after_s=_s(step.after_us), need=step.need) for step in spec.steps),
        overflows=tuple(
            OverflowSettings(
                cause=flow.cause,  # type: ignore[arg-type]  # the core has looked: one of CAUSES
                to_queue=flow.to_queue,
                to_extension=flow.to_extension,
            )
            for flow in spec.overflows
        ),
    )


def _reserve(reserve: Reserve | None) -> ReserveSettings | None:
    if reserve is None:
        return None
    return ReserveSettings(need=reserve.need, open_at=reserve.open_at, close_at=reserve.close_at)


def _boost(boost: Boost) -> BoostSettings:
    return BoostSettings(
        id=boost.rule_id, tag=boost.tag, points=boost.points, queues=tuple(boost.queues)
    )


def _agent(spec: AgentSpec, site: str) -> AgentSettings:
    return AgentSettings(
        id=spec.agent_id,
        device=spec.device,
        skills=dict(spec.skills),
        employer=spec.employer,
        site="" if spec.site == site else spec.site,
        weight=spec.weight,
        training=spec.training,
    )


def _outcome(policy: OutcomePolicy) -> OutcomeSettings:
    return OutcomeSettings(
        gap_s=_s(policy.gap_us),
        not_ready_after=policy.not_ready_after,
        gap_max_s=_s(policy.gap_max_us),
    )


def _limits(limits: Limits) -> LimitSettings:
    return LimitSettings(
        calls=limits.calls,
        needs=limits.needs,
        decision_rows=limits.decision_rows,
        deliver_timeout_s=_s(limits.deliver_timeout_us),
        ring_grace_s=_s(limits.ring_grace_us),
        bridge_timeout_s=_s(limits.bridge_timeout_us),
        open_work_s=_s(limits.open_work_us),
        telephony_lost_s=_s(limits.telephony_lost_us),
    )
