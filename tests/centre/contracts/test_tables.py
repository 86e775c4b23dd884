"""Tables in and out, and the import: encodings, every fault at once, files made to hurt."""

import codecs
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centre.contracts.importing import Column, plan, sample
from centre.contracts.tables.cells import FORMULA_STARTS, NotATable, guarded, unguarded
from centre.contracts.tables.sheets import read_xlsx, write_xlsx
from centre.contracts.tables.text import BYTES_MAX, COLUMNS_MAX, csv_pieces, decode, read_csv


def level(text):
    if not text.isdigit():
        raise ValueError("不是数字|not a number")
    return int(text)


COLUMNS = (
    Column("agent_id", "工号", "Agent ID", required=True, sample="8001"),
    Column("name", "姓名", "Name", required=True, sample="王小明"),
    Column("level", "级别", "Level", level, sample="3"),
)
TEXT = "工号,姓名,级别\r\n8001,王小明,3\r\n8002,李雷,\r\n"


def planned(data, there=None):
    rows = {} if there is None else there
    return plan(read_csv(data), COLUMNS, "agent_id", rows.get)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_way_that_excel_writes_a_csv(encoding, delimiter):
    data = TEXT.replace(",", delimiter).encode(encoding)
    found = planned(data)
    assert [each.values["name"] for each in found.added] == ["王小明", "李雷"]
    assert not found.faults


@pytest.mark.parametrize("data", [b"\xff\x00\x01", b"PK\x03\x04\x00\x00", b"a\0b"])
def test_what_is_no_text_is_said(data):
    with pytest.raises(NotATable, match="UTF-8"):
        decode(data)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_was_guarded_comes_back(text):
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(FORMULA_STARTS)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=8)


@given(st.lists(st.lists(texts.filter(str.strip), min_size=2, max_size=2), min_size=1, max_size=5))
def test_what_was_exported_is_imported_as_it_was(rows):
    data = b"".join(csv_pieces([["a", "b"], *rows]))
    assert data.startswith(codecs.BOM_UTF8)
    assert [cells for _, cells in read_csv(data)] == [["a", "b"], *rows]


def test_every_wrong_row_and_field_is_named_at_once_with_its_line():
    data = (
        'Agent ID,姓名,级别\r\n8001,"王\r\n小明",x\r\n\r\n,李雷,y\r\n8001,韩梅梅,1,9\r\n'.encode()
    )
    found = planned(data)
    assert [(each.line, each.column, each.code) for each in found.faults] == [
        (2, "级别", "bad_value"),
        (5, "工号", "required"),
        (5, "级别", "bad_value"),
        (6, "", "too_many_cells"),
        (6, "agent_id", "double_key"),
    ]
    assert (found.faults[0].zh, found.faults[0].en) == ("不是数字", "not a number")
    assert found.added == []


def test_headers_are_checked_before_all_else():
    found = planned("工号,颜色,工号\r\n8001,红,8001\r\n".encode())
    assert [(each.column, each.code) for each in found.faults][:3] == [
        ("颜色", "unknown_column"), ("工号", "double_column"), ("姓名", "missing_column"),
    ]  # fmt: skip
    assert found.writable(good_rows_only=True) == []


def test_the_same_file_again_changes_nothing_and_one_changed_field_is_named():
    first = planned(TEXT.encode())
    there = {each.key: each.values for each in first.writable(good_rows_only=False)}
    again = planned(TEXT.encode(), there)
    assert (again.added, again.changed, again.same) == ([], [], 2)
    third = planned(TEXT.replace("王小明,3", "王小明,4").encode(), there)
    assert [(each.key, each.fields) for each in third.changed] == [("8001", ("level",))]


def test_all_or_nothing_unless_the_good_rows_are_wanted():
    found = planned((TEXT + "8003,,\r\n").encode())
    assert found.writable(good_rows_only=False) == []
    assert [each.key for each in found.writable(good_rows_only=True)] == ["8001", "8002"]


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", codecs.BOM_UTF8])
def test_an_empty_file_is_a_fault(data):
    assert [each.code for each in planned(data).faults] == ["empty"]


def test_a_file_that_breaks_off_is_not_half_done():
    found = planned((TEXT + '8003,"open').encode())
    assert [each.code for each in found.faults] == ["bad_quotes"]
    assert found.writable(good_rows_only=True) == []


def test_sizes():
    with pytest.raises(NotATable, match="50 MB"):
        decode(b"x" * (BYTES_MAX + 1))
    assert planned(b"," * 1_000_000 + b"x").faults[0].code == "too_many_columns"
    assert planned(b"a\r\n" * 100_002).faults[-1].code == "too_many_rows"
    assert planned(b"a\r\n" + b"x" * 40_000).faults[-1].code == "cell_too_long"


def test_the_sample_file_is_one_that_can_be_imported():
    for chinese in (True, False):
        data = b"".join(csv_pieces(sample(COLUMNS, chinese=chinese)))
        assert len(planned(data).added) == 1


def workbook(tmp_path, rows):
    write_xlsx(tmp_path / "a.xlsx", rows)
    return (tmp_path / "a.xlsx").read_bytes()


def test_a_workbook_comes_back_as_it_was_and_holds_no_formula(tmp_path):
    rows = [["工号", "姓名"], ["8001", "=1+1"], ["'=x", "@SUM(A1)"], ["110101199001011234", "王"]]
    data = workbook(tmp_path, rows)
    assert [cells for _, cells in read_xlsx(data)] == rows
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


def test_numbers_are_numbers_and_long_ones_keep_their_digits(tmp_path):
    data = workbook(tmp_path, [["n", "m"], [13812345678, 110101199001011234], [None, 0]])
    assert [cells for _, cells in read_xlsx(data)][1:] == [
        ["13812345678", "110101199001011234"], ["", "0"],
    ]  # fmt: skip


def repacked(data, change):
    """The workbook with its sheet changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            text = old.read(name)
            new.writestr(name, change(text) if "sheet1.xml" in name else text)
    return out.getvalue()


def added(name, text):
    def change(data):
        out = io.BytesIO(data)
        with zipfile.ZipFile(out, "a", 8) as parts:
            parts.writestr(name, text)
        return out.getvalue()

    return change


def code_of(data):
    with pytest.raises(NotATable) as told:
        list(read_xlsx(data))
    return told.value.fault.code


def test_files_made_to_hurt_are_refused_with_a_reason(tmp_path):
    good = workbook(tmp_path, [["a"], ["x"], [7]])
    corner = repacked(good, lambda text: text.replace(b'r="A2"', b'r="XFD1048576"'))
    wide = repacked(good, lambda text: text.replace(b'r="A2"', b"r='ZZ2'"))
    digits = repacked(good, lambda text: text.replace(b"<v>7</v>", b"<v>110101199001011234</v>"))
    assert code_of(corner) == code_of(wide) == "too_wide_or_long"
    assert code_of(digits) == "digits_lost"
    assert code_of(added("xl/vbaProject.bin", b"x")(good)) == "macros"
    assert code_of(added("xl/media/a.bin", b"\0" * 501_000_000)(good)) == "zip_bomb"
    assert code_of(b"\xd0\xcf\x11\xe0" + b"\0" * 600) == "old_or_locked"
    assert code_of(good[:-40]) == "not_xlsx"
    assert code_of(b"") == "not_xlsx"
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as parts:
        parts.writestr("hello.txt", "x")
    assert code_of(empty.getvalue()) == "not_xlsx"
    assert COLUMNS_MAX < 702  # ZZ
