r"""
AGI on the wire, both roles, without I/O: bytes in, messages out, and back.

`AgiSession` is the server's side of one conversation, `CommandDecoder` with the `encode_...`
functions the side of whoever plays Asterisk. Pure: no socket, no clock, no log.

A request is up to some thirty lines ``agi_name: value``, then an empty one. Lines end with LF. They
are cut before they are decoded, each by itself, since the caller's name may be in another encoding
than the rest.

A header that comes twice is refused: Asterisk sends each once, so the second is a line end inside a
value, that is, somebody's attempt to say ``agi_arg_2`` in the name of the dialplan.

Commands are words separated by blanks, with the quoting of parse_args in res/res_agi.c: a word in
double quotes may hold blanks, and a backslash makes the next character an ordinary one. There is no
way to write a line end, so none is written.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from cti.agi.errors import AgiProtocolError, AgiUsageError
from cti.agi.messages import AgiCommand, AgiHangup, AgiReply, AgiRequest
from cti.agi.session_table import SESSION_TABLE, SessionState, SessionTrigger
from cti.ami.text import decode_text

AgiMessage = AgiRequest | AgiReply | AgiHangup

# Asterisk 22 sends 22 headers and one for each argument, of which AGI() takes 128 at most, its
# address among them (MAX_ARGS in res/res_agi.c; measured). A call of ours has 9; whatever an
# operator adds is read and passed over.
MAX_HEADER_LINES: Final = 200
# Also the bound of an unfinished line, so that a peer without line ends cannot fill the memory.
MAX_BYTES: Final = 64 * 1024
# The usage text of the longest command is some sixty lines.
MAX_USAGE_LINES: Final = 200
# AGI_BUF_LEN in res/res_agi.c is 2,048: a longer command is cut there without a word.
MAX_COMMAND_BYTES: Final = 2000

_REPLY: Final = re.compile(r"([1-9]\d\d)(?:([- ])(.*))?", re.ASCII | re.DOTALL)
_RESULT: Final = re.compile(r"result=(\S*) ?(.*)", re.DOTALL)
_UNWRITABLE: Final = re.compile(r"[\r\n\0\ud800-\udfff]|\$[{\[]")
_PLAIN_WORD: Final = re.compile(r"[A-Za-z0-9_./-]+")
_VARIABLE_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,79}")
_PROVISIONAL: Final = 100
_USAGE: Final = 520


class AgiSession:
    """
    The server's side of one conversation: feed bytes, take messages, encode commands.

    Both ways go through the table in `session_table`. After an `AgiProtocolError` it is of no use.
    """

    def __init__(self) -> None:
        self.state = SessionState.HEADERS
        self._buffer = bytearray()
        self._headers: dict[str, str] = {}
        self._header_bytes = 0
        self._usage: list[str] | None = None  # lines of a 520 whose end has not come

    def feed(self, data: bytes) -> list[AgiMessage]:
        """
        Take the next bytes; give the messages that they complete, in order.

        Raises `AgiProtocolError` on anything that Asterisk would not send, and on too much of it.
        """
        self._buffer += data
        whole = b""
        if b"\n" in data:  # else a peer that sends single bytes would cost a split for each
            whole, _, rest = bytes(self._buffer).rpartition(b"\n")
            self._buffer = bytearray(rest)
        if len(self._buffer) > MAX_BYTES:
            raise AgiProtocolError("a line without end")
        if b"\n" not in data:
            return []
        lines = iter(_read_lines(whole))
        messages: list[AgiMessage | None] = []
        if self.state is SessionState.HEADERS:
            self._header_bytes += len(whole)
            if self._header_bytes > MAX_BYTES:
                raise AgiProtocolError("too many headers")
            messages.append(self._read_headers(lines))
        messages += map(self._read_line, lines)
        return [message for message in messages if message is not None]

    def command_sent(self) -> None:
        """Note that a command goes out now; `AgiUsageError` if it is not the time for one."""
        if (self.state, SessionTrigger.COMMAND) not in SESSION_TABLE:
            raise AgiUsageError(f"no command while {self.state.value}")
        self._step(SessionTrigger.COMMAND)

    def _step(self, trigger: SessionTrigger) -> None:
        try:
            self.state = SESSION_TABLE[self.state, trigger]
        except KeyError:
            raise AgiProtocolError(f"{trigger.value} while {self.state.value}") from None

    def _read_headers(self, lines: Iterator[str]) -> AgiRequest | None:
        """Take headers up to the empty line; the request if that is there."""
        headers = self._headers
        for line in lines:
            if not line:
                self._step(SessionTrigger.REQUEST)
                return _request(headers)
            name, colon, value = line.partition(":")
            if not colon or not name.startswith("agi_"):
                raise AgiProtocolError("a line that is not an AGI header")
            if name in headers:
                raise AgiProtocolError("a header that comes twice")
            headers[name] = value.removeprefix(" ")
            if len(headers) > MAX_HEADER_LINES:
                raise AgiProtocolError("too many headers")
        return None

    def _read_line(self, text: str) -> AgiMessage | None:
        if self._usage is not None:
            return self._read_usage(text, self._usage)
        if text == "HANGUP":
            self._step(SessionTrigger.HANGUP)
            return AgiHangup()
        return self._read_reply(text)

    def _read_reply(self, text: str) -> AgiReply | None:
        match = _REPLY.fullmatch(text)
        if match is None:
            raise AgiProtocolError("a line that is not a reply")
        code, mark, rest = int(match[1]), match[2], match[3] or ""
        if code == _PROVISIONAL:
            return None  # "100 Trying...": the reply is still to come
        if code == _USAGE and mark == "-":
            self._usage = []
            return None
        self._step(SessionTrigger.REPLY)
        result = _RESULT.match(rest)
        return AgiReply(code, result[1], result[2]) if result else AgiReply(code, data=rest)

    def _read_usage(self, text: str, usage: list[str]) -> AgiReply | None:
        """The lines between ``520-Invalid command syntax...`` and ``520 End of proper usage.``"""
        if not text.startswith("520 "):
            if len(usage) >= MAX_USAGE_LINES:
                raise AgiProtocolError("a usage text without end")
            usage.append(text)
            return None
        self._usage = None
        self._step(SessionTrigger.REPLY)
        return AgiReply(_USAGE, data=text[4:], usage=tuple(usage))


def _read_lines(raw: bytes) -> list[str]:
    """
    Lines as text, without their ends.

    Decoded at one go where that can be done: a request has thirty lines.
    """
    try:
        lines = raw.decode().split("\n")
    except UnicodeDecodeError:
        lines = [decode_text(line) for line in raw.split(b"\n")]
    if b"\r" in raw:
        lines = [line.removesuffix("\r") for line in lines]
    return lines


def _request(headers: dict[str, str]) -> AgiRequest:
    args: list[str] = []
    while (arg := headers.get(f"agi_arg_{len(args) + 1}")) is not None:
        args.append(arg)
    return AgiRequest(
        script=headers.get("agi_network_script", "").partition("?")[0],
        channel=headers.get("agi_channel", ""),
        uniqueid=headers.get("agi_uniqueid", ""),
        callerid=headers.get("agi_callerid", ""),
        calleridname=headers.get("agi_calleridname", ""),
        dnid=headers.get("agi_dnid", ""),
        args=tuple(args),
        headers=headers,
    )


def encode_command(command: AgiCommand) -> bytes:
    """
    One command line. Raises `AgiUsageError` with the place of the word that cannot be written.

    Words of letters, digits and ``_./-`` stay bare, any other is quoted.
    """
    words = command.words
    if not words:
        raise AgiUsageError("a command without words")
    if _UNWRITABLE.search(" ".join(words)):
        _complain(words)
    if _is_set_variable(words) and not _VARIABLE_NAME.fullmatch(words[2]):
        # FILE(/etc/...) as a "variable" is a function call that writes the file.
        raise AgiUsageError("SET VARIABLE name: not the name of a plain variable")
    line = " ".join(map(_quoted, words)).encode()
    if len(line) > MAX_COMMAND_BYTES:
        raise AgiUsageError(f"{words[0]}: longer than {MAX_COMMAND_BYTES} bytes")
    return line + b"\n"


def _is_set_variable(words: tuple[str, ...]) -> bool:
    return len(words) > 2 and (words[0].upper(), words[1].upper()) == ("SET", "VARIABLE")


def _field_name(words: tuple[str, ...], place: int) -> str:
    """What an error calls a word: the variable whose value it is, else its place."""
    if _is_set_variable(words) and place == 3:
        return f"value of {words[2]}"
    return f"word {place + 1}"


def _complain(words: tuple[str, ...]) -> None:
    """Raise for the first word that cannot be written, by its name."""
    for place, word in enumerate(words):
        field = _field_name(words, place)
        if re.search(r"[\r\n\0]", word):
            raise AgiUsageError(f"{field}: may not hold CR, LF or NUL")
        if "${" in word or "$[" in word:
            raise AgiUsageError(f"{field}: Asterisk could evaluate this")
        if re.search(r"[\ud800-\udfff]", word):
            raise AgiUsageError(f"{field}: not text")


def _quoted(word: str) -> str:
    if _PLAIN_WORD.fullmatch(word):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# -- the side of whoever plays Asterisk


class CommandDecoder:
    """What a server says, read as Asterisk reads it: feed bytes, take commands."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[AgiCommand]:
        """Take the next bytes; give the commands that they complete, in order."""
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        if len(self._buffer) > MAX_BYTES:
            raise AgiProtocolError("a command without end")
        return [AgiCommand(split_words(decode_text(bytes(line)))) for line in lines]


def split_words(text: str) -> tuple[str, ...]:
    """The words of a command line, as parse_args in res/res_agi.c splits them."""
    words: list[list[str]] = []
    is_between = True  # words; the next character that counts begins one
    is_quoted = is_escaped = False
    for char in text:
        if char in " \t" and not is_quoted and not is_escaped:
            is_between = True
            continue
        if char == "\\" and not is_escaped:
            is_escaped = True
            continue
        if is_between:
            words.append([])
            is_between = False
        if char == '"' and not is_escaped:
            is_quoted = not is_quoted
            continue
        words[-1].append(char)
        is_escaped = False
    return tuple("".join(word) for word in words)


def encode_request(headers: Iterable[tuple[str, str]]) -> bytes:
    """The opening of a conversation: the given headers in order, then the empty line."""
    lines = [f"{_one_line(name)}: {_one_line(value)}\n" for name, value in headers]
    return ("".join(lines) + "\n").encode()


def encode_reply(reply: AgiReply) -> bytes:
    """A reply as Asterisk writes it; with `usage` in the several lines of a 520."""
    if reply.usage:
        lines = ["520-Invalid command syntax.  Proper usage follows:", *reply.usage]
        lines.append(f"520 {reply.data or 'End of proper usage.'}")
        return "".join(f"{_one_line(line)}\n" for line in lines).encode()
    parts = [str(reply.code)]
    if reply.result:
        parts.append(f"result={reply.result}")
    if reply.data:
        parts.append(reply.data)
    return (_one_line(" ".join(parts)) + "\n").encode()


def encode_hangup() -> bytes:
    """The line that says that the caller is gone."""
    return b"HANGUP\n"


def _one_line(text: str) -> str:
    if re.search(r"[\r\n\0]", text):
        raise AgiUsageError("may not hold CR, LF or NUL")
    return text
