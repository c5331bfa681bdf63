"""Tables in terminals of every width: nothing is cut, numbers are whole, rows are told apart."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections import Counter

import pytest

from twinhop.cli.tables import LONGEST_WORD, table_lines, wrapped

WIDTHS = (200, 100, 80, 60, 40, 24)
HEADER = ("policy", "cost", "above bound", "latency s", "opening s", "opened", "feasible", "ms")
POLICIES = [
    ("nearest", "3.8542", "18.43 %", "2.018", "1.7", "17", "yes", "0.4"),
    ("random_association", "3.7623", "15.61 %", "1.926", "1.7", "17", "yes", "1.0"),
    ("lagrangian", "3.2553", "0.027 %", "2.02", "1.1", "11", "yes", "80.2"),
]
TABLES = {
    "policies": (HEADER, POLICIES),
    "facts": (
        ("", "value", "unit"),
        [
            ("cost", "1.95451", ""),
            ("  mean latency", "1.65575", "s"),
            ("what this is and where it comes from", "a longer text of several words, 12.5 % of it numbers", ""),
        ],
    ),
    "digests": (
        ("name", "bytes", "SHA-256"),
        [("a" * 60, "1234567", "0123456789abcdef" * 4), ("a" * 59 + "b", "123", "fedcba9876543210" * 4)],
    ),
    "wide letters": (("港口", "値"), [("東京都港区" * 6, "1.5"), ("大阪", "-2.25e-07")]),
    "no rows": (("name", "bytes"), []),
    "one column": (("name",), [("a b c",), ("d" * 90,)]),
}


def lines_of(name, width):
    return [line for line, _ in table_lines(*TABLES[name], width)]


def without_spaces(text):
    return re.sub(r"\s|─", "", text)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("width", [*WIDTHS, None])
def test_every_character_and_every_number_is_there(name, width):
    header, rows = TABLES[name]
    text = "\n".join(lines_of(name, width))
    assert "…" not in text
    assert "..." not in text
    cells = [*header, *(cell for row in rows for cell in row)] if rows else header
    assert Counter(without_spaces(text)) >= Counter(without_spaces("".join(cells)))
    for word in (word for cell in cells for word in cell.split()):
        assert len(word) > LONGEST_WORD or word in text
        if re.fullmatch(r"[-+]?[\d.]+(e-?\d+)?", word):
            assert word in text.split()


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_longer_than_the_terminal(name, width):
    from rich.cells import cell_len

    assert max(map(cell_len, lines_of(name, width))) <= width


def test_wide_enough_it_is_one_table():
    assert lines_of("policies", None) == lines_of("policies", 200)
    assert lines_of("policies", 200) == [
        "",
        "  policy                 cost   above bound   latency s   opening s   opened   feasible     ms",
        " ──────────────────────────────────────────────────────────────────────────────────────────────",
        "  nearest              3.8542       18.43 %       2.018         1.7       17        yes    0.4",
        "  random_association   3.7623       15.61 %       1.926         1.7       17        yes    1.0",
        "  lagrangian           3.2553       0.027 %        2.02         1.1       11        yes   80.2",
        "",
    ]


def test_at_80_columns_headers_are_folded():
    assert lines_of("policies", 80)[1:5] == [
        "                               above   latency   opening",
        "policy                cost     bound         s         s  opened  feasible    ms",
        "─" * 80,
        "nearest             3.8542   18.43 %     2.018       1.7      17       yes   0.4",
    ]


def test_at_60_columns_the_columns_go_on_below():
    lines = lines_of("policies", 60)
    assert [line for line in lines if line.startswith("lagrangian")] == [
        "lagrangian          3.2553     0.027 %       2.02        1.1",
        "lagrangian              11       yes  80.2",
    ]


def test_at_24_columns_each_row_is_a_list():
    lines = lines_of("policies", 24)
    assert lines[1:9] == [
        *("policy: nearest", "  cost: 3.8542", "  above bound: 18.43 %", "  latency s: 2.018", "  opening s: 1.7"),
        *("  opened: 17", "  feasible: yes", "  ms: 0.4"),
    ]


def test_rows_that_differ_look_different():
    for width in WIDTHS:
        text = "\n".join(lines_of("digests", width))
        assert without_spaces(text).count("ab") >= 1
        assert len(without_spaces(text)) >= 60 + 60 + 64 + 64 + 7 + 3


def test_numbers_keep_their_units():
    assert wrapped("takes 12.5 ms of 3 s, or 40 %", 9) == ["takes", "12.5 ms", "of 3 s,", "or 40 %"]


def in_a_terminal(columns, *words):
    """What a program shows in a terminal of so many columns, and its exit code."""
    terminal, end = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm"}  # that of C has COLUMNS, which readline sets behind Python
    environment.pop("COLUMNS", None)
    command = [sys.executable, "-m", "twinhop", *words]
    program = subprocess.Popen(command, stdin=end, stdout=end, stderr=end, env=environment, start_new_session=True)
    os.close(end)
    shown = b""
    while True:
        try:
            block = os.read(terminal, 65536)
        except OSError:
            break
        if not block:
            break
        shown += block
    os.close(terminal)
    code = program.wait(60)
    return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", shown).decode("utf-8", "replace").replace("\r", ""), code


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_in_a_real_terminal(columns):
    shown, code = in_a_terminal(columns, "scenario", "describe", "lu2021-n80-m5")
    assert code == 0
    assert "…" not in shown and "..." not in shown
    assert max(map(len, shown.splitlines())) <= columns


@pytest.mark.parametrize("columns", [60, 40])
def test_help_in_a_narrow_terminal_cuts_no_option(columns):
    shown, code = in_a_terminal(columns, "transfer", "--help")
    assert code == 0
    assert "…" not in shown
    assert {"--topologies", "--no-networks", "--iterations"} <= set(re.findall(r"--[a-z-]+", shown))
    assert "\\[" not in shown
