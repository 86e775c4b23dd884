"""Each telephony card on the simulated Asterisk and on a real one, with the real daemon between."""

from pathlib import Path

import pytest

from tests.lanes import lane
from tests.worlds.cards.control import CONTROL_CARDS
from tests.worlds.cards.play import play
from tests.worlds.cards.table import CARDS, Card

pytestmark = [pytest.mark.cards, pytest.mark.room("gateway", "simulators", "asterisk-config")]


ALL = CARDS + CONTROL_CARDS


def _name(card: Card) -> str:
    return f"{card.number} {card.title}"


def test_numbers_are_unique_and_in_order():
    numbers = [card.number for card in ALL]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("card", ALL * lane(1, whole=5), ids=_name)
async def test_on_the_simulated_asterisk(card: Card, tmp_path: Path):
    from tests.worlds.cards.simulated import SimulatedWorld

    world = SimulatedWorld(
        card.phones, after_call_work_s=card.after_call_work_s, failsafe_s=card.failsafe_s
    )
    await world.start(tmp_path)
    try:
        await play(world, card)
    finally:
        await world.stop()


@pytest.mark.real
@pytest.mark.parametrize("card", ALL * lane(1, whole=5), ids=_name)
async def test_on_a_real_asterisk(card: Card, tmp_path: Path, lab: None):
    from tests.worlds.cards.real import RealWorld

    world = RealWorld(
        card.phones, after_call_work_s=card.after_call_work_s, failsafe_s=card.failsafe_s
    )
    await world.start(tmp_path)
    try:
        await play(world, card)
    finally:
        await world.stop()
