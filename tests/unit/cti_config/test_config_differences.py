"""What differs, in the words and units of the file."""

from cti.config import AgiSettings, AsteriskSettings, Secret, Settings
from cti.config.differences import differences
from routing import config as r


def told(old, new):
    return list(differences(old, new))


def queue(**fields):
    return r.RoutingConfig(queues=(r.QueueSpec("loans", **fields),))


def test_equal_values_differ_in_nothing():
    assert told(queue(), queue()) == []


def test_a_field_is_named_with_what_it_was_and_what_it_becomes():
    old, new = queue(), queue(ring_timeout_us=20_500_000, need="loans", priority=5)
    assert told(old, new) == [
        "queues.loans.need: none → loans",
        "queues.loans.priority: 0 → 5",
        "queues.loans.ring_timeout_s: 15 → 20.5",
    ]


def test_shares_and_skills_are_readable():
    old, new = queue(), queue(allocation=(("own", 70), ("b", 30)))
    assert told(old, new) == ["queues.loans.allocation: none → own 70, b 30"]
    old, new = (r.AgentSpec("1", "d", skills, training=on) for skills, on in
                (((("a", 1),), False), ((("a", 2), ("b", 1)), True)))  # fmt: skip
    assert told(old, new) == ["skills: a 1 → a 2, b 1", "training: false → true"]


def test_rows_are_told_by_their_names():
    a, b, c = (r.AgentSpec(name, name) for name in "abc")
    other = r.AgentSpec("b", "b", weight=2)
    old, new = r.RoutingConfig(agents=(a, b)), r.RoutingConfig(agents=(c, other))
    assert told(old, new) == ["agents.c: added", "agents.b.weight: 1 → 2", "agents.a: removed"]


def test_another_order_is_a_difference_too():
    a, b = r.Boost("a", "x", 1), r.Boost("b", "y", 1)
    old, new = r.RoutingConfig(boosts=(a, b)), r.RoutingConfig(boosts=(b, a))
    assert told(old, new) == ["boosts: in another order"]


def test_rows_without_a_name_are_told_by_their_place():
    old = queue(steps=(r.Step(5_000_000, "a"),))
    new = queue(steps=(r.Step(5_000_000, "b"), r.Step(9_000_000, "")))
    assert told(old, new) == ["queues.loans.steps[0].need: a → b", "queues.loans.steps[1]: added"]


def test_what_comes_and_what_goes():
    with_reserve = queue(reserve=r.Reserve("x", 5))
    assert told(queue(), with_reserve) == ["queues.loans.reserve: added"]
    assert told(with_reserve, queue()) == ["queues.loans.reserve: removed"]
    less = queue(reserve=r.Reserve("x", 4))
    assert told(with_reserve, less) == ["queues.loans.reserve.open_at: 5 → 4"]
    assert told(queue(sticky_us=1_000_000), queue()) == ["queues.loans.sticky_s: 1 → 0"]
    assert told(queue(steps=(r.Step(1, ""),)), queue()) == ["queues.loans.steps[0]: removed"]


def test_a_secret_is_never_shown():
    old = Settings(agi=AgiSettings(secret=Secret("hunter2")))
    new = Settings(
        agi=AgiSettings(secret=Secret("hunter3"), port=4574),
        asterisks=(AsteriskSettings(name="a1", host="h", secret=Secret("hunter4")),),
    )
    said = told(old, new)
    assert said == ["asterisks.a1: added", "agi.port: 4573 → 4574", "agi.secret: changed"]
    assert told(new, old)[0] == "asterisks.a1: removed"
    assert "hunter" not in "".join(said + told(new, old))
