"""CSV: bytes to rows and rows to bytes. Pure; a file is at most `BYTES_MAX`, so it fits in memory.

In: UTF-8 with or without BOM, GB18030 (what Excel in China saves as "CSV"), UTF-16 with BOM; comma,
semicolon or tab, told by the header. Out: UTF-8 with BOM, the one form that every Excel reads.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from centre.contracts.tables.cells import NotATable, guarded, unguarded

BYTES_MAX: Final = 50_000_000
ROWS_MAX: Final = 100_000
COLUMNS_MAX: Final = 200
CELL_MAX: Final = 32_767
"""Characters of one cell, Excel's own limit."""

Row = tuple[int, list[str]]
"""The line of the file on which it begins, and its cells."""


def decode(data: bytes) -> str:
    """The text of a file. Raises NotATable."""
    if len(data) > BYTES_MAX:
        raise NotATable("too_large", "文件超过 50 MB", "larger than 50 MB")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise NotATable(
        "not_text", "不是 UTF-8 或 GB18030 文本", "neither UTF-8 nor GB18030 text: save it as CSV"
    )


def read_csv(data: bytes) -> Iterator[Row]:
    """Rows that are not empty, the header first. Raises NotATable, with the line if it has one."""
    text = decode(data)
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    before, rows = 0, 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise NotATable(
                "bad_quotes", "引号不成对或单元格过长", f"quotes: {error}", before + 1
            ) from None
        if cells is None:
            return
        line, before = before + 1, reader.line_num
        if not any(cell.strip() for cell in cells):
            continue
        rows += 1
        check_size(rows, cells, line)
        yield line, [unguarded(cell) for cell in cells]


def check_size(rows: int, cells: Sequence[str], line: int) -> None:
    """Raises NotATable where a table is larger than one may be; `rows` counts the header."""
    if rows > ROWS_MAX + 1:
        raise NotATable("too_many_rows", f"超过 {ROWS_MAX} 行", f"more than {ROWS_MAX} rows", line)
    if len(cells) > COLUMNS_MAX:
        raise NotATable(
            "too_many_columns", f"超过 {COLUMNS_MAX} 列", f"more than {COLUMNS_MAX} columns", line
        )
    if any(len(cell) > CELL_MAX for cell in cells):
        raise NotATable(
            "cell_too_long", f"单元格超过 {CELL_MAX} 字", f"a cell over {CELL_MAX} characters", line
        )


def csv_pieces(rows: Iterable[Sequence[str | int | None]]) -> Iterator[bytes]:
    """A file, piece by piece: as long as the rows are, never more in memory than one of them."""
    yield codecs.BOM_UTF8
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    for row in rows:
        writer.writerow([guarded(cell) if isinstance(cell, str) else cell for cell in row])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
