"""Problem files: bit-exact round trips, and every file that is not one."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from problem_makers import deadline_arrays, roomy_arrays, tiny

from twinhop.errors import InputError, TwinhopError
from twinhop.placement import PlacementProblem, load_problem, save_problem, solve

FIRED = []


class Malicious:
    """Runs when unpickled."""

    def __reduce__(self):
        return FIRED.append, ("code of the file ran",)


@pytest.mark.parametrize("seed", range(25))
def test_round_trip_is_bit_exact(seed, tmp_path):
    problem = PlacementProblem(**tiny(seed)[0])
    save_problem(problem, tmp_path / "p.npz")
    again = load_problem(tmp_path / "p.npz")
    assert set(problem.arrays()) == set(again.arrays())
    for name, value in problem.arrays().items():
        one, two = np.asarray(value), np.asarray(again.arrays()[name])
        assert one.dtype == two.dtype, name
        assert one.tobytes() == two.tobytes(), name
    assert [path.name for path in tmp_path.iterdir()] == ["p.npz"]


def test_plan_of_the_file_is_the_plan_of_the_problem(tmp_path):
    problem = PlacementProblem(**deadline_arrays(20, 4, 1))
    save_problem(problem, tmp_path / "p.npz")
    one, two = solve(problem), solve(load_problem(tmp_path / "p.npz"))
    assert (one.cost, one.lower_bound) == (two.cost, two.lower_bound)


def test_files_of_others_are_read(tmp_path):
    """Compressed, with integers, in single precision, in Fortran order, with 1-element scalars."""
    arrays = roomy_arrays(6, 3)
    arrays["comm_s"] = np.asfortranarray(arrays["comm_s"].astype(np.float32))
    arrays["capacity"] = arrays["capacity"].astype(np.float64)
    arrays["opening_s"] = np.array([0, 1, 0])
    np.savez_compressed(tmp_path / "p.npz", **arrays | {"alpha": np.array([1]), "beta": np.float32(1)})
    problem = load_problem(tmp_path / "p.npz")
    assert problem.comm_s.dtype == np.float64
    assert problem.capacity.tolist() == [6, 6, 6]
    assert solve(problem).evaluation.feasible


def test_an_existing_file_is_replaced_and_a_failed_one_kept(tmp_path):
    path = tmp_path / "p.npz"
    save_problem(PlacementProblem(**roomy_arrays(4, 2)), path)
    save_problem(PlacementProblem(**roomy_arrays(5, 2)), path)
    assert load_problem(path).users == 5
    with pytest.raises(InputError):
        save_problem(PlacementProblem(**roomy_arrays(4, 2), cpu_rule="equal"), path)
    assert load_problem(path).users == 5


def without(*names):
    return {name: value for name, value in deadline_arrays(4, 2).items() if name not in names}


def put(name, value):
    return deadline_arrays(4, 2) | {name: value}


def changed(name, index, value):
    arrays = deadline_arrays(4, 2)
    arrays[name] = np.array(arrays[name], float)
    arrays[name][index] = value
    return arrays


BAD = {
    **{
        f"no {name}": (without(name), f"missing {name}; expected comm_s")
        for name in ("comm_s", "root_work", "cpu", "capacity", "opening_s", "alpha", "beta")
    },
    "deadlines alone": (without("update_comm_s", "update_work"), "expected all three, or none"),
    "no update work": (without("update_work"), "expected all three, or none"),
    "no deadline": (without("deadline_s"), "expected all three, or none"),
    "unknown array": (put("latency", np.ones(4)), "unknown latency; accepted: comm_s"),
    "distance": (put("distance_m", np.ones((4, 2))), "unknown distance_m"),
    "comm of one axis": (put("comm_s", np.ones(4)), "comm_s: shape (4,) does not fit; expected (users, stations)"),
    "comm transposed": (put("comm_s", np.ones((2, 4))), "root_work: shape (4,) does not fit; expected (2,)"),
    "comm scalar": (put("comm_s", np.array(1.0)), "comm_s: shape () does not fit"),
    "cpu too long": (put("cpu", np.ones(3)), "cpu: shape (3,) does not fit; expected (2,)"),
    "capacity of two axes": (put("capacity", np.ones((2, 1))), "capacity: shape (2, 1)"),
    "energy of stations": (put("energy_j", np.ones(2)), "energy_j: shape (2,) does not fit; expected (4,)"),
    "update comm transposed": (put("update_comm_s", np.ones((2, 4))), "update_comm_s: shape (2, 4)"),
    "alpha of two": (put("alpha", np.ones(2)), "alpha: shape (2,) does not fit; expected a scalar"),
    "alpha zero": (put("alpha", 0.0), "alpha: got 0; expected a finite number > 0"),
    "alpha negative": (put("alpha", -1.0), "alpha: got -1"),
    "alpha NaN": (put("alpha", np.nan), "alpha: got nan"),
    "beta negative": (put("beta", -0.5), "beta: got -0.5; expected a finite number >= 0"),
    "beta infinite": (put("beta", np.inf), "beta: got inf"),
    "NaN latency": (changed("comm_s", (2, 1), np.nan), "comm_s: NaN at index (2, 1)"),
    "negative latency": (changed("comm_s", (0, 1), -0.1), "comm_s: negative at index (0, 1); expected a number >= 0"),
    "minus infinity": (changed("comm_s", (0, 1), -np.inf), "comm_s: negative at index (0, 1)"),
    "NaN work": (changed("root_work", 3, np.nan), "root_work: NaN at index 3"),
    "negative work": (changed("root_work", 3, -1), "root_work: negative at index 3"),
    "infinite work": (changed("root_work", 3, np.inf), "root_work: infinite at index 3; expected a finite number"),
    "infinite cpu": (changed("cpu", 0, np.inf), "cpu: infinite at index 0"),
    "host without CPU": (changed("cpu", 1, 0), "cpu: station 1 may host twins but has no CPU"),
    "negative capacity": (changed("capacity", 0, -1), "capacity: negative at index 0"),
    "half a seat": (changed("capacity", 0, 1.5), "capacity: not a whole number at index 0"),
    "negative opening": (changed("opening_s", 0, -1), "opening_s: negative at index 0"),
    "NaN energy": (put("energy_j", np.array([0, 0, np.nan, 0])), "energy_j: NaN at index 2"),
    "NaN deadline": (changed("deadline_s", 1, np.nan), "deadline_s: NaN at index 1"),
    "negative deadline": (changed("deadline_s", 1, -1), "deadline_s: negative at index 1"),
    "negative update work": (changed("update_work", 1, -1), "update_work: negative at index 1"),
    "NaN update comm": (changed("update_comm_s", (1, 1), np.nan), "update_comm_s: NaN at index (1, 1)"),
    "text": (put("cpu", np.array(["1", "2"])), "cpu: holds <U1; expected numbers"),
    "complex": (put("cpu", np.ones(2) + 1j), "cpu: holds complex128; expected numbers"),
    "dates": (put("cpu", np.zeros(2, "datetime64[s]")), "cpu: holds datetime64[s]; expected numbers"),
    "records": (put("cpu", np.zeros(2, [("a", "f8")])), "cpu: holds [('a', '<f8')]; expected numbers"),
    "zero users": (put("comm_s", np.ones((0, 2))) | {"root_work": np.ones(0)}, "0 users x 2 stations"),
    "zero stations": (put("comm_s", np.ones((4, 0))), "4 users x 0 stations; expected at least one of each"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays_are_refused_by_name_and_place(case, tmp_path):
    arrays, message = BAD[case]
    path = tmp_path / "bad.npz"
    np.savez(path, **arrays)
    with pytest.raises(InputError) as caught:
        load_problem(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def a_file(tmp_path):
    path = tmp_path / "p.npz"
    save_problem(PlacementProblem(**roomy_arrays(30, 5)), path)
    return path


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04", b"not a zip at all", b"\x93NUMPY" + b"\0" * 100, b"PK\x05\x06" + b"\0" * 18],
    ids=["empty", "head of a zip", "text", "npy", "empty zip"],
)
def test_what_is_no_archive_is_refused(content, tmp_path):
    path = tmp_path / "bad.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.npz: (not an \.npz archive|has no field of a problem)"):
        load_problem(path)


def test_truncated_files_are_refused_wherever_they_end(tmp_path):
    path = a_file(tmp_path)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, 97):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"p\.npz: "):
            load_problem(path)


def test_damaged_bytes_are_refused_or_harmless(tmp_path):
    """One byte wrong anywhere: either refused as an InputError, or it was a byte without meaning."""
    path = a_file(tmp_path)
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for at in rng.choice(len(whole), 400, replace=False):
        damaged = bytearray(whole)
        damaged[at] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(damaged))
        try:
            load_problem(path)
        except TwinhopError:
            refused += 1
    assert refused > 300


def test_entries_that_are_no_arrays_are_refused(tmp_path):
    path = tmp_path / "bad.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name in roomy_arrays(2, 2):
            archive.writestr(f"{name}.npy", b"no array")
    with pytest.raises(InputError, match=r"bad\.npz: "):
        load_problem(path)


def test_raw_entries_beside_the_arrays_are_refused(tmp_path):
    path = a_file(tmp_path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("readme.txt", b"hello")
    with pytest.raises(InputError, match="readme"):
        load_problem(path)


def test_object_arrays_are_never_unpickled(tmp_path):
    path = tmp_path / "bad.npz"
    FIRED.clear()
    np.savez(
        path, **roomy_arrays(2, 2) | {"cpu": np.array([Malicious(), Malicious()], dtype=object)}, allow_pickle=True
    )
    with pytest.raises(InputError, match="cpu: holds Python objects; expected an array of numbers"):
        load_problem(path)
    assert FIRED == []


@pytest.mark.parametrize("name", ["cpu.npy", "cpu", "__reduce__.npy"])
def test_pickles_in_the_archive_are_never_unpickled(name, tmp_path):
    path = tmp_path / "bad.npz"
    np.savez(path, **{key: value for key, value in roomy_arrays(2, 2).items() if key != "cpu"})
    FIRED.clear()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, pickle.dumps(Malicious()))
    with pytest.raises(InputError):
        load_problem(path)
    assert FIRED == []


def test_a_bare_pickle_is_never_unpickled(tmp_path):
    path = tmp_path / "bad.npz"
    path.write_bytes(pickle.dumps(Malicious()))
    FIRED.clear()
    with pytest.raises(InputError, match="not an .npz archive"):
        load_problem(path)
    assert FIRED == []


def test_a_bare_array_is_refused(tmp_path):
    path = tmp_path / "bad.npz"
    with path.open("wb") as stream:
        np.save(stream, np.ones(3))
    with pytest.raises(InputError, match="not an .npz archive"):
        load_problem(path)


def test_archive_bombs_are_refused_unread(tmp_path):
    """A header that promises more than is accepted is believed and refused before anything is unpacked."""
    path = tmp_path / "bomb.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**6)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("root_work", "cpu", "capacity", "opening_s", "alpha", "beta"):
            archive.writestr(f"{name}.npy", b"")
        archive.writestr("comm_s.npy", header.getvalue() + b"\0" * 1000)
    with pytest.raises(InputError, match=r"bomb\.npz: "):
        load_problem(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        load_problem(tmp_path / "none.npz")
    with pytest.raises(InputError, match="is a folder"):
        load_problem(tmp_path)


def test_unwritable_target(tmp_path):
    (tmp_path / "file").write_text("x")
    problem = PlacementProblem(**roomy_arrays(2, 2))
    for path in (tmp_path / "none" / "p.npz", tmp_path / "file" / "p.npz", tmp_path):
        with pytest.raises(InputError, match=r"cannot be written|is a folder"):
            save_problem(problem, path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
