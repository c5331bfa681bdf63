"""Every public name is in the reference, and the reference's section `twinhop` names nothing else."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from blocks import ROOT

import twinhop
from twinhop.cli.main import app

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("\n## twinhop\n")[2].partition("\n## ")[0]
#: A name is described by a directive here, or listed as described in the section of the part where it lives.
NAMED = re.compile(r"(?:^\.\. auto\w+:: |`)twinhop\.(\w+)(?:$|`)", re.MULTILINE)


def test_the_reference_has_every_public_name_and_no_other():
    assert sorted(set(NAMED.findall(SECTION))) == twinhop.__all__


def test_what_is_listed_as_described_elsewhere_is_public_there():
    for part in ("formulation", "placement", "scenario"):
        (listed,) = re.findall(rf"^- under \[{part}\].*?[;.]$", SECTION, re.MULTILINE | re.DOTALL)
        module = getattr(twinhop, part)
        for name in NAMED.findall(listed):
            assert getattr(twinhop, name) is getattr(module, name)
        assert f"automodule:: twinhop.{part}\n   :members:\n   :imported-members:" in PAGE


#: Packages whose public names the pages of the reference describe: the parts of twinhop and those below them. What is
#: left out is for the program alone: how results are drawn and written, commands, processes and files.
INTERNAL = ("cli", "output", "plans", "processes", "runs", "studies", "io", "kernels", "replay", "benchmarking")
REFERENCE = PAGE + (ROOT / "docs" / "python-parts.md").read_text(encoding="utf-8")


def packages():
    """Packages of the public interface, and the names that each of them offers."""
    source = ROOT / "src" / "twinhop"
    for file in sorted(source.rglob("__init__.py")):
        parts = file.parent.relative_to(source).parts
        if parts and parts[0] not in INTERNAL:
            stub = file.with_suffix(".pyi")  # names that are imported when first used
            names = offered(ast.parse((stub if stub.is_file() else file).read_text(encoding="utf-8")).body)
            if names:
                yield ".".join(("twinhop", *parts)), sorted(names)


def offered(statements):
    """What a package offers: its `__all__`, or what it imports under its own name."""
    for node in statements:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List(elts=names) | ast.Tuple(elts=names)):
                return [name.value for name in names if isinstance(name, ast.Constant)]
    imported = [alias for node in statements if isinstance(node, ast.ImportFrom) for alias in node.names]
    return [alias.name for alias in imported if alias.asname == alias.name and not alias.name.startswith("_")]


PACKAGES = dict(packages())


def test_packages_with_public_names_are_seen():
    assert {"twinhop.env.core", "twinhop.placement", "twinhop.migration", "twinhop.twin.service"} <= set(PACKAGES)
    assert {"Host", "Entry", "NoRoom"} <= set(PACKAGES["twinhop.live"])


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_of_a_part_is_in_the_reference(package):
    if f"automodule:: {package}\n   :members:\n   :imported-members:" in REFERENCE:
        return
    described = set(re.findall(r"^\.\. auto\w+:: ([\w.]+)$", REFERENCE, re.MULTILINE))
    mentioned = set(re.findall(r"`(?:[\w.~]*\.)?(\w+)`", REFERENCE))
    top = set(twinhop.__all__)
    missing = [
        name
        for name in PACKAGES[package]
        if f"{package}.{name}" not in described and name not in mentioned and name not in top
    ]
    assert missing == []


def test_every_command_has_its_function():
    rows = dict(re.findall(r"^\| (`.*?`) \| (.*) \|$", PAGE, re.MULTILINE))
    commands = {name for cell in rows for name in re.findall(r"`(\w+)(?: \w+)?`", cell)}
    groups = {group.name for group in app.registered_groups}
    assert commands == {command.name for command in app.registered_commands} | groups


def test_every_name_of_the_whole_page_is_there():
    for name in re.findall(r"^\.\. auto(?:function|class|exception|module):: ([\w.]+)$", PAGE, re.MULTILINE):
        value, rest = twinhop, name.split(".")[1:]
        while rest:
            if not hasattr(value, rest[0]):
                __import__(f"{value.__name__}.{rest[0]}")
            value = getattr(value, rest.pop(0))


def test_dir_shows_public_names_and_parts_alone():
    assert set(dir(twinhop)) - set(twinhop.__all__) == {
        *("__version__", "env", "errors", "formulation", "learn", "migration", "network", "placement", "scenario"),
        *("stats", "twin", "units"),
    }


def test_parts_are_reachable_after_the_import_of_twinhop_alone():
    command = "import sys, twinhop; assert 'numpy' not in sys.modules; twinhop.placement.Placement, twinhop.twin"
    subprocess.run([sys.executable, "-c", command], check=True)


def test_a_program_of_a_device_imports_no_host_and_no_models():
    found = "{'numba', 'pydantic', 'twinhop.live.host'} & set(sys.modules)"
    command = f"import sys, twinhop.live.client; assert not {found}"
    subprocess.run([sys.executable, "-c", command], check=True)


@pytest.mark.parametrize("name", twinhop.__all__)
def test_every_public_name_has_a_document(name):
    assert getattr(twinhop, name).__doc__


def test_a_name_that_is_none_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'plam'"):
        getattr(twinhop, "plam")  # noqa: B009


def test_the_stub_is_beside_the_package():
    assert Path(twinhop.__file__).with_suffix(".pyi").is_file()
