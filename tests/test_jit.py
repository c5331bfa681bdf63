"""Machine code is kept for each state of a function: what it is recompiled for, where it is kept, and for how long."""

import ast
import dis
import functools
import importlib
import inspect
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import CodeType

import pytest
from numba.core import types
from numba.core.dispatcher import Dispatcher

import twinhop
from twinhop import jit_key
from twinhop.jit_cache import TURNS, Turns, forget_old
from twinhop.jit_key import Unkeyed, code_text, function_key
from twinhop.placement.station_load import Hosting

ROOT = Path(twinhop.__file__).parent
#: Ten kernels of all layers: some called by many, some by none; one with fast sums, one that inner loops are made of.
KERNELS = (
    "placement.station_load._water_filled",
    "kernels.shares.charge",
    "placement.descent.cheapest_host",
    "placement.annealing.next_random",
    "placement.station_response._above",
    "placement.best_subset._look",
    "placement.prices.ascend",
    "kernels.shares.least_computing",
    "inference.forward.exponential",
    "twin.behaviour.motion.propagate",
)


@functools.cache
def kernels() -> dict[str, Dispatcher]:
    """All compiled functions of modules, by name without the package's."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        if "import jit\n" in path.read_text():
            module = importlib.import_module(f"twinhop.{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}")
            for name, value in vars(module).items():
                if isinstance(value, Dispatcher) and value.__module__ == module.__name__:
                    found[f"{module.__name__.removeprefix('twinhop.')}.{name}"] = value
    return found


def keys() -> dict[str, str]:
    jit_key.forget_first_values()
    return {name: function_key(kernel) for name, kernel in kernels().items()}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before if before[name] != after[name]}


@functools.cache
def calls() -> dict[str, set[str]]:
    """Which compiled functions each of them names, by the text of their modules."""
    named = {}
    for name, kernel in kernels().items():
        module = sys.modules[kernel.__module__]
        tree = ast.parse(inspect.getsource(module))
        (function,) = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == kernel.__name__]
        words = {each.id for each in ast.walk(function) if isinstance(each, ast.Name)}
        values = [getattr(module, word, None) for word in words]
        named[name] = {other for other, each in kernels().items() if any(each is value for value in values)}
    return named


def callers(name: str) -> set[str]:
    """The function, those that call it, those that call them, and so on."""
    reached, size = {name}, 0
    while len(reached) > size:
        size = len(reached)
        reached |= {caller for caller, callees in calls().items() if callees & reached}
    return reached


def edited(kernel: Dispatcher) -> CodeType:
    """The code of a kernel with one more statement, which does nothing."""
    tree = ast.parse(inspect.getsource(sys.modules[kernel.__module__]))
    (function,) = [each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == kernel.__name__]
    function.body.insert(1 if ast.get_docstring(function) else 0, ast.parse("unused = 0").body[0])
    module = compile(ast.fix_missing_locations(tree), "edited.py", "exec")
    return next(each for each in module.co_consts if isinstance(each, CodeType) and each.co_name == kernel.__name__)


@pytest.mark.parametrize("name", KERNELS)
def test_an_edited_kernel_is_recompiled_with_its_callers_and_nothing_else(name, monkeypatch):
    before = keys()
    kernel = kernels()[name]
    monkeypatch.setattr(kernel.py_func, "__code__", edited(kernel))
    assert changed(before, keys()) == callers(name)


def test_some_of_these_kernels_have_many_callers_and_none_is_called_by_all():
    sizes = [len(callers(name)) for name in KERNELS]
    assert min(sizes) == 1
    assert 15 < max(sizes) < len(kernels()) / 2


@pytest.mark.parametrize(("module", "constant"), [("placement.descent", "PATIENCE"), ("placement.prices", "AVERAGING")])
def test_a_changed_constant_recompiles_those_that_use_it(module, constant, monkeypatch):
    before = keys()
    home = importlib.import_module(f"twinhop.{module}")
    monkeypatch.setattr(home, constant, getattr(home, constant) + 0.5)
    users = {
        name
        for name, kernel in kernels().items()
        if name.startswith(f"{module}.") and constant in kernel.py_func.__code__.co_names
    }
    assert users
    assert changed(before, keys()) == set().union(*map(callers, users))


def test_options_are_part_of_the_key(monkeypatch):
    before = keys()
    kernel = kernels()["placement.station_response._above"]
    monkeypatch.setitem(kernel.targetoptions, "fastmath", False)
    assert changed(before, keys()) == callers("placement.station_response._above")


def test_globals_are_found_as_dis_finds_them():
    for kernel in kernels().values():
        code = kernel.py_func.__code__
        loaded = {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
        assert loaded <= set(jit_key._global_names(code))
        if not any(isinstance(each, CodeType) for each in code.co_consts):
            assert loaded == set(jit_key._global_names(code))


def test_comments_docstrings_and_place_are_not_in_the_key():
    def code(text):
        return next(each for each in compile(text, "file.py", "exec").co_consts if isinstance(each, CodeType))

    plain = code("def f(x):\n    'One.'\n    return x + 1\n")
    assert code_text(plain) == code_text(code("\n\n# More.\ndef f(x):\n    'Two.'\n    return x + 1  # why\n"))
    for other in ("x + 2", "x + 1.0", "x - 1", "y + 1", "x + True"):
        assert code_text(plain) != code_text(code(f"def f(x):\n    'One.'\n    return {other}\n"))


def test_fields_of_named_tuples_are_in_the_key(monkeypatch):
    kernel = kernels()["placement.station_load.refill"]
    row = types.Array(types.float64, 1, "C")
    kind = types.NamedTuple([row] * len(Hosting._fields), Hosting)
    before = function_key(kernel, (kind,))
    monkeypatch.setattr(Hosting, "_fields", tuple(reversed(Hosting._fields)))
    assert function_key(kernel, (kind,)) != before


def test_a_value_changed_after_it_was_compiled_in_is_not_kept(monkeypatch):
    jit_key.forget_first_values()
    kernel = kernels()["kernels.shares.host_shares"]
    function_key(kernel)
    monkeypatch.setattr(importlib.import_module("twinhop.kernels.shares"), "SHARE_TOLERANCE", 0.5)
    with pytest.raises(Unkeyed, match="floors_fit depends on values that have changed"):
        function_key(kernel)
    jit_key.forget_first_values()


def test_functions_as_arguments_are_not_kept():
    kernel = kernels()["kernels.shares.charge"]
    with pytest.raises(Unkeyed, match="an argument is"):
        function_key(kernel, (types.Dispatcher(kernel),))


def is_compiled(node: ast.AST) -> bool:
    """Whether a node is a function under ``@jit(...)``."""
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    return any(isinstance(each, ast.Call) and getattr(each.func, "id", "") == "jit" for each in decorators)


def names_outside(node: ast.AST) -> set[str]:
    """The names and attributes that a tree mentions outside compiled functions."""
    if is_compiled(node):
        return set()
    here = {getattr(node, "id", ""), getattr(node, "attr", "")}
    return here.union(*map(names_outside, ast.iter_child_nodes(node)))


def test_python_calls_no_function_that_has_no_entry_for_it():
    inner = {kernel.__name__ for kernel in kernels().values() if kernel.targetoptions.get("no_cpython_wrapper")}
    assert {"cheapest_host", "_response", "_water_filled"} <= inner
    repository = Path(__file__).parents[1]
    folders = (ROOT, *(repository / name for name in ("tests", "benchmarks", "examples")))
    for path in (path for folder in folders for path in sorted(folder.rglob("*.py"))):
        named = inner & names_outside(ast.parse(path.read_text()))
        assert not named, f"{path}: only compiled functions may call {sorted(named)}, see `inner` of `twinhop.jit.jit`"


def test_a_function_that_has_no_entry_for_python_refuses_to_be_called():
    message = "placement.station_load._shared is for compiled functions alone"
    with pytest.raises(TypeError, match=message):
        kernels()["placement.station_load._shared"](1, 2)


PROGRAM = """
from twinhop import compile_time

compile_time.MOMENT_S = 0.0
from {package} import caller

loops = [caller.{names}]
caller.outer(3.0)
caller.constant(3.0)
caller.table(1)
print(*sorted(loop.__name__ for loop in loops if loop.stats.cache_misses))
"""
CALLEE = """
from twinhop.jit import jit

FACTOR = 2.0

@jit()
def inner(x):
    return x + 1.0

@jit()
def other(x):
    return x * 3.0
"""
CALLER = """
import numpy as np
from twinhop.jit import jit
from {package}.callee import FACTOR, inner, other
from {package}.tables import TABLE

@jit()
def middle(x):
    return inner(x) if x < 1000.0 else outer_of(x)

@jit()
def outer(x):
    '''Says something.'''
    return middle(x) + other(x)

@jit()
def outer_of(x):
    return x

@jit()
def constant(x):
    return FACTOR * x

@jit()
def table(i):
    return TABLE[i]
"""
TABLES = """
import numpy as np

TABLE = np.arange(3.0)
"""
ALL = ["constant", "inner", "middle", "other", "outer", "outer_of", "table"]


@pytest.fixture(scope="module")
def compiled_package(tmp_path_factory):
    """Runs a small package of compiled functions in a process of its own; returns which it had to compile."""
    home, cache = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("cache")
    package = home / "small_package"
    package.mkdir()
    texts = {"callee": CALLEE, "caller": CALLER, "tables": TABLES, "__init__": ""}

    def write(changes):
        for name, text in texts.items():
            for old, new in changes.get(name, ()):
                assert old in text
                text = text.replace(old, new)
            (package / f"{name}.py").write_text(text.format(package=package.name))

    def run(changes, cache=cache):
        write(changes)
        program = PROGRAM.format(package=package.name, names=", caller.".join(ALL))
        environment = {**os.environ, "PYTHONPATH": str(home), "TWINHOP_CACHE_DIR": str(cache)}
        done = subprocess.run(
            [sys.executable, "-B", "-c", program], env=environment, capture_output=True, text=True, check=True
        )
        return done.stdout.split(), done.stderr

    assert run({})[0] == ALL
    return run


@pytest.mark.parametrize(
    ("changes", "recompiled"),
    [
        # The function named `table` uses an array, so it goes by all sources.
        ({"callee": [("x + 1.0", "x + 1.5")]}, ["inner", "middle", "outer", "table"]),
        ({"callee": [("FACTOR = 2.0", "FACTOR = 2.5")]}, ["constant", "table"]),
        ({"caller": [("Says something", "Says nothing"), ("import numpy", "# A comment.\nimport numpy")]}, ["table"]),
    ],
)
def test_an_edit_recompiles_what_depends_on_it(compiled_package, changes, recompiled):
    assert compiled_package(changes)[0] == recompiled


def test_files_cut_short_are_compiled_anew(compiled_package, tmp_path):
    compiled_package({}, tmp_path)
    for file in tmp_path.glob("*/*/*.nbc"):
        file.write_bytes(file.read_bytes()[:100])
    assert compiled_package({}, tmp_path)[0] == ALL
    assert compiled_package({}, tmp_path)[0] == []


def test_only_caches_long_unused_are_forgotten(tmp_path):
    old, new, foreign = tmp_path / "numba-1-a", tmp_path / "numba-1-b", tmp_path / "other"
    for folder in (old, new, foreign):
        folder.mkdir()
        (folder / "index.nbi").write_text("")
        os.utime(folder, (100.0, 100.0))
    os.utime(new, (300.0, 300.0))
    forget_old(tmp_path.glob("numba-*"), 200.0)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["numba-1-b", "other"]


def test_compiling_is_told_of_once_and_code_long_unused_is_forgotten(compiled_package, tmp_path):
    assert compiled_package({}, tmp_path) == (ALL, "twinhop: compiling, once\n")
    (environment,) = tmp_path.iterdir()
    for folder in environment.iterdir():
        os.utime(folder, (100.0, 100.0))
    assert compiled_package({}, tmp_path) == ([], "")  # marks those used: not those that `outer` calls
    compiled_package({"caller": [("return x\n", "return x - 2.0\n")]}, tmp_path)
    names = [folder.name for folder in environment.iterdir() if folder.name != TURNS]
    states = Counter(name.partition("-")[0].rpartition(".")[2] for name in names)
    assert states == {**dict.fromkeys(ALL, 1), "outer": 2, "table": 2}


TAKES_A_TURN = """
import sys, time
from pathlib import Path
from twinhop.jit_cache import Turns
turns, path = Turns(), Path(sys.argv[1])
assert not turns.begin(path)
print("taken", flush=True)
time.sleep(1)
"""


def test_processes_take_turns_at_compiling(tmp_path):
    path, turns = tmp_path / "function-key" / "machine.nbc", Turns()
    words = [sys.executable, "-c", TAKES_A_TURN, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "taken\n"
        assert turns.begin(path)
        assert other.wait(20) == 0
    assert not turns.begin(path)  # it has the turn
    turns.end(path)
    assert not turns.begin(path)
    turns.end(path)


@pytest.mark.parametrize("trouble", ["a file", "not ours to write", "others may write"])
def test_without_a_usable_folder_one_line_says_so(compiled_package, tmp_path, trouble):
    cache = tmp_path / "cache"
    if trouble == "a file":
        cache.write_text("")
    elif trouble == "not ours to write":
        cache = Path("/proc/nowhere")
    else:
        compiled_package({}, cache)
        (environment,) = cache.iterdir()
        environment.chmod(0o777)
    compiled, stderr = compiled_package({}, cache)
    assert compiled == ALL
    (line,) = stderr.splitlines()
    assert line.startswith("twinhop: compiling, anew in each process: no cache folder (")
    assert line.endswith("set TWINHOP_CACHE_DIR to a folder of your own")
