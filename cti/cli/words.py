"""What people read, in Chinese and English. Codes and identifiers are never translated."""

from collections.abc import Mapping
from typing import Literal

from cti.cli.vocabulary import CHECKS, EVENTS, NOTES, REASONS, REFUSALS, SHORT, WORDS, WRONG, Table
from cti.watch.check import Check
from routing.explain import code_word

Language = Literal["zh", "en"]


def language(
    wanted: str | None, environ: Mapping[str, str], *, can_chinese: bool = True
) -> Language:
    """`--lang` if given, else Chinese where the locale is Chinese and the terminal has the
    characters, else English.
    """
    if wanted in ("zh", "en"):
        return "zh" if wanted == "zh" else "en"
    # The order is that of POSIX: the first one set decides (Base Definitions, 8.2).
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "")
    return "zh" if can_chinese and locale.lower().startswith("zh") else "en"


class Words:
    """`words("waiting")` is 等待 or Waiting. What is not listed stays as it is."""

    def __init__(self, language: Language, *, can_chinese: bool = True) -> None:
        self.language = language
        self.brand = "排队机 Paidui" if can_chinese else "Paidui"
        self._column = 0 if language == "zh" else 1

    def __call__(self, key: str) -> str:
        """A word of the screen."""
        return self._said(WORDS, key)

    def short(self, key: str) -> str:
        """The heading of a narrow column."""
        return self._said(SHORT if key in SHORT else WORDS, key)

    def reason(self, code: str) -> str:
        """Why an agent is not ready. A house's own reasons stay as they are written."""
        return self._said(REASONS, code)

    def event(self, name: str) -> str:
        """What happened, from CSTA's name of it."""
        return self._said(EVENTS, name)

    def note(self, text: str) -> str:
        """The word or two that stand beside an event (`cti.view.note`): codes and lengths."""
        if self.language == "en":
            return text
        words = (self._said(NOTES, word) for word in text.split(" "))
        return " ".join(code_word(word, self.language) for word in words)

    def said(self, key: str, **values: object) -> str:
        """A sentence with its values in it."""
        return self(key).format(**values)

    def check(self, name: str) -> str:
        """What `cti health` looks at; `asterisk a1` keeps the name."""
        kind, _, rest = name.partition(" ") if name.startswith("asterisk ") else (name, "", "")
        return f"{self._said(CHECKS, kind)} {rest}".rstrip()

    def wrong(self, check: Check) -> str:
        """What is wrong with it."""
        if check.code not in WRONG:
            return check.detail
        return self._said(WRONG, check.code).format(about=check.about)

    def refusal(self, code: str, detail: str) -> str:
        """Why the core did not do it: in English as the daemon says it, which knows more."""
        known = self.language == "zh" and code in REFUSALS
        return self._said(REFUSALS, code) if known else detail

    def _said(self, words: Table, key: str) -> str:
        found = words.get(key)
        return found[self._column] if found else key
