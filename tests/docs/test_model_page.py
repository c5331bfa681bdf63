"""docs/model.md leaves no function, equation or path loss model out, and its tables hold the numbers of the code."""

import inspect
import re

from blocks import ROOT

from twinhop import network

PAGE = (ROOT / "docs" / "model.md").read_text(encoding="utf-8")


def linked():
    return {name.rpartition(".")[2] for name in re.findall(r"\{py:func\}`~?twinhop\.network\.([a-z0-9_.]+)`", PAGE)}


def test_every_public_function_is_linked():
    public = {name for name in network.__all__ if inspect.isfunction(getattr(network, name))}
    assert len(public) > 40
    assert public - linked() == set()


def test_every_public_function_states_its_source():
    functions = [getattr(network, name) for name in network.__all__ if inspect.isfunction(getattr(network, name))]
    assert [each.__name__ for each in functions if "\nSource:\n" not in inspect.getdoc(each)] == []
    assert [each.__name__ for each in functions if "\nReturns:\n" not in inspect.getdoc(each)] == []


def test_every_equation_of_the_paper_has_a_row():
    table = PAGE.partition("## The equations of the paper")[2].partition("\n## ")[0]
    found = []
    for cell in re.findall(r"^\| ([\d, to]+) \|", table, re.MULTILINE):
        for part in cell.split(", "):
            first, _, last = part.partition(" to ")
            found += range(int(first), int(last or first) + 1)
    assert sorted(found) == list(range(1, 35))


def test_every_path_loss_model_has_a_row():
    table = PAGE.partition("### Path loss")[2].partition("\n### ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert {name for line in rows for name in re.findall(r"`([a-z0-9_]+)`", line.split("|")[1])} == set(
        network.PATH_LOSS
    )


def test_coefficients_of_the_urban_cells():
    for label, cell in (("UMa", network.TR38901_CELLS["uma"]), ("UMi", network.TR38901_CELLS["umi"])):
        (line,) = re.findall(rf"^\| {label} \| (.+) \|$", PAGE, re.MULTILINE)
        assert [float(number) for number in line.split("|")] == [
            *(cell.los_at_1_m_db, cell.los_near, cell.los_break),
            *(cell.nlos_at_1_m_db, cell.nlos_per_decade, cell.nlos_per_decade_hz, cell.nlos_per_m),
        ]
    far = [network.TR38901_CELLS[name].los_scale_m for name in ("uma", "umi")]
    assert "$s$ = {:g} m in UMa and {:g} m in UMi".format(*far) in PAGE


def test_shadowing_of_every_model():
    for name, model in network.PATH_LOSS.items():
        if model.shadowing:
            (line,) = re.findall(rf"^\| `{name}` \| (\d.*) \| .+ \|$", PAGE, re.MULTILINE)
            sigma, decorrelation = ([float(each) for each in re.findall(r"[\d.]+", cell)] for cell in line.split("|"))
            assert sigma == [each.sigma_db for each in model.shadowing]
            assert decorrelation == [each.decorrelation_m for each in model.shadowing]
