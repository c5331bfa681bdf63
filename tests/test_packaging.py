"""Wheel and source distribution: they build without a network, hold what is needed and no more, and work."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NEEDED = {
    "twinhop/py.typed",
    "twinhop/__init__.pyi",
    "twinhop/live/__init__.pyi",
    "twinhop/scenario/presets/files/city-small.yaml",
    "twinhop/scenario/presets/benchmark_set/files/bench-place-n20-m4.yaml",
    "twinhop/learn/configs/maddpg.yaml",
}
JUNK = re.compile(
    r"(^|/)(\.venv|\.venv-peers|__pycache__|out|dist|build|_build|_generated|\.git|\.hypothesis|\.ci)(/|$)"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of both, made of the tree as it is."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(folder)]
    offline = {
        **os.environ,
        "PIP_NO_INDEX": "1",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    done = subprocess.run(command, cwd=ROOT, env=offline, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def wheel_names(built):
    (wheel,) = built.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def sdist_names(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def tracked():
    """The files of the repository; None outside a clone."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    return set(done.stdout.split("\0")) - {""} if done.returncode == 0 else None


def test_the_wheel_has_the_package_and_nothing_else(wheel_names):
    assert wheel_names >= NEEDED
    assert any(name.endswith(".safetensors") for name in wheel_names)
    assert {name.partition("/")[0] for name in wheel_names} == {"twinhop", "twinhop-0.1.0.dist-info"}
    assert not [name for name in wheel_names if JUNK.search(name)]


def test_the_wheel_has_every_file_of_the_package(wheel_names):
    sources = tracked()
    if sources is None:
        pytest.skip("needs a clone of the repository")
    assert {name.removeprefix("src/") for name in sources if name.startswith("src/")} <= wheel_names


def test_the_source_distribution_builds_and_tests_and_holds_no_junk(sdist_names):
    assert {"pyproject.toml", "README.md", "LICENSE", "Makefile", "requirements.lock", "CITATION.cff"} <= sdist_names
    assert {f"src/{name}" for name in NEEDED} <= sdist_names
    assert {"tests/conftest.py", "docs/conf.py", "docs/_ext/outputs.py", "benchmarks/peers.txt"} <= sdist_names
    assert not [name for name in sdist_names if JUNK.search(name) and not name.startswith("tests/fixtures/")]
    assert {name.partition("/")[0] for name in sdist_names} - {""} <= {
        *("src", "tests", "docs", "examples", "benchmarks", "Makefile", "requirements.lock", "CITATION.cff", "LICENSE"),
        *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "pyproject.toml", "PKG-INFO", ".gitignore", "web", "deploy"),
    }


def test_the_source_distribution_has_every_file_that_tests_read(sdist_names):
    sources = tracked()
    if sources is None:
        pytest.skip("needs a clone of the repository")
    folders = ("src/", "tests/", "docs/", "examples/", "benchmarks/")
    assert {name for name in sources if name.startswith(folders)} <= sdist_names


def test_no_address_is_made_up(wheel_names, built):
    """There is no public home yet: metadata that name one would lead nowhere."""
    (wheel,) = built.glob("*.whl")
    metadata = zipfile.ZipFile(wheel).read("twinhop-0.1.0.dist-info/METADATA").decode()
    fields = metadata.partition("\n\n")[0]
    assert "Project-URL" not in fields and "Home-page" not in fields
    assert {"env", "excel", "learn", "human", "scale", "serve", "sumo", "jax", "all"} == set(
        re.findall(r"^Provides-Extra: (\w+)$", fields, re.M)
    )


def test_what_was_unpacked_of_the_wheel_works(built, tmp_path):
    """Presets, weights and commands of the wheel alone, in a folder that is no clone."""
    (wheel,) = built.glob("*.whl")
    unpacked = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(unpacked)
    code = """
import sys, pathlib, twinhop
assert pathlib.Path(twinhop.__file__).is_relative_to(sys.argv[1]), twinhop.__file__
plan = twinhop.plan("family(10, 3)", policy="maddpg")
assert plan.feasible and twinhop.load("city-small").name == "city-small"
sys.argv = ["twinhop", "policies"]
from twinhop.cli import main
main()
"""
    environment = {**os.environ, "PYTHONPATH": str(unpacked)}
    done = subprocess.run(
        [sys.executable, "-c", code, str(unpacked)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "lagrangian" in done.stdout and "maddpg" in done.stdout and "cannot be loaded" not in done.stdout


@pytest.mark.slow
def test_a_wheel_is_made_by_pip_and_installed_in_a_fresh_environment(built, tmp_path):
    """`pip wheel . --no-deps` without a network, then a venv that sees the dependencies of this one."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    made = ["wheel", str(ROOT), "--no-deps", "--no-build-isolation", "--no-index", "-q", "-w", str(tmp_path)]
    subprocess.run([*pip, *made], check=True, timeout=300)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True, timeout=300)
    own = tmp_path / "venv" / "bin"
    subprocess.run([own / "pip", "install", "-q", "--no-deps", "--no-index", wheel], check=True, timeout=300)
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    borrowed = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "borrowed.pth").write_text("\n".join(borrowed) + "\n")
    done = subprocess.run([own / "twinhop", "plan", "city-small"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and "certified lower bound" in done.stdout, done.stderr
    where = "import pathlib, twinhop; print(pathlib.Path(twinhop.__file__).parent)"
    there = subprocess.run([own / "python", "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(there.stdout.strip()) == packages / "twinhop"
