"""Kinds of columns as migrations write them. They stay as they are: a released revision means the
same for ever, whatever `centre.store.schema` becomes.
"""

from typing import Final

import sqlalchemy as sa

LONG: Final = sa.Text()


def text(length: int) -> sa.String:
    """Characters that compare by their code points on both databases."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def key(name: str = "id") -> sa.Column[str]:
    """A key of 26 characters."""
    return sa.Column(name, text(26), nullable=False)


def word(name: str, length: int = 64) -> sa.Column[str]:
    """A text that is never NULL."""
    return sa.Column(name, text(length), nullable=False)


def number(name: str) -> sa.Column[int]:
    """A whole number of 64 bits."""
    return sa.Column(name, sa.BigInteger, nullable=False)
