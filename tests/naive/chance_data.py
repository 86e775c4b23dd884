"""Call data by chance: lists of names, values that fit and values that do not."""

from random import Random

from routing import commands as c
from routing.config import DataClass, DataField

NAMES = ("customer", "language", "account", "pin", "x")
VALUES = ("", "13800138000", "张三", "en", "long" * 17, "张" * 22, "a\nb", "${X}", "$[1]")


def some_fields(rng: Random) -> tuple[DataField, ...]:
    """Few of few, so that reconfigurations list and unlist what live calls have."""
    names = rng.sample(NAMES[:4], rng.choice((0, 2, 3, 4)))
    return tuple(
        DataField(name, rng.choice(list(DataClass)), rng.choice((1, 11, 64, 66))) for name in names
    )


def some_values(rng: Random) -> tuple[tuple[str, str], ...]:
    names = rng.choices(NAMES, k=rng.choice((0, 0, 1, 2, 4)))
    return tuple((name, rng.choice(VALUES)) for name in names)


def some_change(rng: Random, call_id: str, fields: tuple[DataField, ...]) -> c.AssociateData:
    """Mostly of listed names, so that it is not refused each time."""
    listed = [field.name for field in fields] or ["x"]
    values = tuple((rng.choice(listed), rng.choice(VALUES[:5])) for _ in range(rng.randint(0, 2)))
    return c.AssociateData(call_id, rng.choice((values, values, some_values(rng))), by="9001")
