"""The metadata that every module's `rows.py` adds its tables to, and the kinds of their columns.

A column that must not be seen in the history says `info=SECRET`.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, MetaData, String, Text

from centre.store.keys import LENGTH

# Names that Alembic can find again, on both databases.
METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SECRET: Final = {"secret": True}


def text(length: int) -> String:
    """Characters that compare by their code points on both databases."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def key(name: str = "id") -> Column[str]:
    """The key of a row: sorts by time (`centre.store.keys`)."""
    return Column(name, text(LENGTH), primary_key=True)


def rev() -> Column[int]:
    """Grows with each change: what If-Match names."""
    return Column("rev", BigInteger, nullable=False)


def refers(name: str, to: str, *, nullable: bool = False, **more: Any) -> Column[str]:
    """A key of another table's row, `people.id`."""
    return Column(name, text(LENGTH), ForeignKey(to), nullable=nullable, **more)


def word(name: str, length: int = 64, **more: Any) -> Column[str]:
    """A short text, never NULL: "" is none."""
    return Column(name, text(length), nullable=False, **more)


def lines(name: str, **more: Any) -> Column[str]:
    """A long text."""
    return Column(name, Text, nullable=False, **more)


def time_us(name: str, *, nullable: bool = False) -> Column[int]:
    """A moment: microseconds since 1970, UTC."""
    return Column(name, BigInteger, nullable=nullable)


def number(name: str) -> Column[int]:
    """A whole number of 64 bits."""
    return Column(name, BigInteger, nullable=False)


def yes_or_no(name: str) -> Column[bool]:
    """A truth value."""
    return Column(name, Boolean, nullable=False)


def plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A row as msgspec takes it: SQLAlchemy's names are a kind of text of its own."""
    return {f"{name}": value for name, value in row.items()}
