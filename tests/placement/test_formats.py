"""Problem files of other tools: facility location files and JSON."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from problem_makers import deadline_arrays, facility_arrays
from typer.testing import CliRunner

import twinhop
from twinhop.cli.main import app
from twinhop.errors import InputError
from twinhop.placement import FORMATS, PlacementProblem, load_problem, read_problem, solve
from twinhop.placement.sscflp import read_sscflp

HOLMBERG = Path(os.environ.get("TWINHOP_DATA", Path(__file__).parents[3] / "shared" / "data")) / "sscflp_holmberg"


def rows(values):
    return " ".join(f"{value:g}" for value in values)


def holmberg(arrays, padding=b""):
    """The text of a file in Holmberg's layout; the demands wrapped as the originals wrap them."""
    cost = arrays["comm_s"].T
    lines = [f"{cost.shape[0]} {cost.shape[1]}"]
    lines += [rows(pair) for pair in zip(arrays["demand_capacity"], arrays["opening_s"], strict=True)]
    lines += [rows(part) for part in np.array_split(arrays["demand"], 3)]
    lines += [rows(row) for row in cost]
    return "\r\n".join(lines).encode() + b"\r\n" + padding


def or_library(arrays):
    """The text of a file in OR-Library's layout: each demand on a line of its own, then the customer's costs."""
    cost = arrays["comm_s"].T
    lines = [f"{cost.shape[0]} {cost.shape[1]}"]
    lines += [rows(pair) for pair in zip(arrays["demand_capacity"], arrays["opening_s"], strict=True)]
    for i, demand in enumerate(arrays["demand"]):
        lines += [f"{demand:g}", rows(cost[:2, i]), rows(cost[2:, i])]
    return "\n".join(lines).encode()


def blocks(arrays):
    """Text of each part of a file, a row a line."""
    cost = arrays["comm_s"].T
    m, n = cost.shape
    return {
        "m n": [f"{m} {n}"],
        "n m": [f"{n} {m}"],
        "pairs": [rows(pair) for pair in zip(arrays["demand_capacity"], arrays["opening_s"], strict=True)],
        "capacity": [rows(arrays["demand_capacity"])],
        "fixed": [rows(arrays["opening_s"])],
        "demand": [rows(arrays["demand"])],
        "cost": [rows(row) for row in cost],
        "cost by customer": [rows(row) for row in cost.T],
        "joined": [
            f"{demand:g} {rows(costs)}" for demand, costs in zip(arrays["demand"], arrays["comm_s"], strict=True)
        ],
    }


ORDERS = {
    "holmberg": ("m n", "pairs", "demand", "cost"),
    "rows": ("m n", "capacity", "fixed", "demand", "cost"),
    "tbed1": ("m n", "demand", "capacity", "fixed", "cost"),
    "delmaire": ("n m", "cost by customer", "demand", "fixed", "capacity"),
    "or-library-joined": ("m n", "pairs", "joined"),
    "holmberg-by-customer": ("m n", "pairs", "demand", "cost by customer"),
    "rows-by-customer": ("m n", "capacity", "fixed", "demand", "cost by customer"),
    "tbed1-by-customer": ("m n", "demand", "capacity", "fixed", "cost by customer"),
}


def wrapped(lines, width):
    """Lines as programs wrap them: those of more numbers go on over further ones."""
    return [" ".join(line.split()[at : at + width]) for line in lines for at in range(0, len(line.split()), width)]


def laid_out(arrays, layout, width=1000, end="\n"):
    lines = [line for block in ORDERS[layout] for line in blocks(arrays)[block]]
    return end.join([lines[0], *wrapped(lines[1:], width)]).encode() + end.encode()


def assert_read(path, arrays, problem_format="sscflp"):
    problem = read_problem(path, problem_format)
    for name, value in arrays.items():
        assert np.array_equal(getattr(problem, name), value), name


@pytest.mark.parametrize(("users", "stations"), [(9, 4), (4, 9), (23, 5), (8, 5), (30, 17)])
@pytest.mark.parametrize("width", [1000, 10, 7, 4])
@pytest.mark.parametrize("layout", ORDERS)
def test_the_lines_tell_the_layout(layout, width, users, stations, tmp_path):
    arrays = facility_arrays(users, stations, seed=3)
    (tmp_path / "p").write_bytes(laid_out(arrays, layout, width, "\r\n"))
    file = read_sscflp(tmp_path / "p")
    assert file.layout == layout
    assert layout in file.notes[0] and f"{stations} facilities, {users} customers" in file.notes[1]
    assert_read(tmp_path / "p", arrays)


@pytest.mark.parametrize("layout", ORDERS)
def test_a_stated_layout_needs_no_lines(layout, tmp_path):
    arrays = facility_arrays(7, 7, seed=2)  # as many of both: lines could not tell rows from tbed1
    (tmp_path / "p").write_bytes(b" ".join(laid_out(arrays, layout).split()))
    assert_read(tmp_path / "p", arrays, f"sscflp:{layout}")
    with pytest.raises(InputError, match="on a line of their own for the layout to be told"):
        read_problem(tmp_path / "p", "sscflp")


@pytest.mark.parametrize("end", [b"", b"\0" * 300, b"# best known: 17\n", b"8848\n", b"8848.5\noptimum by others\n"])
def test_what_may_follow_the_numbers(end, tmp_path):
    arrays = facility_arrays(9, 4, seed=3)
    (tmp_path / "p").write_bytes(holmberg(arrays) + end)
    assert_read(tmp_path / "p", arrays)
    notes = " ".join(read_sscflp(tmp_path / "p").notes)
    assert ("the last number, 8848" in notes) == (b"8848" in end)
    assert ("text from line" in notes) == (b"optimum" in end)


def test_or_library_with_wrapped_costs(tmp_path):
    arrays = facility_arrays(9, 4, seed=3)
    (tmp_path / "p").write_bytes(or_library(arrays))
    assert_read(tmp_path / "p", arrays)
    assert read_sscflp(tmp_path / "p").layout == "or-library"


def test_unit_costs_are_multiplied_by_demands(tmp_path):
    arrays = facility_arrays(9, 4, seed=3)
    (tmp_path / "p").write_bytes(holmberg(arrays))
    for text in ("sscflp:unit", "sscflp:holmberg:unit"):
        problem = read_problem(tmp_path / "p", text)
        assert np.array_equal(problem.comm_s, arrays["comm_s"] * arrays["demand"][:, None])
    assert "costs for a unit of demand" in " ".join(read_sscflp(tmp_path / "p", unit_costs=True).notes)


AMBIGUOUS = {
    "one number a line": b"\n".join(holmberg(facility_arrays(9, 4)).split()).replace(b"\n", b" ", 1),
    "square rows": laid_out(facility_arrays(6, 6), "rows"),
    "square tbed1": laid_out(facility_arrays(6, 6), "tbed1"),
    "two rows or two pairs": b"2 3\n8 6\n100 60\n3 5 4\n20 40 30\n50 70 10\n",
    "eight lines of four": laid_out(facility_arrays(8, 3), "or-library-joined"),  # or demands and costs wrapped at four
    "no rows at all": b"4 9\n" + b" ".join(holmberg(facility_arrays(9, 4)).split()[2:]),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_what_lines_do_not_settle_is_refused_with_what_would(case, tmp_path):
    (tmp_path / "p").write_bytes(AMBIGUOUS[case])
    with pytest.raises(InputError, match=r"state it by --problem-format, .*sscflp:(holmberg|rows) \("):
        read_problem(tmp_path / "p", "sscflp")


def test_two_facilities_written_as_rows_are_read_right_where_that_is_stated(tmp_path):
    (tmp_path / "p").write_bytes(AMBIGUOUS["two rows or two pairs"])
    assert solve(read_problem(tmp_path / "p", "sscflp:rows"), "exact").cost == pytest.approx(230)
    (tmp_path / "q").write_bytes(b"2 3\n8 100\n6 60\n3 5 4\n20 40 30\n50 70 10\n")
    assert solve(read_problem(tmp_path / "q", "sscflp"), "exact").cost == pytest.approx(230)


def test_a_plan_says_which_layout_it_rests_on(tmp_path):
    arrays = facility_arrays(9, 4, seed=3)
    (tmp_path / "depots").write_bytes(laid_out(arrays, "tbed1"))
    line = "depots was read in the layout tbed1: m n; n demands"
    for command in (["plan"], ["compare"], ["tradeoff"]):
        args = [*command, str(tmp_path / "depots"), "--problem-format", "sscflp"]
        assert f"note: {line}" in CliRunner().invoke(app, args).output
        assert line in json.loads(CliRunner().invoke(app, [*args, "--json"]).output)["notes"][0]
    plan = twinhop.plan(tmp_path / "depots", problem_format="sscflp")
    plan.save(tmp_path / "out")
    assert line in (tmp_path / "out" / "report.md").read_text()
    assert line in (tmp_path / "out" / "placement.json").read_text()
    args = ["import", "sscflp", str(tmp_path / "depots"), "--out", str(tmp_path / "d.npz"), "--layout", "tbed1"]
    result = CliRunner().invoke(app, args)
    assert f"note: {line}" in result.output and result.exit_code == 0
    assert np.array_equal(load_problem(tmp_path / "d.npz").comm_s, arrays["comm_s"])


def test_unknown_layouts_are_named(tmp_path):
    (tmp_path / "p").write_bytes(holmberg(facility_arrays(9, 4)))
    for text, message in (
        ("sscflp:holmburg", "no layout 'holmburg' .* did you mean 'holmberg'"),
        ("sscflp:rows:tbed1", "expected sscflp:LAYOUT"),
        ("npz:rows", "npz takes nothing after its name"),
    ):
        with pytest.raises(InputError, match=message):
            read_problem(tmp_path / "p", text)


def edited(old, new):
    return holmberg(facility_arrays(5, 3, seed=1)).replace(old, new, 1)


BAD = {
    "empty": (b"", "holds 0 words; a facility location file begins with m n"),
    "cut short": (holmberg(facility_arrays(5, 3))[:-40], "cut short, or not a single-source facility location file"),
    "too long": (holmberg(facility_arrays(5, 3)) + b"1 2 3", "take 28 numbers, found 31"),
    "text": (b"repo: https://example.org\n", "which begins with m n: found text that begins with 'repo"),
    "word": (edited(b"3 5", b"3 5 capacity"), "found"),
    "bytes": (b"PK\x03\x04\xff\xfe junk", "found a damaged ZIP archive"),
    "NaN": (edited(b"3 5\r\n", b"3 5\r\nnan "), "found"),
    "infinite": (holmberg(facility_arrays(5, 3))[:-8] + b" inf", "found"),
    "half a facility": (b"2.5 3\n" + b"1 " * 30, "number of facilities: expected a whole number >= 1, found 2.5"),
    "no customer": (b"2 0\n1 1 1 1\n", "number of customers: expected a whole number >= 1, found 0"),
    "huge": (b"1e9 1e9\n1 1\n", "take 1000000003000000002 numbers, found 4"),
    "negative": (b"1 2\n 10 5\n 3 -4\n 1 1\n", r"demand 1 is -4; expected a number >= 0"),
    "negative capacity": (b"1 2\n -10 5\n 3 4\n 1 1\n", r"capacity 0 is -10"),
    "negative cost": (b"1 2\n 10 5\n 3 4\n 1 -1\n", r"cost 1, 0 is -1"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_facility_location_file(case, tmp_path):
    content, message = BAD[case]
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_problem(tmp_path / "p", "sscflp")
    assert str(caught.value).startswith(str(tmp_path / "p"))


@pytest.mark.parametrize("problem_format", FORMATS)
def test_pipes_and_devices_are_refused(problem_format, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(InputError, match="is not a regular file"):
            read_problem(path, problem_format)


@pytest.mark.parametrize("problem_format", FORMATS)
def test_absent_files_and_folders(problem_format, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_problem(tmp_path / "none", problem_format)
    with pytest.raises(InputError, match="is a folder"):
        read_problem(tmp_path, problem_format)


def test_unknown_format():
    with pytest.raises(
        InputError, match=r"no format named 'sscfl'; did you mean 'sscflp'\? Accepted: npz, json, sscflp"
    ):
        read_problem("p", "sscfl")


def plain(arrays):
    """The arrays as JSON takes them."""
    value = {name: np.asarray(each, float).tolist() for name, each in arrays.items()}
    return json.loads(json.dumps(value).replace("Infinity", "null"))


@pytest.mark.parametrize("arrays", [deadline_arrays(6, 3), facility_arrays(6, 3)], ids=["deadlines", "demands"])
def test_json_holds_what_npz_holds(arrays, tmp_path):
    arrays = dict(arrays)
    arrays["comm_s"] = arrays["comm_s"].copy()
    arrays["comm_s"][0, 1] = np.inf
    if "deadline_s" in arrays:
        arrays["deadline_s"][2] = np.inf
    (tmp_path / "p.json").write_text(json.dumps(plain(arrays)))
    problem = twinhop.load(tmp_path / "p.json")
    for name, value in PlacementProblem(**arrays).arrays().items():
        assert np.array_equal(getattr(problem, name), value), name


BAD_JSON = {
    "a list": ([1], "expected an object with comm_s, root_work, ...; found a list"),
    "GeoJSON": ({"type": "FeatureCollection"}, "found an object of type 'FeatureCollection'"),
    "null work": ({"root_work": [None] * 6}, r"root_work\[0\]: expected a number, found null"),
    "text": ({"comm_s": [["a"]]}, r"comm_s\[0\]\[0\]: expected a number or null, found text"),
    "too deep": ({"comm_s": [[[1.0]]]}, r"comm_s\[0\]\[0\]: expected a number or null, found a list"),
    "ragged": ({"comm_s": [[1.0], [1.0, 2.0]]}, "comm_s: rows of different lengths"),
    "boolean": ({"alpha": True}, "alpha: expected a number, found true or false"),
    "missing": ({"cpu": ...}, "missing cpu"),
    "unknown": ({"latency": [1]}, "unknown latency; accepted: comm_s"),
    "missing and unknown": (
        {"cpu": ..., "beta": ..., "cpus": "many", "betta": 1},
        "missing cpu, beta; unknown betta, cpus; expected comm_s, .*$",
    ),
    "negative demand": ({"demand": [-1.0] * 6}, "demand: negative at index 0"),
    "huge": ({"alpha": 10**400}, "alpha: got nan"),
}


@pytest.mark.parametrize("case", BAD_JSON)
def test_bad_json_is_refused(case, tmp_path):
    changes, message = BAD_JSON[case]
    value = changes
    if isinstance(changes, dict) and "type" not in changes:
        value = {name: each for name, each in (plain(facility_arrays(6, 3)) | changes).items() if each is not ...}
    (tmp_path / "p.json").write_text(json.dumps(value))
    with pytest.raises(InputError, match=message):
        read_problem(tmp_path / "p.json", "json")


def test_an_answer_is_no_problem(tmp_path):
    twinhop.plan(PlacementProblem(**facility_arrays(6, 3))).save(tmp_path)
    with pytest.raises(InputError) as caught:
        read_problem(tmp_path / "placement.json", "json")
    message = str(caught.value)
    assert "placement.json: is an answer (a placement.json), not a problem; --from takes it" in message
    assert "missing comm_s, root_work" in message and "unknown attribution, certificate" in message


def test_what_has_no_field_of_a_problem_names_them_once(tmp_path):
    (tmp_path / "p.json").write_text(json.dumps({f"field_{at:02d}": "text" for at in range(30)}))
    with pytest.raises(InputError) as caught:
        read_problem(tmp_path / "p.json", "json")
    message = str(caught.value)
    assert "has no field of a problem; expected comm_s" in message and "found field_00, field_01" in message
    assert message.count("comm_s") == 1 and "and 20 more" in message


def test_broken_json_is_refused(tmp_path):
    path = tmp_path / "p.json"
    for text, message in (
        ("{", "p.json:1: not valid JSON"),
        ('{"alpha": NaN}', "NaN is not JSON"),
        ("\xff", "not UTF-8"),
        ("\xff\xfea", "found UTF-16 text; expected a JSON problem file"),
        ("id,x_m\n", "is not a JSON problem file: found a table with the columns id,x_m"),
    ):
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(InputError, match=message):
            read_problem(path, "json")


def test_command_line_from_end_to_end(tmp_path):
    (tmp_path / "p1").write_bytes(holmberg(facility_arrays(9, 4, seed=3), b"\0\0"))

    def run(*words):
        return CliRunner().invoke(app, [str(word) for word in words])

    planned = run("plan", tmp_path / "p1", "--problem-format", "sscflp", "--policy", "exact", "--json")
    assert planned.exit_code == 0, planned.output
    answer = json.loads(planned.output)
    total = answer["terms"]["opening_s"] + answer["users"] * answer["terms"]["latency_s"]
    assert answer["cost"] == pytest.approx(total), "the cost of such a file is its total"
    assert run("import", "sscflp", tmp_path / "p1", "--out", tmp_path / "p.npz").exit_code == 0
    assert load_problem(tmp_path / "p.npz").has_demand
    assert isinstance(run("import", "sscflp", tmp_path / "p1", "--out", tmp_path / "p.npz").exception, InputError)
    assert run("compare", tmp_path / "p1", "--problem-format", "sscflp", "--policies", "nearest,greedy").exit_code == 0
    out = run("plan", tmp_path / "p.npz", "--out", tmp_path / "out")
    assert out.exit_code == 0, out.output
    assert "Demand capacities: 0 exceeded" in (tmp_path / "out" / "report.md").read_text()


@pytest.mark.parametrize("name", ["p1", "p2", "p9", "p24"])
def test_holmberg(name):
    if not HOLMBERG.is_dir():
        pytest.skip(f"no {HOLMBERG}; set TWINHOP_DATA")
    optimum = json.loads((HOLMBERG / "known_optima.json").read_text())[name]
    problem = read_problem(HOLMBERG / name, "sscflp")
    exact, prices = solve(problem, "exact"), solve(problem)
    assert exact.cost == pytest.approx(optimum, abs=1e-6)
    assert prices.evaluation.feasible and prices.cost <= 1.03 * optimum
    assert max(exact.lower_bound, prices.lower_bound) <= optimum
