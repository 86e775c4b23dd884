"""One thing that must be well, and whether it is."""

import msgspec


class Check(msgspec.Struct, frozen=True):
    """An Asterisk, the journal, the broker. `detail` says what is wrong, "" while all is well."""

    name: str
    ok: bool
    detail: str = ""
