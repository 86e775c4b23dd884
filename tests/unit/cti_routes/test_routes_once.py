"""A repeated key acts once."""

import asyncio

import pytest

from cti.routes.once import Answered, Once
from cti.routes.problem import ApiError

GOOD = Answered(200, b"{}", "application/json", {})


class Acts:
    def __init__(self, answer=GOOD):
        self.count = 0
        self.answer = answer
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self):
        self.count += 1
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


async def test_the_second_gets_the_answer_of_the_first_even_while_it_is_made():
    once, acts = Once(Clock()), Acts()
    acts.gate.clear()
    first = asyncio.ensure_future(once.act("li", "k", b"x", acts))
    second = asyncio.ensure_future(once.act("li", "k", b"x", acts))
    await asyncio.sleep(0)
    first.cancel()  # its client is gone; what was begun is finished
    acts.gate.set()
    assert await second is GOOD
    assert await once.act("li", "k", b"x", acts) is GOOD
    assert acts.count == 1


async def test_keys_belong_to_their_owner_and_to_one_request():
    once, acts = Once(Clock()), Acts()
    await once.act("li", "k", b"x", acts)
    await once.act("wu", "k", b"x", acts)
    assert acts.count == 2
    with pytest.raises(ApiError, match="new Idempotency-Key"):
        await once.act("li", "k", b"y", acts)


@pytest.mark.parametrize(
    "answer", [RuntimeError(), Answered(503, b"", "", {}), Answered(429, b"", "", {})]
)
async def test_what_was_not_acted_on_may_be_tried_again(answer):
    once, acts = Once(Clock()), Acts(answer)
    for _ in range(2):
        try:
            await once.act("li", "k", b"x", acts)
        except RuntimeError:
            assert isinstance(answer, RuntimeError)
    assert acts.count == 2


async def test_a_refusal_is_an_answer():
    once, acts = Once(Clock()), Acts(Answered(409, b"{}", "", {}))
    assert (await once.act("li", "k", b"x", acts)).status == 409
    await once.act("li", "k", b"x", acts)
    assert acts.count == 1


async def test_the_store_is_bounded_by_time_and_number():
    clock = Clock()
    once, acts = Once(clock, keep_s=10, most=2), Acts()
    for key in ("a", "b", "c"):
        await once.act("li", key, b"", acts)
    assert len(once) == 2
    clock.now_s = 11.0
    await once.act("li", "c", b"", acts)
    assert (len(once), acts.count) == (1, 4)


async def test_a_store_full_of_unanswered_requests_takes_no_more():
    once, acts = Once(Clock(), most=1), Acts()
    acts.gate.clear()
    first = asyncio.ensure_future(once.act("li", "a", b"", acts))
    await asyncio.sleep(0)
    with pytest.raises(ApiError) as caught:
        await once.act("li", "b", b"", acts)
    assert caught.value.retry_s == 1
    acts.gate.set()
    await first
