"""What a result says of the code and the machine that made it."""

import os
import subprocess

from twinhop.studies import provenance
from twinhop.studies.provenance import commit_of, made_by, processor


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)


def test_the_commit_of_the_package_s_own_repository_and_whether_it_was_changed(tmp_path):
    """A package that lies in the repository of something else, such as an environment there, has no commit."""
    folder = tmp_path / "src" / "package"
    folder.mkdir(parents=True)
    assert commit_of(folder) is None
    git(tmp_path, "init", "-q")
    (tmp_path / "other.txt").write_text("a")
    git(tmp_path, "add", "other.txt")
    git(tmp_path, "commit", "-qm", "a")
    own = folder / "provenance.py"
    own.write_text("a")
    assert commit_of(folder) is None
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "b")
    clean = commit_of(folder)
    assert clean is not None and len(clean) >= 12 and "+" not in clean
    (tmp_path / "other.txt").write_text("b")
    assert commit_of(folder) == clean
    own.write_text("b")
    assert commit_of(folder) == f"{clean}+"


def test_nothing_names_the_machine_or_a_folder():
    made = made_by()
    text = str(made)
    assert os.uname().nodename not in text.replace(made["cpu"], "") and "/" not in text
    assert made["cores"] == os.cpu_count()


def test_a_machine_without_git_or_cpuinfo_still_has_a_processor(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(tmp_path) is None
    assert processor(tmp_path / "none") == provenance.platform.machine()
    told = tmp_path / "cpuinfo"
    told.write_text("processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: EPYC 9\n")
    assert processor(told) == "EPYC 9 (family 25, model 17)"
