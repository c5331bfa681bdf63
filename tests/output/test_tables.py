"""Tables as CSV and LaTeX: read back as they were, escaped, aligned, and compiled where LaTeX is there."""

import csv
import io
import re
import shutil
import subprocess

import numpy as np
import pytest

from twinhop.output.kit.tables import csv_text, latex_table, latex_text, write_table

ROWS = [
    {"policy": 'mine, "quoted" & 50 %_#{x}$~^\\', "cost": 0.1 + 0.2, "users": 12, "cost_interval": [0.25, 1 / 3]},
    {"policy": "größer\nzwei", "cost": float("inf"), "users": np.int64(7), "cost_interval": None, "feasible": True},
    {"policy": "-1", "cost": -12.5, "users": None, "cost_interval": (np.float64(1.0), 2.0), "feasible": np.False_},
]


def test_a_csv_holds_the_rows_in_full_precision():
    text = csv_text(ROWS)
    assert text.count("\r\n") == 4 and not text.replace("\r\n", "").count("\r")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert list(rows[0]) == ["policy", "cost", "users", "cost_low", "cost_high", "feasible"]
    assert [row["policy"] for row in rows] == [row["policy"] for row in ROWS]
    assert [float(row["cost"]) for row in rows] == [row["cost"] for row in ROWS]
    assert [row["users"] for row in rows] == ["12", "7", ""]
    assert [row["cost_high"] for row in rows] == [repr(1 / 3), "", "2.0"]
    assert [row["feasible"] for row in rows] == ["", "true", "false"]


def test_headings_never_become_formulas():
    assert csv_text([{"=1+1": 1, "@x": 2, "b": 3}]).splitlines()[0] == "'=1+1,'@x,b"


def test_a_table_in_latex_is_balanced_and_its_numbers_stand_below_each_other():
    lines = latex_table(
        ROWS, {"policy": "policy", "cost": "cost [s]", "users": "N_0", "cost_interval": "95 %"}
    ).splitlines()
    assert lines[1:3] == [r"\begin{tabular}{lrrr}", r"\toprule"] and lines[-2:] == [r"\bottomrule", r"\end{tabular}"]
    head, *rows = [line for line in lines if line.endswith(r"\\")]
    assert head == r"policy & cost [s] & N\_0 & 95 \% \\"
    cells = [re.split(r"(?<!\\)&", row.removesuffix(r"\\")) for row in rows]
    assert {len(row) for row in cells} == {4}
    assert [row[1].strip() for row in cells] == ["0.30", r"$\infty$", "$-$12.50"]
    assert [row[2].strip() for row in cells] == ["12", "7", "--"]
    assert cells[0][3].strip() == "[0.250, 0.333]"
    assert cells[1][0].strip() == "größer zwei"
    text = "\n".join(rows)
    assert len(re.findall(r"(?<!\\)\{", text)) == len(re.findall(r"(?<!\\)\}", text))
    assert not re.search(r"(?<!\\)[%#_^~]", text)


def test_text_is_printed_by_latex_as_it_is():
    assert latex_text("a_b ≥ 3 % \\x") == r"a\_b $\geq$ 3 \% \textbackslash{}x"


def test_a_row_that_begins_with_a_bracket_is_no_option_of_the_line_before():
    assert r"{}[1, 2] \\" in latex_table([{"interval": [1, 2]}])


def test_a_table_without_rows_has_a_head():
    assert csv_text([]) == "\r\n"
    assert latex_table([], {"policy": "policy"}).count(r"\\") == 1


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="LaTeX is not installed")
def test_latex_compiles_the_table(tmp_path):
    write_table(tmp_path, "table", ROWS)
    document = r"\documentclass{article}\usepackage{booktabs}\begin{document}\input{table.tex}\end{document}"
    (tmp_path / "paper.tex").write_text(document)
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]


def test_an_interval_without_ends_is_one_dash_in_latex(tmp_path):
    write_table(tmp_path, "gaps", [{"gap": [0.1, 0.2]}, {"gap": [0.1, None]}, {"gap": [None, None]}], {"gap": "gap"})
    rows = (tmp_path / "gaps.tex").read_text().splitlines()[5:8]
    assert [row.count("--") for row in rows] == [0, 1, 1] and rows[2].strip() == r"-- \\"
