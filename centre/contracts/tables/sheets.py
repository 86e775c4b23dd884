"""XLSX: a file to rows and rows to a file. CPU in long stretches: for a child process.

A file from outside is looked at before it is read: a zip of a few kilobytes can hold gigabytes, and
one cell in the last corner makes a reader lay out the whole sheet.
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Final

from centre.contracts.tables.cells import EXACT_DIGITS, NotATable, guarded, unguarded
from centre.contracts.tables.text import BYTES_MAX, COLUMNS_MAX, ROWS_MAX, Row, check_size

UNPACKED_MAX: Final = 500_000_000
_PARTS_MAX: Final = 1000
_PIECE: Final = 1 << 20
_OVERLAP: Final = 64
_PLACE: Final = re.compile(rb"""[\s"']r\s*=\s*["']([A-Za-z]{0,9})(\d{1,12})["']""")
_OLD_OR_LOCKED: Final = b"\xd0\xcf\x11\xe0"  # an OLE container: .xls, or .xlsx with a password

EXCEL_ROWS_MAX: Final = 1_048_576
"""Rows of a sheet, the header counted."""


def read_xlsx(data: bytes) -> Iterator[Row]:
    """Rows of the first sheet that are not empty, the header first. Raises NotATable."""
    _look_at(data)
    import python_calamine  # noqa: PLC0415  only who reads a spreadsheet pays for it

    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheet = book.get_sheet_by_index(0)
        rows = sheet.to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, IndexError, ValueError) as error:
        raise NotATable("not_xlsx", "不是有效的 XLSX 文件", f"not a sound XLSX: {error}") from None
    found = 0
    for line, values in enumerate(rows, 1):
        cells = [unguarded(_text(value, line)) for value in values]
        if any(cell.strip() for cell in cells):
            found += 1
            check_size(found, cells, line)
            yield line, cells


def write_xlsx(path: Path, rows: Iterable[Sequence[str | int | None]]) -> None:
    """A workbook of one sheet, row by row; the first row is the header and stays in view."""
    import xlsxwriter  # noqa: PLC0415  only who writes a spreadsheet pays for it

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet()
        sheet.freeze_panes(1, 0)
        for line, row in enumerate(rows):
            if line >= EXCEL_ROWS_MAX:
                raise NotATable("too_many_rows", "超过 Excel 的行数", "more rows than a sheet has")
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(line, column, guarded(cell))
                elif cell is not None and abs(cell) < 10**EXACT_DIGITS:
                    sheet.write_number(line, column, cell)
                elif cell is not None:  # as a number it would lose its last digits
                    sheet.write_string(line, column, str(cell))


def _look_at(data: bytes) -> None:
    if len(data) > BYTES_MAX:
        raise NotATable("too_large", "文件超过 50 MB", "larger than 50 MB")
    if data.startswith(_OLD_OR_LOCKED):
        raise NotATable(
            "old_or_locked",
            "旧版 .xls 或加密文件,请另存为 .xlsx",
            "an old .xls or a file with a password: save it as .xlsx without one",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            infos = parts.infolist()
            if len(infos) > _PARTS_MAX or sum(each.file_size for each in infos) > UNPACKED_MAX:
                raise NotATable("zip_bomb", "解压后过大", "too large when unpacked")
            if any(each.filename.lower().endswith("vbaproject.bin") for each in infos):
                raise NotATable("macros", "含有宏,不接受", "it has macros: save it as .xlsx")
            for each in infos:
                _unpack(parts, each)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise NotATable("not_xlsx", "不是有效的 XLSX 文件", f"not a sound XLSX: {error}") from None


def _unpack(parts: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Its real size, piece by piece (zipfile stops at what was declared and checks the sum), and
    the places of its cells.
    """
    sheet = "worksheets/" in info.filename.lower()
    with parts.open(info) as part:
        rest = b""
        while piece := _next(part):
            for letters, number in _PLACE.findall(rest + piece) if sheet else ():
                if int(number) > ROWS_MAX + 1 or _column(letters) > COLUMNS_MAX:
                    raise NotATable(
                        "too_wide_or_long",
                        f"超过 {ROWS_MAX} 行或 {COLUMNS_MAX} 列",
                        f"cells beyond {ROWS_MAX} rows or {COLUMNS_MAX} columns",
                    )
            rest = piece[-_OVERLAP:]


def _next(part: IO[bytes]) -> bytes:
    return part.read(_PIECE)


def _column(letters: bytes) -> int:
    """`AA` is 27; a row has no letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _text(value: object, line: int) -> str:
    """A value of a cell as a person would have typed it into CSV."""
    match value:
        case bool():
            return "1" if value else "0"
        case float() if abs(value) >= 10**EXACT_DIGITS:
            raise NotATable(
                "digits_lost",
                "超过 15 位的数字已丢失末尾,请将该列设为文本",
                "a number of more than 15 digits has lost its end: make that column text",
                line,
            )
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    return str(value)
