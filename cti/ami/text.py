"""Bytes of a telephone network to text. Pure; the one place that knows about character sets.

Asterisk passes on what a trunk sent: UTF-8 by standard, GBK or GB18030 from many Chinese carriers
and older PBXs, and at times neither. A caller's name must never cost us the message that carries
it.
"""


def decode_text(raw: bytes) -> str:
    """
    Text of one line. Never raises: UTF-8, else GB18030 (GBK is a part of it), else with U+FFFD
    marks.

    Give it one line, not a message: the names of the two parties of one call may come from two
    carriers in two encodings. Splitting first is safe, since neither encoding uses CR, LF or ``:``
    as part of a longer character (GB18030 goes on with 0x30-0x39, 0x40-0x7E and 0x80-0xFE).
    """
    try:
        return raw.decode()
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("gb18030")
    except UnicodeDecodeError:
        return raw.decode(errors="replace")
