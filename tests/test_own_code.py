"""Code of the user's own: loaded by a text, called with what it asks for, named, sent to other processes."""

import functools
import pickle
import sys

import numpy as np
import pytest

from twinhop.errors import InputError
from twinhop.migration.policy import policy_choice
from twinhop.own_code import OwnCode, call_of, first_argument, hosts_of, load_own, names_code, unique
from twinhop.placement.policy import placement_policy


def function(problem, seed=3):
    return seed


class Decider:
    def decide(self, situation):
        return situation


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("from beside import value\n\ndef place(problem):\n    return value\n")
    (tmp_path / "beside.py").write_text("value = 7\n")
    return tmp_path


def test_a_file_and_the_modules_beside_it_are_loaded(folder):
    assert load_own("mine.py:place").value(None) == 7
    assert load_own(f"{folder}/mine.py:place").value(None) == 7


def test_a_changed_file_is_loaded_again(folder):
    before = load_own("mine.py:place").value
    assert load_own("mine.py:place").value is before
    (folder / "mine.py").write_text("def place(problem):\n    return 'changed'\n")
    assert load_own("mine.py:place").value(None) == "changed"


def test_a_module_of_the_working_folder_is_found_and_shadows_nothing(folder):
    (folder / "own_module_of_a_test.py").write_text("def place(problem):\n    return 1\n")
    (folder / "json.py").write_text("def loads(text):\n    return 'shadowed'\n")
    assert load_own("own_module_of_a_test:place").value(None) == 1
    assert load_own("json:loads").value("1") == 1
    assert str(folder) not in sys.path or sys.path[-1] == str(folder)


@pytest.mark.parametrize(
    ("text", "source", "message"),
    [
        ("mine.py:plaice", None, "mine.py:plaice: no function named 'plaice'; did you mean 'place'? it defines place"),
        ("mine.py:", None, "mine.py:: no function is named; it defines place"),
        ("mime.py:place", None, "no such file: mime.py; did you mean 'mine.py'?"),
        ("nowhere/mine.py:place", None, "no such file: nowhere/mine.py"),
        ("bad.py:f", "def f(", r"cannot be loaded: SyntaxError: '\(' was never closed \(.*bad.py:1\)"),
        ("bad.py:f", "\n1 / 0\n", r"cannot be loaded: ZeroDivisionError: division by zero \(.*bad.py:2\)"),
        ("bad.py:f", "import sys\nsys.exit(3)\n", r"cannot be loaded: SystemExit: 3 \(.*bad.py:2\)"),
        (
            "bad.py:f",
            "import no_such_thing\n",
            "cannot be loaded: ModuleNotFoundError: No module named 'no_such_thing'",
        ),
        ("broken_module:f", "", r"broken_module cannot be imported: KeyError: 'x' \(.*broken_module.py:1\)"),
    ],
)
def test_what_cannot_be_loaded_is_told_in_a_line(folder, text, source, message):
    (folder / "broken_module.py").write_text("{}['x']\n")
    if source is not None:
        (folder / "bad.py").write_text(source)
    with pytest.raises(InputError, match=message.replace("?", r"\?")) as raised:
        load_own(text)
    assert "\n" not in str(raised.value)
    if "no function" not in message:
        assert raised.value.__cause__ is not None


def test_settings_are_no_code():
    texts = ("utility:margin=0.2", "maddpg:out/run", "maddpg:out/run:polish=10", "nearest", "a b:c", ":f", "maddpg:3")
    assert [text for text in texts if names_code(text)] == []


def test_names():
    assert OwnCode(None, function).name == "function" and OwnCode(None, lambda problem: 1).name == "<lambda>"
    assert OwnCode(None, functools.partial(function, seed=2)).name == "function"
    assert OwnCode(None, Decider()).name == "Decider" and OwnCode(None, Decider).name == "Decider"
    named = Decider()
    named.name = "a\n name " + 100 * "x"
    assert OwnCode(None, named).name == ("a name " + 100 * "x")[:60]
    assert unique("a", ["a", "a (2)"]) == "a (3)"


def test_options_are_passed_where_the_signature_has_them():
    options = {"seed": 5, "rng": 6}
    call = call_of("f", lambda problem, *, rng, more=1: (problem, rng, more), "a problem", options)
    assert call("p", options=options) == ("p", 6, 1)
    assert call_of("f", lambda *all_: all_, "a problem", options)("p", options=options) == ("p",)
    assert call_of("f", lambda seed: seed, "a problem", options)("p", options=options) == "p"
    assert call_of("f", len, "a problem", options)("four", options=options) == 4


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (lambda: 1, "takes no argument; expected a function of a problem"),
        (lambda problem, other: 1, "takes 'other', which is not passed"),
        (lambda problem, *, other: 1, "takes 'other', which is not passed"),
        (3, "got int, which cannot be called"),
        (None, "got NoneType, which cannot be called"),
    ],
)
def test_what_cannot_be_called_is_refused(code, message):
    with pytest.raises(InputError, match=f"^policy: f:? {message}.* seed"):
        call_of("f", code, "a problem", ("seed",))


def raising(problem):
    raise ValueError("two\nlines")


def test_what_is_raised_is_told_with_its_place_and_kept_as_cause():
    line = raising.__code__.co_firstlineno + 1
    with pytest.raises(
        InputError, match=rf"^policy: f raised ValueError: two lines \(.*test_own_code.py:{line}\)$"
    ) as e:
        call_of("f", raising, "a problem", ())(1, options={})
    assert isinstance(e.value.__cause__, ValueError)


def test_the_place_is_in_the_users_file_also_where_a_library_raises():
    def place(problem):
        return np.linalg.inv(np.zeros((2, 2)))

    line = place.__code__.co_firstlineno + 1
    with pytest.raises(InputError, match=rf"LinAlgError: Singular matrix \(.*test_own_code.py:{line}\)$"):
        call_of("f", place, "a problem", ())(1, options={})


def test_ctrl_c_is_no_error_of_the_policy():
    def place(problem):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        call_of("f", place, "a problem", ())(1, options={})


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "returned nothing"),
        ([0, 1], r"an array of shape \(2,\)"),
        (np.zeros((3, 1)), r"an array of shape \(3, 1\)"),
        (5, r"an array of shape \(\)"),
        ([0, 1, float("nan")], "nan at index 2"),
        ([0, float("inf"), 0], "inf at index 1"),
        ([0, 0.5, 0], "0.5 at index 1"),
        ([0, -1, 0], "-1 at index 1"),
        ([0, 1, 4], "4 at index 2"),
        (["a", "b", "c"], "returned text"),
        ([True, False, True], "returned bool"),
        ({"host": 1}, "returned dict"),
        ([[1], [1, 2], []], "returned list"),
    ],
)
def test_what_are_no_hosts_is_refused(value, what):
    with pytest.raises(InputError, match=f"^policy: f returned .*{what.removeprefix('returned ')}; expected hosts$"):
        hosts_of("f", value, 3, 0, 4, "expected hosts")


@pytest.mark.parametrize("value", [[0, 1, 3], (0.0, 1.0, 3.0), np.array([0, 1, 3], np.uint8)])
def test_hosts_are_whole_numbers_of_any_kind(value):
    host = hosts_of("f", value, 3, 0, 4, "expected hosts")
    assert host.dtype == np.int64 and host.tolist() == [0, 1, 3]


def test_what_another_process_cannot_be_given():
    assert OwnCode(None, function).unsendable is None and OwnCode(None, Decider()).unsendable is None
    assert "lambda" in str(OwnCode(None, lambda problem: 1).unsendable)
    assert "lock" in str(OwnCode(None, functools.partial(function, seed=__import__("threading").Lock())).unsendable)
    own = functools.partial(function)
    assert pickle.loads(pickle.dumps(OwnCode(None, own))).value.func is function


def test_a_text_goes_to_another_process_as_a_text(folder):
    own = load_own("mine.py:place")
    assert own.unsendable is None and pickle.loads(pickle.dumps(own)) == own
    elsewhere = OwnCode(None, own.value)
    assert "cannot import" in str(elsewhere.unsendable)
    inside = OwnCode(None, functools.partial(function, seed=own.value))  # pickled, and yet nobody finds its module
    assert f"holds something of {own.value.__module__}, which" in str(inside.unsendable)


def test_the_first_argument_has_a_name_and_a_type():
    def place(p: "twinhop.placement.PlacementProblem"):  # noqa: F821
        pass

    assert first_argument(place) == ("p", "PlacementProblem")
    assert first_argument(Decider) == first_argument(Decider()) == ("situation", "")
    assert first_argument(lambda: 1) == () == first_argument(3)


def test_what_it_prints_goes_to_standard_error(tmp_path, capsys):
    path = tmp_path / "loud.py"
    path.write_text("print('loading')\n\ndef place(problem):\n    print('placing')\n    return 3\n")
    own = load_own(f"{path}:place")
    assert call_of("place", own.value, "a problem", ())(None, options={}) == 3
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "loading\nplacing\n")


@pytest.mark.parametrize(
    ("find", "function", "message"),
    [
        (placement_policy, lambda situation: 0, "takes a Situation, which makes it a policy of migration"),
        (policy_choice, lambda problem: 0, "takes a PlacementProblem, which makes it a policy of placement"),
    ],
)
def test_code_of_the_other_kind_is_refused_before_it_runs(find, function, message):
    with pytest.raises(InputError, match=message):
        find(function)
