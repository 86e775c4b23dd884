"""One thing that must be well, and whether it is."""

import msgspec


class Check(msgspec.Struct, frozen=True):
    """An Asterisk, the journal, the broker. `detail` says what is wrong, "" while all is well.

    Where a reader has a sentence of its own for it, `code` says which and `about` what is in it.
    """

    name: str
    ok: bool
    detail: str = ""
    code: str = ""
    about: str = ""
