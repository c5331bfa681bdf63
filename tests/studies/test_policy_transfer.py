"""What curves of the experiment on transfer come to, and what its folder is refused for."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from pictures import is_cut, overlapping_texts

from twinhop.errors import InputError
from twinhop.output.kit.style import COLUMN_IN, styled
from twinhop.studies.policy_transfer import study
from twinhop.studies.policy_transfer import unit as experiment
from twinhop.studies.policy_transfer.figure import LOOKS, draw_in_axes, draw_policy_transfer
from twinhop.studies.policy_transfer.shifts import LARGEST, SHIFTS, TRAJECTORIES
from twinhop.studies.policy_transfer.unit import SCRATCH, Unit, arms_of, cached, do_unit, finished, is_done, kept_points
from twinhop.studies.policy_transfer.worlds import bank, judged, varied
from twinhop.studies.twin_transfer.results import TwinTransferStudy
from twinhop.studies.twin_transfer.scores import ARMS, Forecasts, scores

UPDATES = 100
QUICK = [0.02, 0.012, 0.012, 0.011, 0.01]
CURVES = {SCRATCH: [0.2, 0.1, 0.05, 0.02, 0.01], "fine-tune": [0.3] * 5, "replay only": [0.2, 0.2, 0.1, 0.05, 0.014]}


def unit(seed):
    shift = next(each for each in SHIFTS if each.name == "load")
    arms = {
        name: {
            "arm": list(arm),
            "calibrated": CURVES.get(name, QUICK),
            "worlds": [[CURVES.get(name, QUICK)[at]] * 2 for at in kept_points(5)],
            "argmax": [0.5] * 5,
            "norm": [1.0, 2, 3, 4, 5],
            "seconds": 4.0,
        }
        for name, arm in arms_of(shift.name).items()
    }
    made = Unit("city", seed, UPDATES, 25, 10, 2, ("load",))
    return {"unit": made.identity(), "source_s": {"prices as they are": 3.0}, "shifts": {shift.name: arms}}


@pytest.fixture(scope="module")
def transfer():
    return study.PolicyTransfer(tuple(unit(seed) for seed in range(5)), ("nothing",))


def row(transfer, arm):
    return next(each for each in transfer.rows() if each.arm == arm)


def test_arms_are_named_for_what_they_do_against_scratch(transfer):
    assert row(transfer, SCRATCH).verdict == "hard shift", "what is taken over unchanged is fine-tune's first point"
    early, lost = row(transfer, "Algorithm 2"), row(transfer, "fine-tune")
    assert (early.verdict, early.near, early.within, early.seconds) == ("early, apart", 0.25, 0.0, 0.0)
    assert early.jump_start == pytest.approx(0.18) and 0.9 < early.area < 1.0
    assert (lost.verdict, lost.near, lost.seconds) == ("negative transfer", None, None)
    assert row(transfer, "replay only").near == 1.0


def test_a_report_says_it_all_and_a_figure_has_a_panel_a_shift(transfer):
    text = transfer.markdown()
    assert "| load | Algorithm 2 | 2.00 | 18.00 | 25 % | 0 % |" in text
    assert "weights grow 5-fold" in text and "Skipped: nothing." in text and "5 seeds, 100 updates" in text
    figure = draw_policy_transfer(transfer)
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == [
        "twice the work (hard)",
        "length of the weights by Eq. 34, load [1]",
    ]
    json.dumps(transfer.to_json(), allow_nan=False)


@pytest.mark.parametrize("style", ["screen", "paper"])
def test_every_arm_has_a_row_with_the_numbers_of_the_table(transfer, style):
    with styled(style=style):
        figure = draw_policy_transfer(transfer)
    assert not is_cut(figure) and not overlapping_texts(figure)
    axes = figure.axes[0]
    arms = [label.get_text() for label in axes.get_yticklabels()]
    assert arms == list(LOOKS)[::-1]
    ends = {line.get_ydata()[0]: line.get_xdata()[0] for line in axes.lines if line.get_markersize() == 6.5}
    finals = {row["arm"]: row["final_percent"] for row in transfer.table_rows()}
    assert {arms[int(at)]: value for at, value in ends.items()} == pytest.approx({arm: finals[arm] for arm in arms})
    own = Figure().add_subplot()
    assert draw_in_axes(transfer, own) is own and own.get_title(loc="left") == "" and own.lines


def test_results_of_other_constants_are_refused(tmp_path):
    made = Unit("city", 0, UPDATES, 25, 10, 2, ("load",))
    assert cached(made, tmp_path) is None
    path = made.path(tmp_path)
    path.parent.mkdir()
    path.write_text(json.dumps(unit(0)))
    assert cached(made, tmp_path) == unit(0) and is_done(made, tmp_path)
    other = Unit("city", 0, 2 * UPDATES, 25, 10, 2, ("load",))
    with pytest.raises(InputError, match="result of other constants"):
        cached(other, tmp_path)


def test_shifts_and_seeds_are_added_to_what_is_there(tmp_path):
    """A folder of one shift of two seeds counts both, whoever asks for one; another shift of it is still to be done."""
    for seed in (0, 3):
        path = Unit("city", seed, UPDATES, 25, 10, 2, ("load",)).path(tmp_path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(unit(seed)))
    more = Unit("city", 0, UPDATES, 25, 10, 2, ("load", "dear"))
    assert not is_done(more, tmp_path)
    assert [each["unit"]["seed"] for each in finished(more, tmp_path)] == [0, 3]


def test_an_interval_is_of_seeds_and_of_worlds(transfer):
    """Runs that agree in their means but not in their worlds have an interval, and runs that collapse are counted."""
    units = [unit(seed) for seed in range(5)]
    for each in units:
        each["shifts"]["load"]["fine-tune"]["worlds"][2] = [0.2, 0.4]
    made = row(study.PolicyTransfer(tuple(units)), "fine-tune")
    assert 0.2 < made.interval[0] < 0.28 and 0.32 < made.interval[1] < 0.4
    assert (made.collapsed, made.seeds) == (5, 5) and row(transfer, SCRATCH).collapsed == 0
    assert row(transfer, "fine-tune").interval == pytest.approx((0.3, 0.3))


def test_worlds_of_seeds_are_their_own_and_learned_ones_never_judged():
    network = TRAJECTORIES["stations"][0]
    first, second = (judged(network, 1, None, seed).instances[0].comm_s for seed in (0, 1))
    assert not np.array_equal(first, second)
    banks = [np.asarray(bank(network, 2, None, seed).comm_s) for seed in (0, 1, 500)]
    assert not np.array_equal(banks[0], banks[1])
    np.testing.assert_array_equal(banks[0], banks[2])


def test_arms_that_are_left_are_done_and_others_kept(tmp_path, monkeypatch):
    made, asked = Unit("city", 0, UPDATES, 25, 10, 2, ("load",)), []

    class Run:
        def __init__(self, unit, data):
            pass

        def result(self, left):
            asked.append(left)
            curves = {name: unit(0)["shifts"]["load"][name] for name in left["load"]}
            return {"source_s": {"varied prices": 2.0}, "shifts": {"load": curves}}

    monkeypatch.setattr(experiment, "_Run", Run)
    before = unit(0)
    del before["shifts"]["load"]["varied sources"]
    made.path(tmp_path).parent.mkdir()
    made.path(tmp_path).write_text(json.dumps(before))
    assert not is_done(made, tmp_path)
    do_unit((made, tmp_path, None))
    do_unit((made, tmp_path, None))
    assert asked == [{"load": ["varied sources"]}]
    after = cached(made, tmp_path)
    assert list(after["shifts"]["load"]) == list(arms_of("load"))
    assert after["source_s"] == {"prices as they are": 3.0, "varied prices": 2.0}
    assert after["made"]["cores"] >= 1
    after["shifts"]["load"]["fine-tune"]["arm"][0] = 0.9
    for other in (after, {"unit": after["unit"]}):
        made.path(tmp_path).write_text(json.dumps(other))
        with pytest.raises(InputError, match="result of other constants"):
            is_done(made, tmp_path)


def test_varied_prices_leave_the_best_station_and_who_is_there():
    own = bank(TRAJECTORIES["stations"][0], 3, None)
    other, there = varied(own, 5), np.asarray(own.capacity[0]) > 0
    assert there.sum() == 4
    best = np.asarray(own.comm_s)[:, there].min(axis=1)
    np.testing.assert_allclose(np.asarray(other.comm_s)[:, there].min(axis=1), best, rtol=1e-6)
    np.testing.assert_array_equal(np.asarray(other.comm_s)[:, ~there], 0.0)
    factors = np.asarray(other.opening_s)[:, there] / np.asarray(own.opening_s)[:, there]
    assert np.ptp(factors, axis=1).max() < 1e-6 and np.ptp(factors[:, 0]) > 0.1
    assert 0.49 < factors.min() and factors.max() < 10
    np.testing.assert_array_equal(varied(own, 5).comm_s, other.comm_s)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shifts": ["lod"]}, "no shift is named 'lod'; accepted: users"),
        ({"iterations": 110}, "expected a multiple of 50"),
        ({"seeds": 0}, "expected at least 1"),
        ({"shifts": ["hour"]}, "none is left; give --data"),
        ({"jobs": 0, "shifts": ["load"]}, "--jobs: got 0"),
    ],
)
def test_bad_arguments_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        study.reproduce_transfer(**options)


def test_worlds_are_padded_alike_and_never_judged_on_where_learned():
    network = TRAJECTORIES["users"][0]
    instances = bank(network, 2, None)
    assert instances.comm_s.shape == (2, LARGEST[1], LARGEST[0])
    assert instances.active.sum(axis=1).tolist() == [60, 60]
    judge = judged(network, 1, None)
    assert judge.problems[0].users == 60 and np.isfinite(judge.bounds).all()
    assert not np.array_equal(judge.instances[0].comm_s, instances.comm_s[0])


def with_ends(seeds, ends):
    """Runs whose fine-tuned weights end at the gaps of `ends`, one a seed; scratch ends at 1.0, 1.1, ... per cent."""
    units = [unit(seed) for seed in range(seeds)]
    for at, (each, end) in enumerate(zip(units, ends, strict=True)):
        arms = each["shifts"]["load"]
        for arm, curve in ((SCRATCH, [0.2, 0.1, 0.05, 0.02, 0.01 + 0.001 * at]), ("fine-tune", [0.3] * 4 + [end])):
            worlds = [[curve[point]] * 2 for point in kept_points(5)]
            arms[arm] = arms[arm] | {"calibrated": curve, "worlds": worlds}
    return study.PolicyTransfer(tuple(units))


@pytest.mark.parametrize(
    ("ends", "harm"),
    [
        ([0.3, 0.02, 0.013], True),  # the least is above 1.2 %, the greatest of scratch
        ([0.3, 0.02, 0.0115], False),
        ([0.3, 0.02], False),  # of two seeds it is never said
        ([0.02, 0.02, 0.02, 0.0125], False),  # scratch comes to 1.3 %
        ([0.02, 0.02, 0.02, 0.0135], True),
    ],
)
def test_under_five_seeds_harm_is_where_every_seed_is_worse_than_every_one_of_scratch(ends, harm):
    made = row(with_ends(len(ends), ends), "fine-tune")
    assert made.interval is None
    assert (made.verdict == "negative transfer") == harm


def test_a_seed_that_fails_moves_no_column():
    """All columns are of interquartile means: one of five runs that ends badly is cut from each of them."""
    good, bad = (with_ends(5, [0.011, 0.012, 0.012, 0.013, end]) for end in (0.013, 30.0))
    kept, other = row(good, "fine-tune"), row(bad, "fine-tune")
    assert (other.final, other.near, other.within, other.area) == (kept.final, kept.near, kept.within, kept.area)


def test_the_whole_is_a_result_like_others(transfer, tmp_path):
    made = Forecasts(np.array([0, 1]), np.zeros(2), {arm: np.ones(2) for arm in ARMS})
    twins = scores("w", "error", made, [(0.0, 5.0)], 0)
    whole = study.TransferReproduction(
        transfer, TwinTransferStudy(tuple(twins), (), {"sound": (1.0, 1.0)}, ("no data",), 0, True)
    )
    assert whole.plot(style="paper").get_size_inches()[0] in COLUMN_IN.values()
    written = {path.name for path in whole.save(tmp_path, figures="svg")}
    assert {"policy-transfer.svg", "policy-transfer.csv", "twin-transfer.tex", "transfer.md"} <= written
    assert whole.report() == (tmp_path / "transfer.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "policy-transfer.json").read_text()) == json.loads(json.dumps(whole.to_json()))
    assert whole._repr_html_().count("<tr") == len(whole.rows()) + 1


def test_what_the_page_says_of_the_hard_shifts_is_what_its_table_has():
    docs = Path(__file__).parents[2] / "docs"
    lines = (docs / "reproduce" / "transfer" / "transfer.md").read_text(encoding="utf-8").splitlines()
    cells = [
        [each.strip() for each in line.strip("|").split("|")] for line in lines if line.startswith(("| dear", "| both"))
    ]
    ends = {tuple(row[:2]): float(row[8]) for row in cells}
    early = {tuple(row[:2]): row[5] for row in cells}
    page = " ".join((docs / "transfer.md").read_text(encoding="utf-8").split())
    dear, both = page.partition("- **`dear`**:")[2].partition("- **`both`**:")[::2]
    both, _, varied = both.partition("- **Varied prices before**")
    for text, shift, arms in (
        (dear, "dear", ("Algorithm 2", "scratch", "weights only")),
        (both, "both", ("weights only", "scratch", "Algorithm 2", "replay only")),
    ):
        for arm in arms:
            assert f" {ends[shift, arm]:.1f} %" in text, (shift, arm)
    arms = [(shift, f"varied sources{more}") for shift in ("dear", "both") for more in ("", ", twice as long")]
    reached = sorted(int(early[each].split()[0]) for each in arms)
    assert f"after {reached[0]} to {reached[-1]} % of the updates" in varied
    final = sorted(ends[each] for each in arms)
    assert f"end at {final[0]:.1f} to {final[-1]:.1f} %" in varied
