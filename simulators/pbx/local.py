"""Local channels: a Dial to an extension instead of a phone (`Dial(Local/loans@from-agent)`). Pure.

The first half is dialled, the second executes the dialplan. Once both talk, the pair is in the way
and is optimised away, unless it was asked to stay (`/n`): one of the two outer channels takes the
place of the half in the other's bridge. Which one is a race; both were recorded.
"""

from collections.abc import Callable
from functools import partial

from simulators.pbx.channels import Channel, ChannelState
from simulators.pbx.world import HOP_US, NORMAL_CLEARING, World


class LocalDial:
    """One `Dial` of one channel to a Local one."""

    def __init__(self, world: World, channel: Channel, done: Callable[[], None]) -> None:
        self._world = world
        self._channel = channel
        self._done = done

    def begin(self, exten: str, context: str, *, stays: bool) -> None:
        """Make the pair, and have its second half executed."""
        world, channel = self._world, self._channel
        name = f"Local/{exten}@{context}-{world.local_count:08x}"
        world.local_count += 1
        first = world.channel("", linked_to=channel, name=f"{name};1")
        second = world.channel("", linked_to=channel, name=f"{name};2")
        second.state = ChannelState.RING
        second.caller_number, second.caller_name = channel.caller_number, channel.caller_name
        for half, other in ((first, second), (second, first)):
            half.at_location(context, exten)
            half.other_half, half.cannot_optimise = other, stays
            world.announcer.new_channel(half)
        world.announcer.dial_begin(channel, first, f"{exten}@{context}{'/n' if stays else ''}")
        second.on_answer = lambda: self._answered(first)
        second.on_gone = lambda: self._half_gone(first)
        first.on_gone = lambda: self._half_gone(second)
        channel.stop = lambda: self._taken_away(first)
        world.soon(lambda: world.proceed(second))

    def _answered(self, first: Channel) -> None:
        world, channel = self._world, self._channel
        world.answer(first)
        first.exten = ""
        world.announcer.dial_end(channel, first, "ANSWER")
        world.answer(channel)
        world.join(first, channel)
        first.on_left = lambda: self._end_of(first)
        channel.on_left = self._over

    def _half_gone(self, other: Channel) -> None:
        """What one half does the other one does."""
        if not other.gone:
            self._world.soon(lambda: self._end_of(other))
        if not self._channel.gone and self._channel.bridge is None:
            self._over()

    def _end_of(self, half: Channel) -> None:
        if not half.gone:
            half.cause = NORMAL_CLEARING
            self._world.clears(half)

    def _over(self) -> None:
        self._channel.on_left = None
        self._channel.stop = self._world.soon(self._done).cancel

    def _taken_away(self, first: Channel) -> None:
        self._channel.on_left = None
        self._world.part(self._channel)
        self._end_of(first)


def optimise(world: World, half: Channel) -> None:
    """Both halves are in bridges: take them out (`ast_unreal_optimize`, main/core_unreal.c)."""
    other = half.other_half
    if other is None or half.bridge is None or other.bridge is None or half.bridge is other.bridge:
        return
    taken, kept = (half, other) if world.other_thread_first() else (other, half)
    members = kept.bridge.members if kept.bridge is not None else []
    mover = next((each for each in members if each is not kept), None)
    if mover is None:
        return
    for each in (half, other):
        each.on_gone = None
        each.cause = NORMAL_CLEARING
    world.bridges.swap(mover, taken)
    world.begins_to_talk(mover)
    for each in (taken, kept):
        if each.stop is not None:
            each.has_left()  # its own dialplan goes on for a moment, as it may
        each.on_left = None
    world.announcer.hangup_request(taken if world.other_thread_first() else kept)
    late_us = HOP_US * (1 if world.other_thread_first() else 3)
    for each in (taken, kept):
        world.soon(partial(world.hang_up, each), late_us)
