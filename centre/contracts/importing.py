"""Import of a table: every wrong row and field at once, and what would change. Pure.

`plan` is the dry run and the first half of the real run: the same rows, checked the same way. It
compares with what is there by key, so the same file a second time changes nothing. Writing is the
module's: all rows of `Plan.writable` in one transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from centre.contracts.tables.cells import NotATable, TableFault
from centre.contracts.tables.text import Row

FAULTS_MAX: Final = 10_000
"""A file with more is the wrong file; the rest is counted."""

Values = Mapping[str, Any]


class Column(msgspec.Struct, frozen=True):
    """A field of the import: its name in the row, the words that a header may have for it, how its
    text is read (ValueError with `中文|English` for what is wrong), and a sample.
    """

    name: str
    zh: str
    en: str
    read: Callable[[str], Any] = str
    required: bool = False
    sample: str = ""


class Changed(msgspec.Struct, frozen=True):
    """A row that is there and would be another one."""

    line: int
    key: str
    values: Values
    fields: tuple[str, ...]


class Added(msgspec.Struct, frozen=True):
    """A row that is not there yet."""

    line: int
    key: str
    values: Values


class Plan(msgspec.Struct):
    """What an import would do."""

    added: list[Added] = []
    changed: list[Changed] = []
    same: int = 0
    faults: list[TableFault] = []
    more_faults: int = 0

    def writable(self, *, good_rows_only: bool) -> list[Added | Changed]:
        """What is to be written: nothing if a row is wrong, unless the user wants the good ones."""
        if self.faults and (not good_rows_only or any(each.line <= 1 for each in self.faults)):
            return []
        return [*self.added, *self.changed]


def plan(
    rows: Iterable[Row],
    columns: Sequence[Column],
    key: str,
    present: Callable[[str], Values | None],
) -> Plan:
    """Checks all rows. `key` is the column that identifies one; `present` gives the row of a key as
    it is, or None. A file that breaks off is a fault like others, and its rows are not lost.
    """
    found, seen = Plan(), dict[str, int]()
    placed: list[Column | None] | None = None
    try:
        for line, cells in rows:
            if placed is None:
                placed = _header(cells, columns, found)
            else:
                _row(line, cells, placed, key, present, seen, found)
    except NotATable as error:
        # Line 0: the rest of the file is unknown, so nothing of it is written.
        _add(found, msgspec.structs.replace(error.fault, line=0))
    if placed is None and not found.faults:
        _add(found, TableFault(0, "", "empty", "文件是空的", "the file is empty"))
    return found


def sample(columns: Sequence[Column], *, chinese: bool) -> list[list[str]]:
    """A header and one row, for a file to begin with."""
    return [
        [column.zh if chinese else column.en for column in columns],
        [column.sample for column in columns],
    ]


def _header(cells: list[str], columns: Sequence[Column], found: Plan) -> list[Column | None]:
    words = {
        word.casefold(): column
        for column in columns
        for word in (column.zh, column.en, column.name)
    }
    placed: list[Column | None] = []
    for cell in cells:
        column = words.get(cell.strip().casefold())
        if column is None and cell.strip():
            _add(found, TableFault(1, cell, "unknown_column", "没有这一列", "no such column"))
        if column is not None and column in placed:
            _add(
                found, TableFault(1, cell, "double_column", "列重复", "this column is there twice")
            )
        placed.append(column)
    for column in columns:
        if column.required and column not in placed:
            _add(found, TableFault(1, column.zh, "missing_column", "缺少这一列", "column missing"))
    return placed


def _row(
    line: int,
    cells: list[str],
    placed: list[Column | None],
    key: str,
    present: Callable[[str], Values | None],
    seen: dict[str, int],
    found: Plan,
) -> None:
    before = len(found.faults) + found.more_faults
    if any(cell.strip() for cell in cells[len(placed) :]):
        _add(
            found,
            TableFault(line, "", "too_many_cells", "单元格多于表头", "more cells than headers"),
        )
    values: dict[str, Any] = {}
    for column, cell in zip(placed, [*cells, *[""] * len(placed)], strict=False):
        if column is not None:
            _cell(line, column, cell.strip(), values, found)
    identity = str(values.get(key, ""))
    if identity and identity in seen:
        zh, en = f"与第 {seen[identity]} 行重复", f"the same key as line {seen[identity]}"
        _add(found, TableFault(line, key, "double_key", zh, en))
    seen.setdefault(identity, line)
    if len(found.faults) + found.more_faults > before:
        return
    there = present(identity)
    if there is None:
        found.added.append(Added(line, identity, values))
        return
    fields = tuple(name for name, value in values.items() if there.get(name) != value)
    if fields:
        found.changed.append(Changed(line, identity, values, fields))
    else:
        found.same += 1


def _cell(line: int, column: Column, text: str, values: dict[str, Any], found: Plan) -> None:
    if not text:
        if column.required:
            _add(found, TableFault(line, column.zh, "required", "必填", "must be filled in"))
        values[column.name] = None
        return
    try:
        values[column.name] = column.read(text)
    except ValueError as error:
        zh, _, en = str(error).partition("|")
        _add(found, TableFault(line, column.zh, "bad_value", zh, en or zh))


def _add(found: Plan, fault: TableFault) -> None:
    if len(found.faults) < FAULTS_MAX:
        found.faults.append(fault)
    else:
        found.more_faults += 1
