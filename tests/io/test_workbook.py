"""Sheets of Excel workbooks as tables: what programs write, and what is refused before it can do harm."""

import datetime
import io
import random
import zipfile

import pytest
import xlsxwriter

from twinhop import extras
from twinhop.errors import InputError
from twinhop.io import workbook
from twinhop.io.sheet_header import header_of
from twinhop.io.table import read_table

SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        '<sheet name="Blatt" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}
ROWS = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="B1" t="inlineStr"><is><r><t>l</t></r><r><t>at</t>'
    '</r></is></c></row><row r="2"><c r="A2"><v>7</v></c><c r="B2"><v>52.5</v></c></row>'
)


def assembled(path, sheet=ROWS, **parts):
    """A workbook put together by hand, as libraries write them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**PARTS, "xl/worksheets/sheet1.xml": SHEET.format(sheet), **parts}.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def book(tmp_path):
    """A new workbook, closed when the path is asked for."""
    file = xlsxwriter.Workbook(str(tmp_path / "netz.xlsx"))

    def path():
        if not file.fileclosed:
            file.close()
        return tmp_path / "netz.xlsx"

    file.path = path
    return file


def test_what_excel_and_libreoffice_write(book):
    sheet = book.add_worksheet("Standorte")
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    sheet.merge_range("A1:F1", "Standortliste Mai")
    for cells, name in (("A3:A4", "Standort"), ("D3:D4", "Kerne"), ("E3:E4", "Seit"), ("F3:F4", "Frei")):
        sheet.merge_range(cells, name)
    sheet.merge_range("B3:C3", "Position")
    sheet.write_row("B4", ["Breite", "Länge\n(Grad)"])
    sheet.write_row("A5", [7, "52,52", 13.405])
    sheet.write_formula("D5", "=2*8", value=16)
    sheet.write_datetime("E5", datetime.datetime(2024, 5, 1), day)
    sheet.write_boolean("F5", True)
    sheet.write_row("A7", ["Nord", "1.052,5", "13,5"])  # a row left blank above
    sheet.write_formula("D7", "=1/0", value="#DIV/0!")
    sheet.write_datetime("E7", datetime.datetime(2024, 5, 1, 7, 30), day)
    sheet.write_blank("Z900", None, day)
    table = read_table(book.path())
    assert table.dialect.columns == ("Standort", "Breite", "Länge (Grad)", "Kerne", "Seit", "Frei")
    assert table.rows[0] == ("7", "52,52", "13,405", "16", "2024-05-01", "true")
    assert table.rows[1] == ("Nord", "1.052,5", "13,5", "#DIV/0!", "2024-05-01 07:30:00", "")
    assert table.dialect.number_text("1.052,5", 1) == "1052.5" and table.dialect.number_text("13,405", 2) == "13.405"
    assert table.place(1).endswith("netz.xlsx#Standorte:7")
    assert any("rows 1 to 2 are above the header and not used" in note for note in table.notes)


def test_the_sheet_is_the_one_that_is_named_or_the_only_one(book):
    for name, cell in (("Standorte", "id"), ("Kunden", "kunde"), ("Leer", None), ("Rest", "x")):
        sheet = book.add_worksheet(name)
        if cell:
            sheet.write_row(0, 0, [cell, "lat"])
    book.get_worksheet_by_name("Rest").hide()
    path = book.path()
    with pytest.raises(
        InputError, match=r"several sheets \(Standorte, Kunden\); say which, as in '.*netz.xlsx#Standorte'"
    ):
        read_table(path)
    assert read_table(path.with_name("netz.xlsx#Kunden")).dialect.columns == ("kunde", "lat")
    assert read_table(path.with_name("netz.xlsx#kunden ")).dialect.sheet == "Kunden"
    assert read_table(path.with_name("netz.xlsx#Rest")).dialect.columns == ("x", "lat")
    with pytest.raises(InputError, match="has no sheet 'Kundne'; did you mean 'Kunden'"):
        read_table(path.with_name("netz.xlsx#Kundne"))
    with pytest.raises(InputError, match="netz.xlsx#Leer: the sheet is empty; expected a table"):
        read_table(path.with_name("netz.xlsx#Leer"))


def test_one_sheet_beside_hidden_and_empty_ones_needs_no_name(book):
    for name in ("Alt", "Leer", "Neu"):
        book.add_worksheet(name)
    for name in ("Alt", "Neu"):
        book.get_worksheet_by_name(name).write_row(0, 0, ["id", name])
    book.get_worksheet_by_name("Neu").activate()
    book.get_worksheet_by_name("Alt").hide()
    table = read_table(book.path())
    assert table.dialect.sheet == "Neu" and "read the sheet 'Neu'; Alt, Leer: hidden or empty" in table.notes[0]


def test_a_file_may_have_the_mark_in_its_name(tmp_path):
    assembled(tmp_path / "a#1.xlsx")
    assert read_table(tmp_path / "a#1.xlsx").dialect.columns == ("id", "lat")
    assert read_table(tmp_path / "a#1.xlsx#Blatt").dialect.columns == ("id", "lat")


PREFIXED = SHEET.format(ROWS).replace("<", "<x:").replace("<x:/", "</x:").replace("xmlns=", "xmlns:x=")
TARGET = PARTS["xl/_rels/workbook.xml.rels"].replace('"worksheets/', '"/xl/worksheets/')
UNPLACED = (
    '<row><c t="inlineStr"><is><t>id</t></is></c><c t="str"><f>A1</f><v>lat</v></c></row>'
    "<row><c><v>7</v></c><c><v>52.5</v></c></row>"
)


@pytest.mark.parametrize(
    "parts",
    [{}, {"xl/_rels/workbook.xml.rels": TARGET}, {"sheet": UNPLACED}, {"xl/worksheets/sheet1.xml": PREFIXED}],
    ids=["inline", "absolute", "unplaced", "prefixed"],
)
def test_workbooks_put_together_by_hand(tmp_path, parts):
    table = read_table(assembled(tmp_path / "a.xlsx", **parts))
    assert table.dialect.columns == ("id", "lat") and table.rows == (("7", "52.5"),)


def test_formulas_that_nobody_computed_are_said(tmp_path):
    sheet = ROWS.replace("<v>52.5</v>", "<f>50+2.5</f>")
    table = read_table(assembled(tmp_path / "a.xlsx", sheet))
    assert table.rows == (("7", "=50+2.5"),)
    assert "1 formula without a value, such as B2 =50+2.5; open and save the file" in table.notes[0]


def cell(reference, value="<v>1</v>", kind=""):
    return ROWS + f'<row><c r="{reference}"{kind}>{value}</c></row>'


STRINGS = "<sst><si><t>{}</t></si></sst>"
MANY = "<row>" + '<c t="s"><v>0</v></c>' * 900 + "</row>"


@pytest.mark.parametrize(
    ("sheet", "parts", "message"),
    [
        (
            cell("XFD1048576"),
            {},
            "#Blatt:1048576: its cells reach from column A to XFD and down to row 1048576; at most",
        ),
        (cell("A99999999"), {}, "a cell in row 99999999, column 1; no sheet has more than 1048576 rows"),
        (cell("ZZZZZZ2"), {}, "column 321272406; no sheet"),
        (cell("ALM2"), {}, r"has 1001 columns; at most 1000 are read"),
        (cell("?"), {}, r"'\?' is no cell; expected a name such as B7"),
        (cell("A3", "<v>9</v>", ' t="s"'), {}, "the cell A3 has a text that the workbook does not have"),
        (MANY * 80, {"xl/sharedStrings.xml": STRINGS.format("a" * 1000)}, "holds more than 64 Mi characters"),
        ("<c/>" * 3 + "<row><c r='A1'/></row>", {}, "#Blatt: the sheet is empty"),
        ("<a>" * 30 + "</a>" * 30, {}, "nested deeper than 16 levels"),
        ("<row><c r='A1'>", {}, "not valid XML"),
        (ROWS, {"xl/workbook.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><workbook/>"}, "document type"),
        (ROWS, {"xl/workbook.xml": "<workbook/>"}, "a.xlsx: its sheets are empty"),
        (ROWS, {"xl/_rels/workbook.xml.rels": "<a/>"}, "outermost element is <a>"),
        (ROWS, {"xl/_rels/workbook.xml.rels": TARGET.replace("sheet1", "sheet7")}, "sheet7.xml is missing"),
    ],
)
def test_what_is_too_large_or_damaged_is_one_line(tmp_path, sheet, parts, message):
    path = assembled(tmp_path / "a.xlsx", sheet, **parts)
    with pytest.raises(InputError, match=message) as error:
        read_table(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "LARGEST_PART_BYTES", 1 << 20)
    path = assembled(tmp_path / "a.xlsx", ROWS + " " * (8 << 20))
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match=r"sheet1.xml: unpacks to 8 MiB; at most 1 MiB are read"):
        read_table(path)


def test_a_size_that_is_not_true_unpacks_no_more(tmp_path):
    path = assembled(tmp_path / "a.xlsx", ROWS + " " * (8 << 20))
    content = bytearray(path.read_bytes())
    size = len(SHEET.format(ROWS + " " * (8 << 20))).to_bytes(4, "little")
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, (5000).to_bytes(4, "little")))
    with pytest.raises(InputError, match="damaged workbook"):
        read_table(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "is an old or an encrypted Excel file; save it as .xlsx"),
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, "is an OpenDocument file; save it as .xlsx"),
        ({"xl/workbook.bin": ""}, r"is a binary Excel file \(.xlsb\); save it as .xlsx"),
        ({"word/document.xml": ""}, "a ZIP archive of word/document.xml"),
    ],
)
def test_other_files_of_office_programs(tmp_path, content, message):
    path = tmp_path / "a.xlsx"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in content.items():
                archive.writestr(name, text)
    with pytest.raises(InputError, match=message):
        read_table(path)


def test_a_sheet_of_a_text_file_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("id,lat\n")
    with pytest.raises(InputError, match="is no Excel workbook, so it has no sheet 'B'"):
        read_table(tmp_path / "a.csv#B")


def test_a_missing_extra_is_one_line_that_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(extras, "_is_there", lambda package: False)
    with pytest.raises(
        InputError, match=r"a.xlsx: Excel workbooks: needs packages .*`pip install .*python-calamine"
    ) as error:
        read_table(assembled(tmp_path / "a.xlsx"))
    assert "\n" not in str(error.value)


def test_bytes_changed_at_random_are_read_or_refused(tmp_path):
    content = assembled(tmp_path / "a.xlsx").read_bytes()
    loose = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as packed, zipfile.ZipFile(loose, "w") as stored:
        for name in packed.namelist():
            stored.writestr(name, packed.read(name))
    refused = 0
    for seed in range(120):
        draw = random.Random(seed)
        broken = bytearray(loose.getvalue() if seed % 2 else content)
        for _ in range(draw.randint(1, 8)):
            broken[draw.randrange(len(broken))] = draw.randrange(256)
        (tmp_path / "b.xlsx").write_bytes(broken)
        try:
            read_table(tmp_path / "b.xlsx")
        except InputError:
            refused += 1
    assert refused > 60


@pytest.mark.parametrize(
    ("rows", "merges", "names"),
    [
        ([["Titel", ""], ["id", "lat"], ["a", 1.0]], [], ("id", "lat")),
        ([["id", "lat", "lon"], ["a", 1.0, 2.0]], [], ("id", "lat", "lon")),
        (
            [["Ort", "A", "", "B", ""], ["", "min", "max", "min", "max"], ["a", 1, 2, 3, 4]],
            [(0, 1, 0, 2), (0, 3, 0, 4)],
            ("Ort", "A min", "A max", "B min", "B max"),
        ),
        (
            [["id", "Adresse", "", "lat"], ["a", "Weg 1", "Ort", 1.0]],
            [(0, 1, 0, 2)],
            ("id", "Adresse", "Adresse", "lat"),
        ),
        ([["id", 2024.0, "lat", "lon"], ["a", 1.0, 2.0, 3.0]], [], ("id", "2024", "lat", "lon")),
        ([[1.0, 2.0], [3.0, 4.5]], [], ("1", "2")),
    ],
)
def test_where_the_header_is(rows, merges, names):
    assert header_of(rows, merges).names == names
