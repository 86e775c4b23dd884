"""Several routers and one Asterisk: whose orders it carries out. Real claims, scripted globals."""

import random

import pytest

from cti.ami.errors import AmiTimeout
from cti.ami.messages import response
from cti.ami.wire import UNSENT_LIMIT_S
from cti.gateway import claim as claim_module
from cti.gateway.claim import BEAT_S, LEASE_S, SETTLE_S, STALE_S, Claim, Standing
from cti.gateway.counters import PbxCounters
from cti.gateway.epoch import Epoch
from cti.gateway.surroundings import Surroundings
from routing.ids import PbxId
from simulators.virtual_clock import VirtualClock

SECOND_US = 1_000_000
WIRE_US = 200
ONE, OTHER = "aaaaaaaa", "bbbbbbbb"


class Register:
    """The globals of one Asterisk: what is sent is carried out and answered after a while."""

    def __init__(self):
        self.clock = VirtualClock()
        self.globals = {}


class Numbered:
    """As much of a dispatcher as is needed."""

    def __init__(self, epoch):
        self.epoch = epoch


class Router:
    """One that may be stopped: then its timers and answers wait, and come in this order."""

    def __init__(self, register, instance, epoch=1, name=""):
        self.register, self.clock = register, register.clock
        self.told = []
        self.counters = PbxCounters()
        self.wire_us = WIRE_US
        self.answers = True
        self._waiting = None  # what is due while it is stopped
        around = Surroundings(
            Numbered(epoch), self.clock, self._call_later, instance, name or f"r-{instance[0]}"
        )
        self.claim = Claim(PbxId("a1"), around, self._send, self.counters)
        self.claim.on_held = lambda: self.told.append("held")
        self.claim.on_lost = lambda: self.told.append("lost")

    def stop(self):
        """SIGSTOP."""
        self._waiting = []

    def go_on(self):
        """SIGCONT."""
        due, self._waiting = self._waiting, None
        for call in due:
            call()

    def kill(self):
        self._waiting = []
        self.claim.end()

    def _due(self, call):
        if self._waiting is None:
            call()
        else:
            self._waiting.append(call)

    def _call_later(self, delay_s, call):
        at_us = self.clock.now_us() + round(delay_s * SECOND_US)
        return self.clock.at(at_us, lambda: self._due(call))

    def _send(self, order, on_answer=None):
        name = order.get("Variable")

        def arrives():
            if order.name == "Setvar":
                self.register.globals[name] = order.get("Value")
            said = response(True, "", Value=self.register.globals.get(name, ""))
            if not self.answers:
                said = AmiTimeout("late")
            if on_answer is not None:
                back_us = self.clock.now_us() + WIRE_US
                self.clock.at(back_us, lambda: self._due(lambda: on_answer(said)))

        self.clock.at(self.clock.now_us() + self.wire_us, arrives)

    @property
    def is_obeyed(self):
        return self.register.globals.get("CTI_EPOCH") == str(self.claim.epoch)


@pytest.fixture
def register():
    return Register()


def passes(register, seconds):
    register.clock.advance(round(seconds * SECOND_US))


def holder(register, instance=ONE, **more):
    router = Router(register, instance, **more)
    router.claim.begin()
    passes(register, 1)
    assert router.told == ["held"]
    return router


def standing(*routers):
    return [router.claim.standing for router in routers]


OURS, ANOTHERS = Standing.OURS, Standing.ANOTHERS


def test_what_is_in_the_wire_is_gone_before_anybody_else_takes_it():
    assert LEASE_S + UNSENT_LIMIT_S < STALE_S
    assert BEAT_S * 2 < LEASE_S


def test_nobodys_is_taken_and_said_once_a_second(register):
    router = holder(register)
    assert register.globals["CTI_EPOCH"] == f"1-{ONE}"
    first = register.globals["CTI_BEAT"]
    passes(register, BEAT_S)
    assert first.startswith(f"1-{ONE}*")
    assert first.endswith("*r-a")
    assert register.globals["CTI_BEAT"] != first
    assert router.claim.is_sure


def test_a_second_router_does_nothing_and_says_whose_it_is(register, caplog):
    first = holder(register)
    second = Router(register, OTHER, epoch=900)
    second.claim.begin()
    passes(register, 60)
    assert standing(first, second) == [OURS, ANOTHERS]
    assert (first.told, second.told) == (["held"], ["lost"])
    assert second.claim.rival.name == "r-a"
    (said,) = [each for each in caplog.messages if "another router has it" in each]
    assert "r-a" in said
    assert "next: stop one of the two" in said
    assert not second.claim.is_sure
    assert first.counters.reclaimed == first.counters.replaced == 0


def test_who_comes_back_with_the_same_folder_takes_it_at_once_with_a_higher_epoch(register):
    first = holder(register, epoch=4)
    first.kill()
    again = Router(register, ONE, epoch=5)
    again.claim.begin()
    passes(register, 0.01)
    assert again.told == ["held"]
    assert register.globals["CTI_EPOCH"] == f"5-{ONE}"


def test_who_does_not_beat_any_more_is_followed_after_seven_seconds_and_not_before(register):
    first = holder(register, epoch=40)
    second = Router(register, OTHER, epoch=1)
    second.claim.begin()
    passes(register, 3)
    first.kill()
    passes(register, STALE_S - BEAT_S)
    assert second.claim.standing is ANOTHERS
    passes(register, 2 * BEAT_S + SETTLE_S + 0.1)
    assert second.claim.standing is OURS
    assert register.globals["CTI_EPOCH"] == f"41-{OTHER}", "higher than what was there"


def test_who_ends_on_purpose_is_followed_at_once(register):
    first = holder(register)
    second = Router(register, OTHER)
    second.claim.begin()
    passes(register, 1.5)
    first.claim.release()
    passes(register, BEAT_S + SETTLE_S + 0.1)
    assert second.claim.standing is OURS


def test_who_was_stopped_for_longer_orders_nothing_and_steps_back(register, caplog):
    first = holder(register)
    second = Router(register, OTHER)
    second.claim.begin()
    passes(register, 2)
    first.stop()
    passes(register, STALE_S + 2)
    assert second.is_obeyed
    assert not first.claim.is_sure, "before it has read a word"
    first.go_on()
    assert not first.claim.is_sure
    passes(register, 1)
    assert standing(first, second) == [ANOTHERS, OURS]
    assert (first.told, second.told) == (["held", "lost"], ["lost", "held"])
    assert first.counters.replaced == 1
    assert "obeys the router of epoch 2-bbbbbbbb, not us" in caplog.text
    second.kill()  # and the first may have it again, with a higher epoch
    passes(register, STALE_S + 3)
    assert first.is_obeyed
    assert register.globals["CTI_EPOCH"] == f"3-{ONE}"


def test_who_was_stopped_for_a_moment_goes_on(register):
    first = holder(register)
    second = Router(register, OTHER)
    second.claim.begin()
    passes(register, 2)
    first.stop()
    passes(register, STALE_S - 2)
    assert not first.claim.is_sure
    first.go_on()
    passes(register, 0.1)
    assert first.claim.is_sure
    assert standing(first, second) == [OURS, ANOTHERS]


def test_who_watches_and_is_stopped_takes_nothing_for_what_it_read_before(register):
    """The answer of before was in its socket: it says nothing of the time since."""
    first = holder(register)
    second = Router(register, OTHER)
    second.claim.begin()
    passes(register, 3 - WIRE_US / SECOND_US)
    second.stop()
    passes(register, 30)
    second.go_on()
    passes(register, 5)
    assert standing(first, second) == [OURS, ANOTHERS]
    assert first.is_obeyed


def test_without_answers_nothing_is_sure(register):
    router = holder(register)
    router.answers = False
    passes(register, LEASE_S + BEAT_S)
    assert router.claim.standing is OURS
    assert not router.claim.is_sure
    router.answers = True
    passes(register, BEAT_S + 0.1)
    assert router.claim.is_sure


def test_a_reload_that_clears_all_changes_nothing(register):
    first = holder(register, epoch=3)
    second = Router(register, OTHER, epoch=90)
    second.claim.begin()
    passes(register, 2)
    register.globals.clear()
    passes(register, 3)
    assert standing(first, second) == [OURS, ANOTHERS]
    assert first.is_obeyed
    assert first.counters.reclaimed == 1


def test_an_asterisk_that_starts_anew_goes_to_who_had_it(register):
    first = holder(register, epoch=3)
    second = Router(register, OTHER, epoch=90)
    second.claim.begin()
    passes(register, 2)
    for router in (first, second):
        router.claim.end()
    register.globals.clear()
    passes(register, 2)
    for router in (second, first):
        router.claim.begin()
    passes(register, 3)
    assert standing(first, second) == [OURS, ANOTHERS]
    assert first.claim.was_empty
    assert first.is_obeyed


def test_a_link_that_was_cut_is_ours_as_before(register):
    router = holder(register)
    router.claim.end()
    assert not router.claim.is_sure
    router.claim.begin()
    passes(register, 0.01)
    assert router.told == ["held", "held"]
    assert not router.claim.was_empty
    assert register.globals["CTI_EPOCH"] == f"1-{ONE}"


@pytest.mark.parametrize("found", ["6", "6-00c0ffee", "rubbish", ""])
def test_a_lower_epoch_or_none_does_not_take_it_from_us(register, found):
    router = holder(register, epoch=7)
    register.globals["CTI_EPOCH"] = found
    passes(register, BEAT_S + 0.1)
    assert router.is_obeyed
    assert router.told == ["held"]


@pytest.mark.parametrize("found", ["7-00c0ffee", "8"])
def test_one_as_high_or_higher_does(register, found):
    router = holder(register, epoch=7)
    register.globals["CTI_EPOCH"] = found
    passes(register, BEAT_S + 0.1)
    assert router.told == ["held", "lost"]
    assert register.globals["CTI_EPOCH"] == found


def test_a_copy_of_the_folder_takes_it_once_and_not_to_and_fro(register):
    first = holder(register, epoch=7)
    copy = Router(register, ONE, epoch=7, name="copy")
    copy.claim.begin()
    passes(register, 60)
    assert standing(first, copy) == [ANOTHERS, OURS]
    assert (first.told, copy.told) == (["held", "lost"], ["held"])
    assert first.claim.rival.name == "copy"


def test_an_asterisk_that_takes_no_orders_is_asked_again(register, monkeypatch):
    router = Router(register, ONE)
    router.answers = False
    router.claim.begin()
    passes(register, 10)
    assert router.told == []
    router.answers = True
    passes(register, 2)
    assert router.told == ["held"]


@pytest.mark.parametrize("seed", range(300))
def test_of_many_who_come_at_once_exactly_one_has_it(register, seed):
    """Each at its own moment, over its own wire, on a claim that is nobody's, old, or released."""
    dice = random.Random(seed)
    before = dice.choice(["", "6-00c0ffee"])
    register.globals |= {"CTI_EPOCH": before, "CTI_BEAT": f"{before}*gone*r" if before else ""}
    routers = [Router(register, f"{n:08x}", epoch=7) for n in range(dice.choice([2, 2, 3, 5]))]
    for router in routers:
        router.wire_us = dice.randrange(50, 100_000)
        at_us = register.clock.now_us() + dice.randrange(0, 50_000)
        register.clock.at(at_us, router.claim.begin)
    sure = []
    for _ in range(400):
        passes(register, 0.005)
        sure.append([router for router in routers if router.claim.is_sure])
        assert len(sure[-1]) <= 1
    (winner,) = sure[-1]
    assert winner.is_obeyed
    assert all(len(router.told) == 1 for router in routers)


@pytest.mark.parametrize("seed", range(100))
def test_whoever_is_held_up_at_whatever_moment_one_is_obeyed_and_only_it_in_the_end(register, seed):
    """Stops of any length, also between reading and writing; the epoch never goes down for long."""
    dice = random.Random(seed)
    routers = [Router(register, f"{n:08x}", epoch=dice.randrange(1, 9)) for n in range(3)]
    for router in routers:
        router.claim.begin()
    for _ in range(20):
        router = dice.choice(routers)
        passes(register, dice.random())
        router.stop()
        passes(register, dice.choice([0.001, 0.1, 2.0, 8.0, 20.0]) * dice.random())
        router.go_on()
    passes(register, 3 * STALE_S)
    (winner,) = [router for router in routers if router.claim.is_sure]
    assert winner.is_obeyed
    assert sum(router.claim.standing is ANOTHERS for router in routers) == 2


def test_a_name_that_would_not_cross_is_shown_without_what_does_not_fit(register):
    holder(register, name="r 1\r\n${x}")
    assert register.globals["CTI_BEAT"].split("*")[2] == "r_1____x_"
    assert claim_module.read_beat(register.globals["CTI_BEAT"]).epoch == Epoch(1, ONE)
