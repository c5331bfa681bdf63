"""The one reader of tables: whatever separator, encoding, line ends and decimal mark, the same cells."""

import gzip
from pathlib import Path

import polars as pl
import pytest

from twinhop.errors import InputError
from twinhop.io.byte_blocks import HEAD_BYTES, line_blocks
from twinhop.io.table import Table, open_records, read_table, sniff

ROWS = (("id", "naïve name", "x"), ("b1", "Zürich; a, b", "1.5"), ("b2", "", "-20.25"), ("b3", 'say "é"', "1e-3"))


def written(tmp_path: Path, text: str, encoding: str = "utf-8", compressed: bool = False) -> Path:
    path = tmp_path / ("t.csv.gz" if compressed else "t.csv")
    content = text.encode(encoding)
    path.write_bytes(gzip.compress(content) if compressed else content)
    return path


def as_text(separator: str, end: str) -> str:
    lines = [separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in ROWS]
    return end.join(lines) + end


def numbers(table: Table, column: int) -> list[str]:
    return [table.dialect.number_text(row[column], column) for row in table.rows]


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_however_a_table_is_written_its_cells_are_the_same(tmp_path, separator, end, encoding, compressed) -> None:
    path = written(tmp_path, as_text(separator, end), encoding, compressed)
    table = read_table(path)
    assert (table.dialect.columns, table.rows, table.lines) == (ROWS[0], ROWS[1:], (2, 3, 4))
    assert ("Windows-1252" in " ".join(table.notes)) == (encoding == "latin-1")
    dialect, notes = sniff(path), list[str]()
    assert tuple((line, tuple(cells)) for line, cells in open_records(dialect, notes)) == tuple(
        zip((2, 3, 4), ROWS[1:], strict=True)
    )
    blocks = b"".join(block for _, block in line_blocks(path, dialect.encoding, notes))
    assert pl.read_csv(blocks, separator=dialect.separator, infer_schema=False)["x"].to_list() == [
        "1.5",
        "-20.25",
        "1e-3",
    ]


def test_letters_that_come_after_the_first_kilobytes_tell_the_encoding(tmp_path) -> None:
    lines = "id;name\n" + "b;plain\n" * (HEAD_BYTES // 4)
    for encoding, note in (("utf-8", False), ("cp1252", True)):
        path, notes = written(tmp_path, lines + "b;Zürich\n", encoding), list[str]()
        dialect = sniff(path)
        assert dialect.encoding == "ascii"
        *_, (line, cells) = open_records(dialect, notes)
        assert (line, cells, bool(notes)) == (HEAD_BYTES // 4 + 2, ["b", "Zürich"], note)


@pytest.mark.parametrize(
    ("cells", "decimal", "expected"),
    [
        (["0,5", "12"], None, ["0.5", "12"]),
        (["48,137", "11,5"], None, ["48.137", "11.5"]),
        (["1.234,5", "7"], None, ["1234.5", "7"]),
        (["1.234.567", "2,5"], None, ["1234567", "2.5"]),
        (["52.010", "5.000"], None, ["52.010", "5.000"]),
        (["1,234.5", "0.25"], None, ["1234.5", "0.25"]),
        (["-0,25", "\N{MINUS SIGN}3,5"], None, ["-0.25", "-3.5"]),
        (["1,234", "5,678"], ",", ["1.234", "5.678"]),
        (["1,234", "5,678"], None, ["1,234", "5,678"]),  # 1.234 or 1234: nobody can tell, so no number
        (["0,5", "1.5"], None, ["0,5", "1.5"]),  # two marks in one column
        (["12.03.2024", "1,5,6"], None, ["12.03.2024", "1,5,6"]),
    ],
)
def test_decimal_commas_are_told_from_groups_of_thousands(tmp_path, cells, decimal, expected) -> None:
    path = written(tmp_path, "id;x\n" + "".join(f"b;{cell}\n" for cell in cells))
    table = read_table(path, decimal=decimal)
    assert numbers(table, 1) == expected
    undecided = cells in (["1,234", "5,678"], ["0,5", "1.5"]) and decimal is None
    assert ("--decimal" in table.dialect.number_hint(cells[0], 1)) == undecided


def test_a_lone_group_follows_the_other_columns(tmp_path) -> None:
    table = read_table(written(tmp_path, "id;lat;lon\na;48,137;11,5754\nb;48,138;11,5755\n"))
    assert [numbers(table, 1), numbers(table, 2)] == [["48.137", "48.138"], ["11.5754", "11.5755"]]


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("id;lat, deg;lon\na;48,1;11,5\n", ";"),
        ("id,a|b,c\n1,2,3\n", ","),
        ("sep=;\nid;a,b\n1;2\n", ";"),
        ('"id,code";x\n"a,b";1\n', ";"),
        ("id\n1\n", ","),
    ],
)
def test_the_separator_is_the_one_by_which_rows_agree_with_the_header(tmp_path, text, separator) -> None:
    assert read_table(written(tmp_path, text)).dialect.separator == separator


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("head", "names"),
    [("# made today\n# by us, twice\nid,x\n", ("id", "x")), ("#id,x\n", ("#id", "x")), ("# a\n#id,x\n", ("#id", "x"))],
)
def test_comments_before_the_header(tmp_path, head, names, end) -> None:
    table = read_table(written(tmp_path, f"{head}a,1\n#b,2\n".replace("\n", end)))
    assert table.dialect.columns == names
    assert table.rows == (("a", "1"), ("#b", "2")) and table.lines[0] == head.count("\n") + 1


def test_two_possible_separators_are_refused_and_one_may_be_stated(tmp_path) -> None:
    path = written(tmp_path, "id;x,z\n1;2,3\n")
    with pytest.raises(InputError, match="commas or semicolons; state which by --separator"):
        read_table(path)
    assert read_table(path, separator=";").rows == (("1", "2,3"),)


def test_the_index_of_pandas_is_noted_and_other_nameless_columns_too(tmp_path) -> None:
    table = read_table(written(tmp_path, ",id,Unnamed: 2\n0,a,x\n1,b,\n"))
    assert [("(the index" in note, "no name" in note) for note in table.notes] == [(True, False), (False, True)]


def test_empty_cells_after_the_last_are_cut_and_further_ones_refused(tmp_path) -> None:
    assert read_table(written(tmp_path, "id,x\na,1,,\n")).rows == (("a", "1"),)
    with pytest.raises(InputError, match=r":2: has 3 fields; the header names 2"):
        read_table(written(tmp_path, "id,x\na,1,5\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,x\n\xc3\xa9,1\nb\xe9,2\n", "is neither UTF-8"),  # UTF-8 with a broken letter: a damaged file
        (b"id,x\n\0\0\0,1\n", "is neither UTF-8"),
        (b"id,x\nb\x81,1\n", "is neither UTF-8"),  # no letter of any western code page
        (b"", "is an empty file"),
        (gzip.compress(b"id,x\n" + b"a,1\n" * 1000, mtime=0)[:40], "stop in the middle"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content, message) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(path)


@pytest.mark.parametrize("separator", [";;", "", '"', "\n"])
def test_a_separator_that_is_stated_is_one_character(tmp_path, separator) -> None:
    path = written(tmp_path, "id,x\na,1\n")
    with pytest.raises(InputError, match="--separator: must be one character"):
        read_table(path, separator=separator)


def test_a_tab_may_be_stated_as_shells_hand_it_on(tmp_path) -> None:
    assert read_table(written(tmp_path, "id\tx\na\t1\n"), separator=r"\t").rows == (("a", "1"),)


def test_rows_that_are_none_of_the_table_are_refused_or_left_out(tmp_path) -> None:
    path = written(tmp_path, 'id,x\na,1\nb\nc,3,4\n"d"e,5\nf,6\n')
    with pytest.raises(InputError, match=r"t\.csv:3: has 1 field; the header names 2"):
        read_table(path)
    table = read_table(path, skip_bad=True)
    assert (table.rows, table.lines) == ((("a", "1"), ("f", "6")), (2, 6))
    assert [each.partition("t.csv:")[2].partition(":")[0] for each in table.bad] == ["3", "4", "5"]


def test_a_quote_without_an_end_is_said_to_take_in_all_lines_below(tmp_path) -> None:
    table = read_table(written(tmp_path, 'id,x\na,1\n"b,2\nc,3\n'), skip_bad=True)
    assert table.rows == (("a", "1"),) and table.bad[0].endswith(
        "t.csv:3: not valid CSV: unexpected end of data (lines 3 to 4)"
    )
