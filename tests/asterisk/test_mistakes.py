"""Each deliberate mistake on a real Asterisk gets its red line, in Chinese and in English."""

from __future__ import annotations

import pytest

from tests.worlds.asterisk.mistakes import MISTAKES, Mistake, made

pytestmark = [pytest.mark.real, pytest.mark.room("asterisk-config", "cli")]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_gets_its_red_line_and_no_other(lab: None, mistake: Mistake) -> None:
    for found, words in zip(made(mistake), mistake.found, strict=True):
        red = {each.check: each for each in found if not each.ok}
        assert words in red[mistake.check].found
        assert red[mistake.check].next_step
        assert set(red) - {mistake.check} == mistake.also


def test_chinese_is_chinese_and_english_english() -> None:
    for mistake in MISTAKES:
        assert mistake.name.isascii()
