"""The life of one call in words, from what the event log has kept of it."""

from collections.abc import Iterable

from cti.record.cloudevents import Record
from cti.record.reading import kept
from routing.explain import explain

LANGUAGES = ("en", "zh")


def story(records: Iterable[Record], lang: str) -> tuple[list[str], int]:
    """The lines, and how many records could not be read back."""
    found = [kept(record) for record in records]
    history = [(each.envelope.at_us, each.envelope.event) for each in found if each is not None]
    return explain(history, lang), len(found) - len(history)
