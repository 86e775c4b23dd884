"""What is said in an AGI conversation: request, command, reply, hang-up. Pure data."""

import msgspec


class AgiRequest(msgspec.Struct, frozen=True, gc=False):
    """
    What Asterisk says first: which call asks what.

    Values are as Asterisk writes them: an absent number or name is ``unknown``. `script` is the
    path of ``agi://host:port/path?query`` without the query, `args` are the arguments of ``AGI()``
    after the address. Names and numbers come from the caller: anything may be in them but a line
    end.
    """

    script: str
    channel: str
    uniqueid: str
    callerid: str
    calleridname: str
    dnid: str
    args: tuple[str, ...]
    headers: dict[str, str]  # all, by name as written, `agi_` included


class AgiCommand(msgspec.Struct, frozen=True, gc=False):
    """One command for Asterisk, as its words: ``("SET", "VARIABLE", "NAME", "a value")``."""

    words: tuple[str, ...]


class AgiReply(msgspec.Struct, frozen=True, gc=False):
    """
    Asterisk's answer to one command.

    `code`: 200 done, 510 no such command, 511 not on a channel that has hung up, 520 wrong syntax.
    `result` is what follows ``result=``, `data` the rest of the line, `usage` the lines of a 520.
    """

    code: int
    result: str = ""
    data: str = ""
    usage: tuple[str, ...] = ()

    @property
    def success(self) -> bool:
        """Whether the command was carried out."""
        return self.code == 200  # the protocol's own number


class AgiHangup(msgspec.Struct, frozen=True, gc=False):
    """The caller has hung up. An open command is answered all the same, after this."""


def set_variable(name: str, value: str) -> AgiCommand:
    """``SET VARIABLE name "value"``, which is what a router mostly has to say."""
    return AgiCommand(("SET", "VARIABLE", name, value))
